"""Pictures that the browser decodes itself: at every move of the pointer, without a message to the server."""

import numpy as np
import pytest

from tests.browser.browser_tools import PAINTED, greys, sent_by, settled
from tests.browser.test_generate import served, sliders, state, visit

pytestmark = pytest.mark.browser

READY = "name => [...(latentLab.decoders?.models ?? [])].some(([run, model]) => run.startsWith(name) && model.ready)"
RESTED = "latentLab.decoders.waiting.size === 0"
"""Whether the worker has decoded all that it was asked for."""


def open_decoder(page, lab, run: str) -> None:
    visit(page, lab, run)
    page.wait_for_function(READY, arg=run)


@pytest.mark.parametrize("run", ["example-mlp-vae", "example-mnist-vae"])
def test_a_slider_shows_at_each_place_what_the_server_decodes_there(page, lab, run):
    sent = sent_by(page)
    open_decoder(page, lab, run)
    sliders(page).first.scroll_into_view_if_needed()
    before, box, start, pictures = len(sent), sliders(page).first.bounding_box(), state(page), set()
    y, part = box["y"] + box["height"] / 2, (float(sliders(page).first.input_value()) + 3) / 6
    page.mouse.move(box["x"] + 8 + part * (box["width"] - 16), y)
    page.mouse.down()
    for k in range(1, 12):
        page.mouse.move(box["x"] + box["width"] * k / 12, y)
        page.wait_for_function(PAINTED)
        page.wait_for_function(RESTED)
        now = state(page)
        assert now["source"] == "browser" and now["hash"] != start["hash"]
        pictures.add(now["picture"])
    assert len(pictures) == 11, "a picture for each place"
    decoded, asked = greys(page.locator("canvas.main")).astype(int), len(sent)
    page.mouse.up()
    served(page, start["seq"])
    assert asked == before, "nothing is sent before the release"
    assert np.abs(decoded - greys(page.locator("canvas.main"))).max() <= 1


def test_several_sliders_are_moved_by_keys_held_down_before_the_server_hears_of_it(page, lab):
    sent = sent_by(page)
    open_decoder(page, lab, "example-mlp-vae")
    before, start = len(sent), state(page)
    # A key that is held on one slider and then on another: no sheet has pictures of two moves at once.
    page.evaluate(
        """() => {
          const host = [...document.querySelectorAll("*")].find((e) => e.shadowRoot?.querySelector(".board"));
          for (const slider of [...host.shadowRoot.querySelectorAll("input[type=range]")].slice(0, 2)) {
            slider.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
            slider.value = Number(slider.value) + 1;
            slider.dispatchEvent(new Event("input"));
            slider.dispatchEvent(new Event("change"));
          }
        }"""
    )
    page.wait_for_function(RESTED)
    page.wait_for_function(PAINTED)
    now, decoded = state(page), greys(page.locator("canvas.main")).astype(int)
    assert now["source"] == "browser" and now["hash"] != start["hash"] and len(sent) == before
    sliders(page).first.dispatch_event("keyup", {"key": "ArrowRight"})
    served(page, start["seq"])
    assert np.abs(decoded - greys(page.locator("canvas.main"))).max() <= 1


def test_the_decoders_of_other_models_are_let_go(page, lab):
    for run in ("example-mlp-vae", "example-plane-vae", "example-plane-ae", "example-deep-ae", "example-vae-20d"):
        open_decoder(page, lab, run)
    assert page.evaluate("latentLab.decoders.models.size") <= 4
    settled(page)

"""The Planes page in a real browser: one pointer for all planes, samples, and what crosses the wire."""

import re
import shutil

import numpy as np
import pytest
from playwright.sync_api import expect

from core import data, runs
from core.images import convert
from core.latent import codec, planes, sampling
from core.runs import weights
from tests.browser.browser_tools import GREYS, IDLE, PAINTED, greys, sent_by
from tests.tiny_runs import tiny, trained
from ui.components.latent.manifold import side_for

pytestmark = pytest.mark.browser

INKED = """c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data
  .filter((v, i) => i % 4 == 3 && v).length"""
NAMES = {"ae": "flat-ae", "vae": "example-plane-vae", "ad": "flat-ad", "vad": "flat-vad"}
QUERY = "&".join(f"{slot}={name}" for slot, name in NAMES.items())


@pytest.fixture(scope="module")
def four(lab):
    """One small model of each family, gone again afterwards: other pages begin with the newest run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(lab.runs))
        for family in ("ae", "ad", "vad"):
            trained(tiny(f"plane-{family}", hidden=(32,), train_images=0, batch_size=32, epochs=6), f"flat-{family}")
        yield lab
        for family in ("ae", "ad", "vad"):
            shutil.rmtree(lab.runs / f"flat-{family}")


def visit(page, lab, query: str = QUERY, scheme: str = "light"):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{lab.url}/planes?{query}")
    settled(page)


def settled(page):
    """All planes are there, and the classifier has spoken: the page then says nothing more by itself."""
    expect(page.locator(".manifold")).to_have_count(4, timeout=60_000)
    expect(page.locator(".draws")).to_have_count(4, timeout=60_000)
    expect(page.get_by_text("of 10 classes").first).to_be_visible(timeout=60_000)
    page.wait_for_selector(IDLE)


def test_hovering_over_one_plane_moves_all_of_them_without_a_message(page, four):
    sent = sent_by(page)
    visit(page, four)
    box, before, seen = page.locator(".manifold .map").nth(1).bounding_box(), len(sent), [set() for _ in NAMES]
    for k in range(1, 37):
        part = k / 37
        page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] * (0.5 + 0.4 * np.sin(9 * part)))
        page.wait_for_function(PAINTED)
        for place, peek in enumerate(page.locator(".draws .preview").all()):
            seen[place].add(greys(peek).tobytes())
    assert len(seen[1]) >= 25, "the picture must follow the pointer"
    assert all(len(one) >= 5 for one in seen), "and in every other plane"
    # In the middle, which lies on every plane; at its edge a z may lie beyond what another model uses.
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.wait_for_function(PAINTED)
    assert len({figure.get_attribute("data-at") for figure in page.locator(".manifold").all()}) == 1, "at the same z"
    assert len(sent) == before, "hovering must not ask the server"


def test_every_plane_shows_what_its_own_model_decodes_there(page, four):
    visit(page, four)
    box = page.locator(".manifold .map").nth(1).bounding_box()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.35 * box["height"])
    page.wait_for_function(PAINTED)
    z = np.array([float(x) for x in page.locator(".manifold").nth(1).get_attribute("data-at").split(",")])
    for place, name in enumerate(NAMES.values()):
        run = runs.open_run(name)
        model = weights.load_model(run)
        _, points = codec.training_latents(model, run.recipe, data.load("digits"), 2_000)
        grid = planes.lattice(*planes.window(points), side_for())
        nearest = grid[np.abs(grid - z).sum(1).argmin()]
        wanted = codec.decode(model, nearest[None])[0].astype(int)
        assert np.abs(greys(page.locator(".draws .preview").nth(place)) - wanted).max() <= 1, name


def test_sampling_draws_the_same_noise_for_all_and_a_reload_finds_it_again(page, four):
    visit(page, four, QUERY + "&seed=6")
    canvas = page.locator(".draws .samples")
    before = [one.evaluate(GREYS) for one in canvas.all()]
    page.get_by_role("button", name="Sample the prior").click()
    page.wait_for_url(re.compile("seed=7"))
    page.wait_for_selector(IDLE)
    for place, name in enumerate(NAMES.values()):
        pictures = codec.decode(weights.load_model(runs.open_run(name)), sampling.prior(20, 2, 7))
        sheet = np.array(canvas.nth(place).evaluate(GREYS)).reshape(convert.tile(pictures, 5).shape)
        assert np.abs(sheet - convert.tile(pictures, 5).astype(int)).max() <= 1, name
    after = [one.evaluate(GREYS) for one in canvas.all()]
    assert all(a != b for a, b in zip(after, before, strict=True))
    page.get_by_text("Its own", exact=True).click()
    page.wait_for_url(re.compile("draw=own"))
    page.wait_for_selector(IDLE)
    own = [one.evaluate(GREYS) for one in canvas.all()]
    assert [a != b for a, b in zip(own, after, strict=True)] == [True, False, True, False], "a prior stays a prior"
    page.reload()
    settled(page)
    assert [one.evaluate(GREYS) for one in canvas.all()] == own


def test_a_sample_under_the_pointer_is_marked_and_decoded_in_its_plane(page, four):
    sent = sent_by(page)
    visit(page, four, QUERY + "&seed=7")
    before, z = len(sent), sampling.prior(20, 2, 7)[6]
    page.locator(".draws .samples").nth(1).hover(position={"x": 1.5 * 28, "y": 1.5 * 28})
    expect(page.locator(".manifold").nth(1)).to_have_attribute("data-at", ",".join(f"{x:.3f}" for x in z))
    page.mouse.move(5, 5)
    expect(page.locator(".manifold").nth(1)).to_have_attribute("data-at", "0.000,0.000")
    assert len(sent) == before


def test_planes_work_by_keyboard_and_layers_and_classes_can_be_switched_off(page, four):
    sent = sent_by(page)
    visit(page, four)
    before = len(sent)
    page.locator(".manifold .map").nth(1).focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    moved = page.locator(".manifold").nth(2).get_attribute("data-at").split(",")
    assert float(moved[0]) > 0.5 and abs(float(moved[1])) < 0.2
    page.keyboard.press("Escape")
    expect(page.locator(".manifold").nth(2)).to_have_attribute("data-at", "0.000,0.000")
    cloud = page.locator(".manifold .cloud").first
    full = cloud.evaluate(INKED)
    page.locator(".legend button").first.click()
    assert 0 < cloud.evaluate(INKED) < full, "one class less"
    page.get_by_label("Training images").uncheck()
    assert cloud.evaluate(INKED) == 0 and page.locator(".manifold .cloud").last.evaluate(INKED) == 0
    assert page.locator(".manifold .over").first.evaluate(INKED) > 0
    page.get_by_label("Circles").uncheck()
    page.get_by_label("Samples", exact=True).uncheck()
    assert page.locator(".manifold .over").first.evaluate(INKED) == 0
    assert len(sent) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_one_plane_below_the_other(page, four, scheme):
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, four, scheme=scheme)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    boxes = [one.bounding_box() for one in page.locator(".manifold .map").all()]
    assert all(box["width"] >= 300 for box in boxes) and len({box["x"] for box in boxes}) == 1


def test_planes_and_samples_share_the_first_screen_of_a_laptop(page, four):
    visit(page, four)
    boxes = [one.bounding_box() for one in page.locator(".manifold .map, .draws .samples, .draws .preview").all()]
    assert len({box["y"] for box in boxes}) == 2 and max(box["y"] + box["height"] for box in boxes) <= 720

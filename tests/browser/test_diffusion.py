"""The VAE → diffusion page in a real browser: a flow is learned, its paths are played, marked and addressed."""

import re

import pytest
from playwright.sync_api import expect

from core import runs
from core.priors.kinds import FLOW
from core.priors.learning import learn
from core.priors.settings import FlowSettings
from tests.browser.browser_tools import in_scheme, narrow, settled

pytestmark = pytest.mark.browser

RUN = "example-plane-vae"


@pytest.fixture(scope="module", autouse=True)
def flow(lab):
    """The run has a flow, learned in a second."""
    list(learn(runs.Run(lab.runs / RUN), FLOW, FlowSettings(steps=40, batch=128, width=32, blocks=1), "cpu"))


def visit(page, lab, query: str = ""):
    page.goto(f"{lab.url}/diffusion?run={RUN}{query}")
    expect(page.locator(".flow")).to_have_attribute("data-at", re.compile(r"\d+"))
    settled(page)


def at(page) -> int:
    return int(page.locator(".flow").get_attribute("data-at"))


def test_time_moves_in_the_browser_and_stays_in_the_address(page, lab):
    visit(page, lab, "&steps=8")
    assert at(page) == 8, "it begins with the images"
    slider = page.get_by_label("Time from noise to images")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator(".flow .read")).to_have_text("t = 0 · noise, decoded")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert at(page) == 2
    expect(page).to_have_url(re.compile(r"[?&]t=0\.25(&|$)"))
    page.reload()
    expect(page.locator(".flow")).to_have_attribute("data-at", "2")


def test_a_marked_picture_is_a_marked_path_and_the_other_way_round(page, lab):
    visit(page, lab, "&steps=4")
    pictures, plane = page.locator(".flow .pictures canvas"), page.locator(".flow .plane canvas")
    pictures.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".flow")).to_have_attribute("data-picture", "0")
    before = plane.evaluate("canvas => canvas.toDataURL()")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".flow")).to_have_attribute("data-picture", "1")
    assert plane.evaluate("canvas => canvas.toDataURL()") != before
    page.keyboard.press("Escape")
    expect(page.locator(".flow")).to_have_attribute("data-picture", "")


def test_the_number_of_steps_changes_the_paths_and_the_address(page, lab):
    visit(page, lab, "&steps=3")
    assert at(page) == 3
    slider = page.get_by_role("slider", name="Steps")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".flow")).to_have_attribute("data-at", "4")
    expect(page).to_have_url(re.compile(r"[?&]steps=4(&|$)"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_cut_off(page, lab, scheme):
    visit(page, lab)
    in_scheme(page, scheme)
    narrow(page)
    settled(page)
    room = page.evaluate("document.documentElement.clientWidth")
    for name in (".plane canvas", ".pictures canvas"):
        box = page.locator(f".flow {name}").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= room, name
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= room

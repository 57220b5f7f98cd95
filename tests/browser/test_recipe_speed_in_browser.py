"""The two speeds of a recipe as a visitor meets them: fast first, times that move nothing, a reload that keeps it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browser_tools import settled
from tests.browser.test_train import at_train, back_to_the_form

pytestmark = pytest.mark.browser
SLOW = 90_000  # ms: a busy machine may take long to start the worker process, and then tries two recipes

WIDE = "document.querySelector('[data-testid=stMain]').scrollWidth"


def speed(page: Page, name: str):
    return page.get_by_role("radio", name=re.compile(name))


def place(page: Page) -> dict:
    """Where what stands below the choice is."""
    return page.get_by_role("button", name="Start training").bounding_box()


@pytest.fixture
def form(page: Page, lab):
    if not at_train(page, lab):
        page.goto(f"{lab.url}/train")
    expect(page.get_by_role("button", name=re.compile("Start training|Add to the queue"))).to_be_visible(timeout=SLOW)
    if page.get_by_role("button", name="Stop", exact=True).count():  # another test's
        page.get_by_role("button", name="Stop", exact=True).click()
    back_to_the_form(page)
    expect(page.get_by_role("button", name="Start training")).to_be_enabled(timeout=SLOW)
    settled(page)
    return page


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.goes_on)])
def test_the_fast_one_is_offered_first_and_nothing_moves_when_its_time_arrives(form, width):
    page = form
    page.set_viewport_size({"width": width, "height": 844})
    # Each width a recipe of its own: what was tried before is known at once.
    recipe = "plane-vae" if width == 1280 else "deep-ae"
    page.get_by_role("combobox", name="Recipe").fill(recipe)  # the list is long: only its first ones are drawn
    page.get_by_role("option", name=recipe).click()
    # Another recipe has other fields: the page is measured once it has drawn all of them.
    expect(page).to_have_url(re.compile(rf"[?&]recipe={recipe}"), timeout=SLOW)
    settled(page)
    line = page.get_by_text(re.compile("^Fast: "))
    expect(line).to_be_visible(timeout=SLOW)
    expect(speed(page, "^Fast")).to_be_checked(timeout=SLOW)
    page.wait_for_function(f"{WIDE} <= {width}", timeout=SLOW)
    before, tall = place(page), line.bounding_box()
    times = page.locator(".st-key-recipe_speed_times [data-testid=stCaptionContainer]")
    expect(times).to_have_text([re.compile(r"^about \d+ (s|min|h)( \(busy\))?$")] * 2, timeout=SLOW)
    assert place(page) == before and line.bounding_box()["height"] == tall["height"]
    boxes = [speed(page, name).bounding_box() for name in ("^Fast", "^Classic")]
    assert boxes[0]["x"] < boxes[1]["x"] and boxes[0]["y"] == boxes[1]["y"], "beside each other, the fast one first"


@pytest.mark.goes_on
def test_the_speed_is_chosen_by_keyboard(form):
    page = form
    speed(page, "^Fast").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(speed(page, "^Classic")).to_be_checked(timeout=SLOW)
    page.get_by_role("combobox", name="Recipe").fill("plane-ae")  # the list is long: only its first ones are drawn
    page.get_by_role("option", name="plane-ae").click()
    expect(page.get_by_role("radio")).to_have_count(0, timeout=SLOW)


def test_the_other_speed_is_in_the_address_survives_a_reload_and_is_what_is_trained(form):
    page = form
    images = page.get_by_role("combobox", name="Images")
    if "Digits" not in page.locator(".st-key-recipe_dataset").inner_text():
        images.click()
        page.get_by_role("option", name="Digits").click()
    epochs = page.get_by_role("spinbutton", name="Epochs")
    expect(epochs).to_have_value("40", timeout=SLOW)
    speed(page, "^Classic").click()
    expect(epochs).to_have_value("120", timeout=SLOW)
    expect(page).to_have_url(re.compile(r"[?&]recipe=mlp-vae(&|$)"))
    page.reload()
    expect(speed(page, "^Classic")).to_be_checked(timeout=SLOW)
    speed(page, "^Fast").click()
    expect(page).to_have_url(re.compile(r"[?&]recipe=mlp-vae-fast(&|$)"), timeout=SLOW)
    expect(speed(page, "^Fast")).to_be_checked()
    if "Digits" not in page.locator(".st-key-recipe_dataset").inner_text():
        images.click()
        page.get_by_role("option", name="Digits").click()
        expect(epochs).to_have_value("40", timeout=SLOW)
    epochs.fill("1")
    epochs.press("Enter")
    expect(page.get_by_text(re.compile("^Fast: .*untested with your settings"))).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("Finished.")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(re.compile("mlp-vae-fast-digits")).first).to_be_visible()

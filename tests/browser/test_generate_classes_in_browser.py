"""Classes on Generate in a real browser: the buttons, and the sheet that follows the sliders."""

import pytest

from tests.browser.browser_tools import settled
from tests.browser.test_generate import served, sliders, state, visit

pytestmark = pytest.mark.browser

ROW = ".style-sheet .row canvas"

SHEET = """(() => [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.style-sheet'))
  .shadowRoot.querySelectorAll('.row canvas'))"""
"""JavaScript: the rows of the sheet."""

PIXELS = f"[...{SHEET}()].map(c => c.toDataURL()).join()"


def test_a_class_a_slider_and_an_image_of_the_sheet_lead_to_the_same_places(page, lab):
    visit(page, lab, "example-cvae")
    page.locator(ROW).first.wait_for()
    start, sheet = state(page), page.evaluate(PIXELS)
    values = [slider.input_value() for slider in sliders(page).all()]
    at = start["hash"]
    page.locator(".st-key-generate_controls").get_by_text("7", exact=True).click()
    at = elsewhere(page, at)
    assert served(page)["picture"] != start["picture"], "another class"
    assert values == [slider.input_value() for slider in sliders(page).all()], "in the same style"
    assert page.locator(".style-sheet .mark:not([hidden])").count() == 1

    sliders(page).first.focus()
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"old => {PIXELS} !== old", arg=sheet)
    settled(page)
    at = served(page)["hash"]

    page.locator(ROW).nth(3).click(position={"x": 5, "y": 5})
    elsewhere(page, at)
    # The fourth row is the class 3; the browser writes the point into the address once it rests.
    page.wait_for_url("**_0_0_0_1_0_0_0_0_0_0*")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url("**_0_0_0_0_0_0_0_1_0_0*")
    assert elsewhere(page, "") == at, "one step back"


def elsewhere(page, at: str) -> str:
    """The hash of the point once it is another one than `at`."""
    page.wait_for_function(
        """at => [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.board'))
             .shadowRoot.querySelector('canvas.main').dataset.zHash !== at""",
        arg=at,
    )
    return state(page)["hash"]

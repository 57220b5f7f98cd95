"""Sliders along directions in a real browser: what moves, what stays, and what the address brings back."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.browser_tools import greys, settled
from tests.browser.test_generate import served, sliders, state, visit

pytestmark = pytest.mark.browser


# A step is taken, and before it is answered the field for a number is opened.
BEGIN_TO_TYPE = """slider => {
  slider.focus();
  slider.dispatchEvent(new Event("change"));
  slider.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter"}));
  slider.dispatchEvent(new KeyboardEvent("keyup", {key: "Enter"}));
}"""


def values(page) -> np.ndarray:
    return np.array([float(slider.input_value()) for slider in sliders(page).all()])


def test_a_slider_of_a_direction_moves_the_picture_to_that_at_its_end_and_a_reload_brings_it_back(page, lab):
    visit(page, lab, "example-vae-128d")
    expect(page.locator(".board .row").first).to_contain_text("1st direction")
    expect(page.locator(".board .norm")).to_contain_text("about 11.3")  # √128, however few sliders there are
    before, there = values(page), greys(page.locator(".board .row").first.locator(".end").last)
    seq = state(page)["seq"]
    assert np.abs(there.astype(int) - greys(page.locator("canvas.main"))).max() > 50
    sliders(page).first.focus()
    page.keyboard.press("End")
    shown = served(page, seq)
    assert np.abs(greys(page.locator("canvas.main")).astype(int) - there).max() <= 2
    after = values(page)
    assert after[0] == 3 and after[1:] == pytest.approx(before[1:]), "perpendicular directions keep their place"
    page.wait_for_url("**z=*")
    settled(page)
    page.reload()
    page.wait_for_selector("[data-sheet=ready]")
    assert values(page) == pytest.approx(after, abs=0.06)
    assert served(page)["hash"] == shown["hash"]


@pytest.mark.goes_on
def test_a_direction_is_dragged_without_a_message_and_takes_a_typed_number(page, lab):
    visit(page, lab, "example-vae-128d")
    second, before = sliders(page).nth(1), state(page)
    box = second.bounding_box()
    second.scroll_into_view_if_needed()
    part = (float(second.input_value()) + 3) / 6
    page.mouse.move(box["x"] + 8 + part * (box["width"] - 16), box["y"] + box["height"] / 2)
    page.mouse.down()
    pictures = set()
    for k in range(1, 10):
        page.mouse.move(box["x"] + box["width"] * k / 10, box["y"] + box["height"] / 2)
        now = state(page)
        pictures.add(now["picture"])
        assert now["hash"] == before["hash"] or now["source"] in ("browser", "sheet")
    page.mouse.up()
    assert len(pictures) >= 5
    seq = served(page, before["seq"])["seq"]
    second.evaluate(BEGIN_TO_TYPE)
    seq = served(page, seq)["seq"]
    settled(page)  # the answer of the script, too, has come while the field was open
    page.locator(".board .typed").fill("-1,25")
    page.keyboard.press("Enter")
    served(page, seq)
    assert float(second.input_value()) == pytest.approx(-1.25, abs=0.03)
    assert "−1.25 σ" in page.locator(".board output").nth(1).inner_text()


def test_an_attribute_can_be_removed_and_the_sheet_has_a_row_for_each(page, lab):
    visit(page, lab, "example-shapes-vae&sliders=attributes")
    rows = page.locator(".board .row")
    expect(rows).to_have_count(5)
    expect(page.locator(".traversal .row")).to_have_count(5)
    page.get_by_role("button", name="Remove the slider angle").click()
    expect(rows).to_have_count(4)
    expect(page.locator(".traversal .row")).to_have_count(4)
    page.wait_for_url("**attributes=f1-0-5_f2_f4_f5*")
    page.get_by_text("Raw dimensions").click()
    expect(rows).to_have_count(10)
    page.wait_for_url("**/generate?run=example-shapes-vae*")

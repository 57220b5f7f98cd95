"""The first minute: one button, some seconds of training, digits that nobody wrote, and a slider to move them."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browser_tools import settled
from ui.registry import PAGES

pytestmark = pytest.mark.browser
SLOW = 120_000  # ms


def test_one_button_leads_from_home_over_a_reload_to_generated_digits_and_on_to_their_sliders(page: Page, lab):
    page.goto(lab.url)
    expect(page.get_by_role("img", name=re.compile("48 images invented by the model example-"))).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Train your first model").click()
    progress = page.get_by_text(re.compile(r"Epoch [1-9]\d* of \d+"))
    expect(progress).to_be_visible(timeout=SLOW)
    picture = page.get_by_role("img", name=re.compile("48 images invented by the model mlp-vae-fast-digits"))
    early = picture.get_attribute("src", timeout=SLOW)
    page.reload()
    finished = page.get_by_role("button", name="Generate images")
    expect(progress.or_(finished).first).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("button", name="Train your first model")).to_have_count(0)
    expect(finished).to_be_visible(timeout=SLOW)
    settled(page)
    assert picture.get_attribute("src") != early, "the picture must have followed the training"
    finished.click()
    expect(page).to_have_url(re.compile(r"/generate\?run=mlp-vae-fast-digits"))
    expect(page.get_by_role("slider").first).to_be_visible(timeout=SLOW)


def test_every_page_opens_from_the_navigation_without_an_error(page: Page, lab):
    page.goto(f"{lab.url}/home")
    page.wait_for_url(f"{lab.url}/")
    for name in [listed.title for listed in (*PAGES[1:], PAGES[0])]:
        page.get_by_role("link", name=name, exact=True).first.click()
        expect(page.get_by_test_id("stException")).to_have_count(0)
        expect(page.get_by_test_id("stAppViewContainer")).to_be_visible()
        settled(page)
    # Whatever a page writes into its address, it has one entry in the browser's history.
    for back in (PAGES[-1], PAGES[-2]):
        page.go_back()
        page.wait_for_url(f"{lab.url}/{back.key}*")
        settled(page)
    assert lab.healthy()


@pytest.mark.goes_on
def test_a_card_is_a_link_as_a_whole_and_shows_where_the_keyboard_is(page, lab):
    if not page.locator(".st-key-card_data").count():
        page.goto(lab.url)
    settled(page)
    card = page.locator(".st-key-card_data")
    card.locator("a").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert card.evaluate("c => getComputedStyle(c).outlineStyle + getComputedStyle(c).outlineWidth") == "solid2px"
    box = card.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 12, box["y"] + box["height"] - 8)
    page.wait_for_url("**/data*")


def test_the_first_pictures_stand_where_home_draws_them_and_give_way(page: Page, lab):
    page.add_init_script("""
      const remove = Element.prototype.remove;
      Element.prototype.remove = function () { this.id === "lab-first" ? window.held = this : remove.call(this); };
      window.letGo = () => remove.call(window.held);
    """)
    page.goto(lab.url)
    page.wait_for_function("window.held")  # Home is drawn; what stood there before is held back
    settled(page)
    picture = page.get_by_role("img", name=re.compile("48 images invented")).bounding_box()
    words = page.locator(".st-key-home_words").bounding_box()
    r = 4  # the radius of the picture's corners, whose edge shows through itself where one lies upon the other
    inner = {k: picture[k] + (r if k in "xy" else -2 * r) for k in picture}
    before = [page.screenshot(clip=place) for place in (inner, words)]
    page.evaluate("letGo()")
    assert before == [page.screenshot(clip=place) for place in (inner, words)]
    page.get_by_role("link", name="Data").first.click()
    page.wait_for_url("**/data*")
    page.close()  # its script stays with the tab

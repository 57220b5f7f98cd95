"""The keyboard on every page: popovers take the focus and give it back, tables are ticked by Space."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browser_tools import settled

pytestmark = pytest.mark.browser

INSIDE = "() => Boolean(document.activeElement.closest('[data-testid=stPopoverBody]'))"
ON_OPENER = "name => document.activeElement.matches('[data-testid=stPopoverButton]') && " + (
    "document.activeElement.innerText.includes(name)"
)
TICKED = "() => [...document.querySelectorAll('[data-testid=stDataFrame] [role=row][aria-selected=true]')].length"


def test_an_opened_popover_takes_the_focus_keeps_tab_inside_and_gives_it_back(page: Page, lab):
    page.goto(f"{lab.url}/generate?run=example-plane-vae")
    page.wait_for_selector("[data-sheet=ready]")
    settled(page)
    for name in ("From an image", "Download"):
        page.locator("[data-testid=stPopoverButton]").filter(has_text=name).first.focus()
        page.keyboard.press("Enter")
        page.wait_for_function(INSIDE)
        settled(page)
        for key in ["Tab"] * 5 + ["Shift+Tab"] * 7:
            page.keyboard.press(key)
            assert page.evaluate(INSIDE), f"Tab goes round in {name}"
        page.keyboard.press("Escape")
        page.wait_for_function(ON_OPENER, arg=name)
        expect(page.locator("[data-testid=stPopoverBody]")).to_have_count(0)
        settled(page)
    page.get_by_role("button", name="From an image").click()
    page.wait_for_function(INSIDE)
    page.locator(".gallery button").nth(2).click()
    page.wait_for_function(ON_OPENER, arg="From an image")


def test_space_ticks_the_row_of_a_table_and_takes_the_tick_away(page: Page, lab):
    page.goto(f"{lab.url}/run")
    settled(page)
    table = page.locator("[data-testid=stDataFrame] canvas").first
    table.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.wait_for_function(f"({TICKED})() === 1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.wait_for_function(f"({TICKED})() === 2")
    page.keyboard.press("Space")
    page.wait_for_function(f"({TICKED})() === 1")


def test_shortcuts_play_save_and_list_the_keys_but_never_while_a_field_has_the_focus(page: Page, lab):
    page.goto(f"{lab.url}/run?name=example-plane-vae")
    play = page.locator(".film .play")
    expect(play).to_be_enabled()
    settled(page)
    page.keyboard.press("Space")
    expect(play).to_have_text("Pause")
    page.keyboard.press("Space")
    expect(play).to_have_text("Play")
    with page.expect_download() as saved:
        page.keyboard.press("s")
    assert saved.value.suggested_filename == "latent-lab-run-example-plane-vae.png"
    keys = page.get_by_role("dialog", name="Keys of this page")
    page.keyboard.press("?")
    expect(keys.get_by_text("Plays or pauses")).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
    page.get_by_role("link", name="Train", exact=True).first.click()
    name = page.get_by_role("textbox", name="Name of the run")
    name.wait_for()
    settled(page)
    name.click()
    page.keyboard.type("s ?")
    expect(name).to_have_value("s ?")
    expect(keys).to_have_count(0)


@pytest.mark.goes_on
def test_in_a_narrow_window_the_drawer_of_pages_closes_after_a_choice(page: Page, lab):
    page.set_viewport_size({"width": 390, "height": 844})
    if not page.url.startswith(f"{lab.url}/train"):
        page.goto(f"{lab.url}/train")
    settled(page)
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Runs").click()
    page.wait_for_url("**/run*")
    expect(page.get_by_test_id("stExpandSidebarButton")).to_be_visible()
    expect(page.get_by_test_id("stSidebarCollapseButton")).to_have_count(0)


def test_tab_comes_to_each_control_and_then_to_its_explanation_there_and_back(page: Page, lab):
    page.goto(f"{lab.url}/train")
    recipe = page.get_by_role("combobox", name="Recipe")
    recipe.wait_for()
    settled(page)
    recipe.focus()
    name = "() => (document.activeElement.getAttribute('aria-label') || document.activeElement.innerText).trim()"
    seen = [page.evaluate(name)]
    while seen[-1] != "Help for Name of the run":
        page.keyboard.press("Tab")
        seen.append(page.evaluate(name))
        assert len(seen) < 40, seen
    order = ["Recipe", "Help for Recipe", "Help for Speed", "Images", "Help for Images", "Epochs", "Help for Epochs"]
    assert [one for one in seen if one in order] == order
    for before in seen[-2::-1]:
        page.keyboard.press("Shift+Tab")
        assert page.evaluate(name) == before

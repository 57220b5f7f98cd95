"""The Compare page in a real browser: measured by its jobs, sorted by keyboard and pointer, readable on a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browser_tools import in_scheme, narrow, settled

pytestmark = pytest.mark.browser

NAMES = ("example-plane-ae", "example-mlp-vae", "example-plane-vae")
TABLE = ".comparison-table"
COLUMN = """(table, key) => {
  const place = [...table.querySelectorAll("thead th")].findIndex((th) => th.querySelector(`[data-key="${key}"]`));
  return [...table.querySelectorAll("tbody tr:not(.reference)")].map((row) =>
    [row.children[0].textContent, row.children[place].querySelector("span").textContent]);
}"""


def column(page: Page, key: str) -> list[list[str]]:
    """(name, value) of each row in one column."""
    return page.locator(f"{TABLE} table").evaluate(COLUMN, key)


def visit(page: Page, lab) -> None:
    page.goto(f"{lab.url}/compare?runs={','.join(NAMES)}")
    expect(page.locator(f"{TABLE} tbody tr.reference")).to_have_count(1)
    page.wait_for_function(f"!document.querySelector('[class*=st-key-compare_measuring]') && !({WAITING})")
    settled(page)


WAITING = f"[...document.querySelectorAll('{TABLE} tbody td')].some((cell) => cell.textContent === '…')"


@pytest.mark.slow
def test_runs_are_measured_and_the_table_is_sorted_by_pointer_and_keyboard(page: Page, lab):
    visit(page, lab)
    assert [name for name, _ in column(page, "mse")] == list(NAMES)
    assert [value for _, value in column(page, "negative_elbo")][0] == "—"
    heading = page.locator(f"{TABLE} [data-key=mse]")
    heading.click()
    page.wait_for_url(re.compile(r"[?&]sort=mse\b"))
    expect(page.locator(f"{TABLE} th[aria-sort=ascending]")).to_have_count(1)
    values = [float(value) for _, value in column(page, "mse")]
    assert values == sorted(values)
    expect(heading).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"[?&]sort=-mse\b"))
    expect(page.locator(f"{TABLE} th[aria-sort=descending]")).to_have_count(1)
    assert [float(value) for _, value in column(page, "mse")] == values[::-1]
    page.keyboard.press("Tab")
    expect(page.locator(f"{TABLE} .about")).to_contain_text("Lower is better.")
    page.keyboard.press("Shift+Tab")
    expect(page.locator(f"{TABLE} .about")).to_contain_text("Mean squared error")
    page.reload()
    expect(page.locator(f"{TABLE} th[aria-sort=descending]")).to_have_count(1)
    assert [float(value) for _, value in column(page, "mse")] == values[::-1]


@pytest.mark.slow
def test_on_a_phone_the_names_stay_while_the_table_scrolls_and_ten_images_are_seen(page: Page, lab):
    visit(page, lab)
    narrow(page)
    for scheme in ("light", "dark"):
        in_scheme(page, scheme)
        scroll, name = page.locator(f"{TABLE} .scroll"), page.locator(f"{TABLE} tbody th").first
        before = name.bounding_box()["x"]
        scroll.evaluate("box => { box.scrollLeft = 600; }")
        assert scroll.evaluate("box => box.scrollLeft") == 600 and name.bounding_box()["x"] == before
        scroll.evaluate("box => { box.scrollLeft = 0; }")
    sheet = page.locator(".st-key-compare_reconstructions .class-sheet")
    across = int(sheet.get_attribute("data-across"))
    heights = {canvas.bounding_box()["height"] for canvas in sheet.locator(".row canvas").all()}
    assert across < 10 and len(heights) == 1 and heights.pop() > 2 * 40, "the rest stands in a second line"

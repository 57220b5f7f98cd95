"""A click acts, and acts once, however busy the browser is: on a page whose parts tick by themselves."""

import re

import pytest
from playwright.sync_api import Page, expect
from test_train import CURVE, SLOW, open_train, start, stop

pytestmark = pytest.mark.browser

HELD = """async ([selectors, wait]) => {
    const real = window.setTimeout, after = (ms) => new Promise((done) => real(done, ms));
    const find = (root, s) => root.querySelector(s)
        ?? [...root.querySelectorAll("*")].map((e) => e.shadowRoot && find(e.shadowRoot, s)).find((e) => e);
    window.setTimeout = (f, ms, ...rest) => real(f, ms || wait, ...rest);
    for (const s of selectors) {
        find(document, s).click();
        await after(200);
    }
    window.setTimeout = real;
    await after(wait);
}"""
"""One click after the other, in a browser that has so much to do that it sends them only `wait` ms later."""

STEP = re.compile(r"step ([\d,]+)")


@pytest.fixture
def training(page, lab, request):
    """A run on the digits that goes on; it is stopped when the test is over, and what waits behind it cancelled."""
    open_train(page, lab)
    if page.get_by_role("button", name="Train another").count():
        page.get_by_role("button", name="Train another").click()
    start(page, request.node.name[:40])
    page.wait_for_function(f"{CURVE} > 0", timeout=SLOW)
    yield page
    open_train(page, lab)
    while page.get_by_role("button", name="Cancel", exact=True).count():
        page.get_by_role("button", name="Cancel", exact=True).first.click()
        expect(page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0, timeout=SLOW)
    stop(page)


def steps(page: Page) -> int:
    return int(STEP.search(page.locator(".st-key-train_above").inner_text())[1].replace(",", ""))


def test_a_click_that_is_sent_late_acts_once_although_the_page_ticks_meanwhile(training):
    page = training
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_text(STEP)).to_be_visible(timeout=SLOW)
    before = steps(page)
    page.evaluate(HELD, [[".st-key-train_step button"], 2500])
    expect(page.get_by_text(f"step {before + 1:,}")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Step", exact=True).click()
    expect(page.get_by_text(f"step {before + 2:,}")).to_be_visible(timeout=SLOW)
    assert steps(page) == before + 2


def test_a_click_that_travels_with_one_in_another_part_of_the_page_acts_too(training):
    page = training
    field = page.get_by_role("textbox", name="Name of the run")
    field.fill("held-queue")
    field.press("Enter")
    page.get_by_role("button", name="Add to the queue").click()
    cancel = page.get_by_role("button", name="Cancel", exact=True)
    expect(cancel).to_be_visible(timeout=SLOW)
    page.evaluate(HELD, [[".st-key-train_toggle button", ".st-key-cancel_held-queue button"], 260])
    expect(page.get_by_text("Paused")).to_be_visible(timeout=SLOW)
    expect(cancel).to_have_count(0, timeout=SLOW)

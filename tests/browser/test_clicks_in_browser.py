"""A click acts, and acts once, however busy the browser is: on a page whose parts tick by themselves."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.browser_tools import LEFT_OPEN
from tests.browser.test_train import SLOW, at_train, open_train, running, stop

pytestmark = pytest.mark.browser

HELD = """async ([selectors, wait]) => {
    const real = window.setTimeout, send = WebSocket.prototype.send, after = (ms) => new Promise((f) => real(f, ms));
    const find = (root, s) => root.querySelector(s)
        ?? [...root.querySelectorAll("*")].map((e) => e.shadowRoot && find(e.shadowRoot, s)).find((e) => e);
    let sent = 0, meanwhile = null;
    const look = () => { meanwhile ??= {sent, text: find(document, ".st-key-train_above").innerText}; };
    const held = (f) => (...rest) => { look(); f(...rest); };
    try {
        window.setTimeout = (f, ms, ...rest) => (ms ? real(f, ms, ...rest) : real(held(f), wait, ...rest));
        WebSocket.prototype.send = function (...what) { sent += 1; return send.apply(this, what); };
        for (const s of selectors) {
            find(document, s).click();
            await after(0.1 * wait);
        }
    } finally {
        window.setTimeout = real;
    }
    while (!meanwhile) await after(20);
    WebSocket.prototype.send = send;
    return meanwhile;
}"""
"""One click after the other, in a browser that has so much to do that it sends them only `wait` ms later. What was sent
by itself in the meantime, and what the page said just before."""

ABOVE = ".st-key-train_above"
STEP = re.compile(r"step ([\d,]+)")


@pytest.fixture
def training(page, lab, request):
    """A run on the digits that goes on. Where no test goes on with it, it is stopped, and what waits behind it
    cancelled."""
    failed = request.session.testsfailed
    if not at_train(page, lab):
        open_train(page, lab)
    running(page, "held")
    yield page
    if not request.node.stash[LEFT_OPEN] or request.session.testsfailed > failed:
        open_train(page, lab)
        cancel = page.get_by_role("button", name="Cancel", exact=True)
        while waiting := cancel.count():
            cancel.first.click()
            expect(cancel).to_have_count(waiting - 1, timeout=SLOW)
        stop(page)


def steps(text: str) -> int:
    return int(STEP.search(text)[1].replace(",", ""))


def test_a_click_that_is_sent_late_acts_once_although_the_page_ticks_meanwhile(training):
    page = training
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_text(STEP)).to_be_visible(timeout=SLOW)
    before = steps(page.locator(ABOVE).inner_text())
    meanwhile = page.evaluate(HELD, [["[class*='st-key-train_step_'] button"], 3500])
    assert meanwhile["sent"] > 0 and steps(meanwhile["text"]) == before
    expect(page.get_by_text(re.compile(rf"step {before + 1:,}\b"))).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Step", exact=True).click()
    expect(page.get_by_text(re.compile(rf"step {before + 2:,}\b"))).to_be_visible(timeout=SLOW)


@pytest.mark.goes_on
def test_a_click_that_travels_with_one_in_another_part_of_the_page_acts_too(training):
    page = training
    field = page.get_by_role("textbox", name="Name of the run")
    expect(field).to_have_value("", timeout=SLOW)
    field.fill("held-queue")
    field.press("Enter")
    page.get_by_role("button", name="Add to the queue").click()
    cancel = page.locator("[class*='st-key-cancel_held-queue']").get_by_role("button")
    expect(cancel).to_be_visible(timeout=SLOW)
    page.evaluate(HELD, [["[class*='st-key-train_toggle_'] button", "[class*='st-key-cancel_held-queue'] button"], 250])
    expect(page.get_by_text("Paused", exact=True)).to_be_visible(timeout=SLOW)
    expect(cancel).to_have_count(0, timeout=SLOW)


@pytest.mark.goes_on
def test_a_click_in_the_moment_in_which_the_page_is_left_acts_and_the_next_page_comes(training):
    page = training
    both = [
        page.get_by_role("button", name="Pause", exact=True).element_handle(),
        page.get_by_role("link", name="Home", exact=True).first.element_handle(),
    ]
    page.evaluate("both => both.forEach((e) => e.click())", both)
    expect(page.get_by_role("heading", name="Latent Lab")).to_be_visible(timeout=SLOW)
    page.get_by_role("link", name="Train", exact=True).first.click()
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible(timeout=SLOW)

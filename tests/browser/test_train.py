"""Training as a visitor lives it: start, pause, go away, come back, reload, stop, compare."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.browser_tools import LEFT_OPEN, settled

pytestmark = pytest.mark.browser
SLOW = 120_000  # ms: a busy machine may take long to start the worker process

RUN = "browser one"
EPOCH = re.compile(r"Epoch ([\d.]+) of")
CHART = """(() => {
    const host = document.querySelector(".st-key-train_curves");
    const inside = [host, ...(host?.querySelectorAll("*") ?? [])].map((e) => e?.shadowRoot ?? e);
    return inside.map((e) => e?.querySelector?.("canvas")).find((c) => c);
})()"""
CURVE = f"Number({CHART}?.dataset.until ?? 0)"
VIEW = f"{CHART}.dataset.view"
SCALE = f"{CHART}.dataset.scale"


def go(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()


def open_train(page: Page, lab) -> None:
    page.goto(f"{lab.url}/train")
    expect(page.get_by_role("button", name=re.compile("Start training|Add to the queue"))).to_be_visible(timeout=SLOW)
    # Streamlit fetches the script of each kind of widget when it first meets one.
    expect(page.get_by_role("button", name=re.compile("Start training|Stop|Train another")).first).to_be_visible()
    settled(page)


def back_to_the_form(page: Page) -> None:
    """From the end of a run that is still shown, if there is one."""
    another = page.get_by_role("button", name="Train another")
    if another.count():
        another.click()
        expect(page.get_by_role("button", name="Start training")).to_be_visible(timeout=SLOW)
        settled(page)


@pytest.fixture
def train(page, lab, request):
    """The Train page, open still where a test goes on. What is left running when none does is stopped, so that the next
    test finds an idle lab."""
    failed = request.session.testsfailed
    if not at_train(page, lab):
        open_train(page, lab)
    yield page
    if not request.node.stash[LEFT_OPEN] or request.session.testsfailed > failed:
        open_train(page, lab)
        if page.get_by_role("button", name="Stop", exact=True).count():
            stop(page)


def at_train(page: Page, lab) -> bool:
    """Whether the page is open, as an earlier test has left it."""
    return page.url.split("?")[0] == f"{lab.url}/train"


def running(page: Page, name: str) -> None:
    """A run on the digits that goes on: the one that trains already, or a new one."""
    settled(page)
    resume = page.get_by_role("button", name="Resume", exact=True)
    if resume.count():
        resume.click()
        expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible(timeout=SLOW)
    elif not page.get_by_role("button", name="Pause", exact=True).count():
        back_to_the_form(page)
        start(page, name)
    page.wait_for_function(f"{CURVE} > 0", timeout=SLOW)


def start(page: Page, name: str, epochs: int = 10_000) -> None:
    """A run on the digits that lasts until it is stopped."""
    images = page.get_by_role("combobox", name="Images")
    if "Digits" not in page.locator(".st-key-recipe_dataset").inner_text():
        images.click()
        page.get_by_role("option", name="Digits").click()
        # What follows the set is written into the form once the server has answered, amid what would be typed by then.
        expect(page.get_by_role("spinbutton", name="Epochs")).to_have_value("40", timeout=SLOW)
    field = page.get_by_role("spinbutton", name="Epochs")
    field.fill(str(epochs))
    field.press("Enter")
    field = page.get_by_role("textbox", name="Name of the run")
    field.fill(name)
    field.press("Enter")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(EPOCH)).to_be_visible(timeout=SLOW)


def stop(page: Page) -> None:
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text(re.compile("Stopped (in|after) epoch")).first).to_be_visible(timeout=SLOW)


def wait_for_curve(page: Page, beyond: float, button: Locator | None = None) -> float:
    """Where the training curve ends once it reaches further than `beyond`, after a click on the button."""
    if button:
        button.click()
    page.wait_for_function(f"{CURVE} > {beyond}", timeout=SLOW)
    return page.evaluate(CURVE)


def test_the_first_screen_shows_controls_curves_and_film_without_scrolling(train, lab):
    page = train
    running(page, RUN)
    expect(page.locator(".film canvas").last).to_have_attribute("data-epoch", re.compile(r"\d+"), timeout=SLOW)
    for place in (".st-key-train_controls", ".st-key-train_curves", ".film .controls"):
        expect(page.locator(place).first).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 390, "height": 844})
    wide = "document.querySelector('[data-testid=stMain]').scrollWidth"
    page.wait_for_function(f"{wide} <= 390", timeout=SLOW)


@pytest.mark.goes_on
def test_a_stretch_looked_at_closely_stays_while_new_points_arrive(train, lab):
    page = train
    running(page, RUN)
    before = wait_for_curve(page, 2)
    box = page.locator(".st-key-train_curves canvas").bounding_box()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 120, steps=4)
    page.mouse.up()
    page.wait_for_function(f"Number({VIEW}.split(' ')[0]) > 0", timeout=SLOW)
    closer = page.evaluate(VIEW)
    wait_for_curve(page, before + 1)
    assert page.evaluate(VIEW) == closer
    page.locator(".st-key-train_curves canvas").press("Escape")
    page.wait_for_function(f"{VIEW}.startsWith('0 ')", timeout=SLOW)


@pytest.mark.goes_on
def test_leaving_the_page_a_reload_and_a_second_tab_find_the_run_as_it_is(train, lab):
    page = train
    running(page, RUN)
    before = wait_for_curve(page, 0)
    go(page, "Home")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    go(page, "Train")
    expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=SLOW)
    before = wait_for_curve(page, before)

    page.reload()
    expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=SLOW)
    wait_for_curve(page, before)

    second = page.context.new_page()  # with a session of its own, and the same visitor's
    open_train(second, lab)
    expect(second.get_by_text(RUN).first).to_be_visible()
    second.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible(timeout=SLOW)
    second.close()


@pytest.mark.goes_on
def test_train_pause_step_resume_and_stop(train, lab):
    page = train
    running(page, RUN)
    first = wait_for_curve(page, 0)
    later = wait_for_curve(page, first)
    assert later > first

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    wait_for_curve(page, page.evaluate(CURVE), page.get_by_role("button", name="Step", exact=True))
    page.get_by_role("button", name="View").click()
    page.get_by_text("Logarithmic").click()
    page.wait_for_function(SCALE + " === 'log log'", timeout=SLOW)
    # Paused means paused: the curve stands still while the page is drawn anew.
    held = page.evaluate(CURVE)
    page.get_by_text("Logarithmic").click()
    page.wait_for_function(SCALE + " === 'linear linear'", timeout=SLOW)
    assert page.evaluate(CURVE) == held
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    wait_for_curve(page, held)
    stop(page)
    expect(page.get_by_role("button", name="Generate images")).to_be_enabled()


CLEAR = """() => {
  const boxes = ["stTooltipContent", "stAlert"].map((name) => document.querySelector(`[data-testid=${name}]`));
  const [help, error] = boxes.map((node) => node?.getBoundingClientRect());
  return help?.height && error?.height && (help.top >= error.bottom || help.left >= error.right);
}"""
"""Whether the help that Tab has opened lies beside the error or below it."""


@pytest.mark.goes_on
def test_a_number_out_of_bounds_is_not_kept_back_by_the_browser(train, lab):
    page = train
    settled(page)
    back_to_the_form(page)
    field = page.get_by_role("spinbutton", name="Epochs")
    for typed, said in (("1e9", "1000000000"), ("0", "0")):
        field.fill(typed)
        field.press("Tab")
        expect(page.get_by_text(f"Epochs: {said} is not allowed")).to_be_visible()
        expect(page.get_by_role("button", name="Start training")).to_be_disabled()
    page.get_by_role("button", name="Help for Latent size").focus()
    page.wait_for_function(CLEAR)
    field.fill("10")
    field.press("Tab")
    expect(page.get_by_role("button", name="Start training")).to_be_enabled(timeout=SLOW)


@pytest.mark.goes_on
def test_what_was_typed_into_the_form_survives_leaving_the_page(train, lab):
    page = train
    settled(page)
    back_to_the_form(page)
    field = page.get_by_role("spinbutton", name="Latent size")
    field.fill("7")
    field.press("Enter")
    page.get_by_text("Architecture", exact=True).click()
    layers = page.get_by_role("textbox", name="Hidden layers")
    layers.fill("77-33")
    layers.press("Enter")
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()
    go(page, "Home")
    expect(page.get_by_role("button", name="Start training")).to_have_count(0)
    go(page, "Train")
    expect(page.get_by_role("spinbutton", name="Latent size")).to_have_value("7", timeout=SLOW)
    page.get_by_text("Architecture", exact=True).click()
    expect(page.get_by_role("textbox", name="Hidden layers")).to_have_value("77-33")


def test_what_another_visitor_does_is_seen_without_a_click(train, lab):
    page = train
    start(page, "browser seen")
    second = page.context.browser.new_page()
    second.goto(lab.url)
    line = second.get_by_text(re.compile("browser seen.*running"))
    told = int(re.search(r"epoch (\d+) of", line.inner_text(timeout=SLOW))[1])
    expect(line).not_to_contain_text(f"epoch {told} of", timeout=SLOW)
    go(second, "Train")
    expect(second.get_by_role("button", name="Pause")).to_be_visible(timeout=SLOW)

    field = page.get_by_role("textbox", name="Name of the run")
    # The lab empties it for the next run; where that comes late it would wipe out what was typed before.
    expect(field).to_have_value("", timeout=SLOW)
    field.fill("browser next")
    field.press("Enter")
    page.get_by_role("button", name="Add to the queue").click()
    waits = re.compile("In the queue, place 1.*browser next")
    expect(second.get_by_text(waits)).to_be_visible(timeout=SLOW)
    settled(second)
    second.get_by_role("button", name="Cancel").click()
    expect(
        second.get_by_text(re.compile("browser next is not yours: this training belongs to another visitor"))
    ).to_be_visible()
    settled(second)
    second.get_by_role("button", name="Cancel anyway").click()
    expect(second.get_by_text(waits)).to_have_count(0, timeout=SLOW)
    expect(page.get_by_text(waits)).to_have_count(0, timeout=SLOW)
    taken = page.get_by_text(re.compile("Your run browser next was taken out of the queue by another visitor"))
    expect(taken).to_be_visible(timeout=SLOW)
    expect(second.get_by_text(re.compile("was taken out of the queue"))).to_have_count(0)
    second.close()


def test_a_run_is_deleted_only_after_it_was_asked_for_twice(train, lab):
    page = train
    start(page, "browser gone", epochs=2)
    expect(page.get_by_text("Finished.")).to_be_visible(timeout=SLOW)
    go(page, "Runs")
    table = page.locator("[data-testid=stDataFrame] canvas").first
    table.click(position={"x": 16, "y": 58}, force=True)  # the newest run's box, under the table's own layer
    more = page.locator("[class*='st-key-actions_'][class*='gone'] [data-testid=stPopoverButton]").first
    delete = page.get_by_role("button", name="Delete", exact=True)
    for answer in ("Close", "Delete for good"):
        if not delete.is_visible():
            more.click()
        delete.click()
        expect(page.get_by_role("button", name="Delete for good")).to_be_visible()
        settled(page)  # a dialog that is closed while the script still draws it opens again
        page.get_by_role("button", name=answer).click()
        expect(page.get_by_role("button", name="Delete for good")).to_have_count(0)
    expect(more).to_have_count(0, timeout=SLOW)
    page.reload()
    expect(page.get_by_text("Tick one run to open it")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("browser gone")).to_have_count(0)

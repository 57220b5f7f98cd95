"""The two surfaces to paint on in a real browser, on a page of their own that shows what the server has heard."""

import sys

import numpy as np
import pytest
from playwright.sync_api import expect

from core import data
from core.images import masks
from tests.browser.browser_tools import GREYS, PAINTED, in_scheme, narrow, sent_by, settled
from tests.browser.conftest import Lab, free_port

pytestmark = pytest.mark.browser

DRAW, MASK = 0, 1


class Brushes(Lab):
    def _command(self) -> list[str]:
        return [
            sys.executable,
            "-m",
            "bootstrap.server",
            "run",
            "tests/browser/brushes.py",
            "--server.port",
            str(free_port()),
            "--server.headless",
            "true",
        ]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Brushes(tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("log"))
    yield lab
    lab.close()
    assert "Traceback" not in lab.log_text(), lab.log_text()


class Surface:
    """One of the two surfaces of the page, and the server's word on it."""

    def __init__(self, page, which: int):
        self.page, self.which = page, which
        self.root = page.locator(".pad").nth(which)
        self.node = self.root.locator(".surface")
        self.node.scroll_into_view_if_needed()

    def heard(self) -> np.ndarray:
        words = self.page.locator("[data-testid=stCode] code").nth(self.which).inner_text()
        return np.frombuffer(bytes.fromhex(words), np.uint8).reshape(28, 28)

    def shown(self) -> np.ndarray:
        """The picture that stands beside a drawing."""
        return np.array(self.root.locator(".real").evaluate(GREYS), np.uint8).reshape(28, 28)

    def at(self, x: float, y: float) -> tuple[float, float]:
        box = self.node.bounding_box()
        return box["x"] + x * box["width"] / 28, box["y"] + y * box["height"] / 28

    def press(self, *places: tuple[float, float]) -> None:
        """Holds the pointer down along these places, in pixels of the picture."""
        self.page.mouse.move(*self.at(*places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*self.at(*place))

    def stroke(self, *places: tuple[float, float]) -> np.ndarray:
        before = self.heard()
        self.press(*places)
        self.page.mouse.up()
        return self.changed(before)

    def act(self, name: str) -> np.ndarray:
        before = self.heard()
        self.root.get_by_role("button", name=name).click()
        return self.changed(before)

    def changed(self, before: np.ndarray) -> np.ndarray:
        word = self.page.locator("[data-testid=stCode] code").nth(self.which)
        expect(word).not_to_have_text(before.tobytes().hex())
        if self.which == DRAW:  # what it hears while a stroke is drawn is not the whole of it
            self.page.wait_for_function(PAINTED)
            expect(word).to_have_text(self.shown().tobytes().hex())
        settled(self.page)
        return self.heard()

    def choose(self, name: str) -> None:
        self.root.get_by_role("radio", name=name, exact=True).check()


def visit(page, lab, which: int) -> Surface:
    """A surface with nothing painted on it, and its tools as they are at first."""
    opened = page.locator(".pad .surface").count() == 2
    if not opened:
        page.goto(lab.url)
    page.locator(".pad .surface").nth(1).wait_for()
    page.locator("[data-testid=stCode] code").nth(1).wait_for()
    settled(page)
    surface = Surface(page, which)
    if opened and which == DRAW:
        surface.choose("White")
        surface.choose("Medium brush")
        if surface.heard().any():
            surface.act("Clear")
    elif opened:
        surface.choose("Hide")
        surface.choose("3 pixels wide brush")
        if not surface.heard().all():
            surface.act("Show all")
    return surface


def centre_of(picture: np.ndarray) -> tuple[float, float]:
    """Row and column of the centre of mass."""
    rows, columns = np.indices((28, 28))
    return tuple(float((picture * k).sum() / picture.sum()) for k in (rows, columns))


def extent(picture: np.ndarray) -> tuple[int, int]:
    """Rows and columns between the outermost pixels with ink."""
    rows, columns = np.nonzero(picture)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def test_undo_clear_and_invert(page, lab):
    surface = visit(page, lab, DRAW)
    undo = surface.root.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    one = surface.stroke((5, 5), (20, 5))
    two = surface.stroke((5, 20), (20, 20))
    assert not surface.act("Clear").any()
    assert np.array_equal(surface.act("Undo"), two)
    assert np.array_equal(surface.act("Undo"), one)
    assert np.array_equal(surface.act("Invert"), 255 - one)
    surface.node.focus()
    page.keyboard.press("Control+z")
    assert np.array_equal(surface.changed(255 - one), one)
    assert not surface.act("Undo").any()
    expect(undo).to_be_disabled()


@pytest.mark.goes_on
def test_a_stroke_and_its_answer_follow_the_pointer_and_no_message_waits_for_another(page, lab):
    sent = sent_by(page)
    surface = visit(page, lab, DRAW)
    before, pictures, moves = len(sent), set(), 19
    page.mouse.move(*surface.at(6, 6))
    page.mouse.down()
    for k in range(1, 20):
        page.mouse.move(*surface.at(6 + 0.8 * k, 6 + 0.7 * k))
        page.wait_for_function(PAINTED)
        pictures.add(surface.shown().tobytes())
    assert len(pictures) >= 15, "the picture of 28 × 28 must follow the pointer"
    shown = surface.shown().tobytes().hex()
    expect(page.locator("[data-testid=stCode] code").nth(DRAW)).to_have_text(shown)  # the pointer is still down
    page.wait_for_function(PAINTED)
    answer = np.array(surface.root.locator(".answer").evaluate(GREYS)).reshape(28, 28)
    assert np.array_equal(answer, 255 - surface.heard())
    assert before < len(sent) <= before + moves
    page.mouse.up()
    settled(page)
    assert np.array_equal(surface.heard(), surface.shown()) and surface.heard().max() == 255


@pytest.mark.goes_on
def test_a_line_has_the_ink_of_its_width_and_soft_edges(page, lab):
    surface = visit(page, lab, DRAW)
    heard = surface.stroke((6, 14), (22, 14)).astype(int)
    inner = heard[:, 9:19]
    # The edge rises evenly from −0.4 to +0.4 pixels round the radius: across the line lies 2 · 1.35 pixels of ink.
    assert np.allclose(inner.sum(axis=0), 2 * 1.35 * 255, rtol=0.01)
    assert np.array_equal(inner, inner[::-1]), "alike above and below"
    assert (inner[13:15] > 250).all() and not inner[:12].any()
    assert centre_of(heard) == pytest.approx((13.5, 13.5), abs=0.05)


@pytest.mark.goes_on
def test_a_quick_move_leaves_no_gaps(page, lab):
    heard = visit(page, lab, DRAW).stroke((3, 3), (25, 25))
    assert (heard[np.arange(4, 24), np.arange(4, 24)] == 255).all()


@pytest.mark.goes_on
def test_inks_brushes_and_the_eraser_do_what_they_say(page, lab):
    surface = visit(page, lab, DRAW)
    areas = []
    for brush in ("Fine", "Medium", "Thick", "Broad"):
        surface.choose(f"{brush} brush")
        areas.append(surface.stroke((14, 14), (14, 14)).sum() / 255)
        surface.act("Clear")
    # A disc of radius r whose edge fades evenly over ± 0.4 pixels holds π (r² + 0.4² / 3) pixels of ink.
    assert areas == pytest.approx([np.pi * (r * r + 0.16 / 3) for r in (0.75, 1.35, 2.2, 4)], rel=0.02)
    surface.choose("Light grey")
    assert surface.stroke((14, 4), (14, 24)).max() == 170
    surface.choose("Eraser")
    assert not surface.stroke((14, 2), (14, 26)).any()


@pytest.mark.goes_on
def test_cells_are_painted_with_arrow_keys_and_space(page, lab):
    surface = visit(page, lab, DRAW)
    surface.node.focus()
    page.keyboard.press("ArrowRight")
    expect(surface.node).to_have_attribute("data-at", "14,14")
    nothing = surface.heard()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowLeft")
    expect(surface.root.locator(".read")).to_have_text("Row 14, column 11: 0 % white")
    page.keyboard.press("Space")
    dot = surface.changed(nothing)
    assert centre_of(dot) == pytest.approx((13, 10), abs=0.01) and dot[13, 10] == 255
    expect(surface.root.locator(".read")).to_have_text("Row 14, column 11: 100 % white")
    page.keyboard.down("Space")
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    page.keyboard.up("Space")
    line = surface.changed(dot)
    assert (line[13:19, 10] == 255).all() and not line[21:].any()
    page.keyboard.press("Escape")
    expect(surface.node).to_have_attribute("data-at", "")


@pytest.mark.goes_on
def test_a_centred_box_is_twenty_pixels_high_in_the_middle(page, lab):
    surface = visit(page, lab, DRAW)
    before = surface.heard()
    page.get_by_role("button", name="Put a box").click()  # 10 rows and 5 columns in the upper left corner
    surface.changed(before)
    wanted = np.zeros((28, 28), int)
    wanted[4:24, 9:19] = 255
    assert abs(surface.act("Centre it") - wanted).max() <= 13, "half a point of 280 at an edge, two at a corner"


@pytest.mark.goes_on
def test_centring_brings_the_mass_to_the_middle_and_the_longer_side_to_twenty(page, lab):
    surface = visit(page, lab, DRAW)
    surface.stroke((3, 3), (3, 12), (8, 12))
    heard = surface.act("Centre it")
    assert centre_of(heard) == pytest.approx((13.5, 13.5), abs=0.05)
    assert 20 <= max(extent(heard)) <= 21


@pytest.mark.goes_on
def test_centring_cuts_nothing_off(page, lab):
    surface = visit(page, lab, DRAW)
    surface.choose("Broad brush")
    surface.stroke((6, 14), (6, 14))
    surface.choose("Fine brush")
    surface.stroke((6, 14), (25, 14))
    assert 20 <= extent(surface.act("Centre it"))[1] <= 21, "its mass, far to the left, would push it over the edge"


@pytest.mark.goes_on
def test_a_drawing_outlives_its_surface_with_its_fine_points_and_its_undo(page, lab):
    surface = visit(page, lab, DRAW)
    fine = """c => { const p = c.getContext('2d').getImageData(0, 0, 280, 280).data;
                     let sum = 0; for (let i = 0; i < p.length; i += 4) sum = (sum * 31 + p[i]) % 1e9; return sum; }"""
    one = surface.stroke((5, 5), (20, 9))
    two = surface.stroke((5, 20), (20, 17))
    drawn = surface.root.locator(".ground").evaluate(fine)
    page.get_by_text("Show", exact=True).click()
    expect(page.locator(".pad .real")).to_have_count(0)
    page.get_by_text("Show", exact=True).click()
    expect(page.locator(".pad .real")).to_have_count(1)
    settled(page)
    page.wait_for_function(PAINTED)
    assert surface.root.locator(".ground").evaluate(fine) == drawn and np.array_equal(surface.heard(), two)
    assert np.array_equal(surface.act("Undo"), one)


@pytest.mark.goes_on
def test_a_picture_put_by_the_page_can_be_undone(page, lab):
    surface = visit(page, lab, DRAW)
    mine = surface.stroke((5, 5), (20, 9))
    page.get_by_role("button", name="Put a box").click()
    box = surface.changed(mine)
    assert box.sum() == 50 * 255 and np.array_equal(surface.shown(), box)
    assert np.array_equal(surface.act("Undo"), mine)


@pytest.mark.goes_on
def test_the_answer_stands_beside_the_drawing(page, lab):
    surface = visit(page, lab, DRAW)
    heard = surface.stroke((5, 5), (20, 9))
    page.wait_for_function(PAINTED)
    expect(surface.root).to_have_attribute("aria-busy", "false")
    answer = surface.root.locator(".answer")
    assert np.array_equal(np.array(answer.evaluate(GREYS)).reshape(28, 28), 255 - heard)
    expect(answer).to_have_css("opacity", "1")
    expect(surface.root.locator(".words")).to_have_text(f"{heard.mean():.1f}")


@pytest.mark.goes_on
def test_the_mask_brush_hides_the_pixels_under_it(page, lab):
    sent = sent_by(page)
    surface = visit(page, lab, MASK)
    assert surface.heard().all()
    surface.choose("Single pixel brush")
    before = len(sent)
    wanted = masks.box(5, 3, 1, 15)
    surface.press((3.5, 5.5), (10.5, 5.5), (17.5, 5.5))
    page.wait_for_function(PAINTED)
    expect(surface.root.locator(".read")).to_have_text("0 of 784 pixels hidden (0 %)")
    assert len(sent) == before
    page.mouse.up()
    assert np.array_equal(surface.changed(np.ones((28, 28), np.uint8)), wanted) and len(sent) == before + 1
    expect(surface.root.locator(".read")).to_have_text("15 of 784 pixels hidden (2 %)")
    surface.choose("Show again")
    wanted[5, 10] = True
    assert np.array_equal(surface.stroke((10.5, 5.5), (10.5, 5.5)), wanted)
    assert np.array_equal(surface.act("Invert"), ~wanted)
    assert surface.act("Show all").all()
    surface.act("Undo")
    assert np.array_equal(surface.act("Undo"), wanted)


@pytest.mark.goes_on
def test_the_mask_brush_works_by_keyboard_and_with_wider_brushes(page, lab):
    surface = visit(page, lab, MASK)
    nothing = surface.heard()
    surface.node.focus()
    page.keyboard.press("Space")
    assert np.array_equal(surface.changed(nothing), masks.box(13, 13, 3, 3)), "three pixels wide, in the middle"
    expect(surface.root.locator(".read")).to_have_text("Row 15, column 15: hidden")


@pytest.mark.goes_on
def test_what_is_hidden_lies_under_coloured_stripes_and_the_rest_is_the_image(page, lab):
    surface = visit(page, lab, MASK)
    page.get_by_role("button", name="Left half").click()
    assert np.array_equal(surface.changed(np.ones((28, 28), np.uint8)), masks.half("left"))
    page.mouse.move(1, 1)
    page.wait_for_function(PAINTED)
    over = np.array(
        surface.root.locator(".over").evaluate(
            "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
        )
    )
    size = round((over.size / 4) ** 0.5)
    over = over.reshape(size, size, 4)
    left, right = over[:, : size // 2], over[:, size // 2 :]
    assert (left[..., 3] == 255).all() and (np.ptp(left[..., :3], axis=-1) > 60).all(), "never a grey"
    assert len(np.unique(left.reshape(-1, 4), axis=0)) > 1, "stripes, not one colour"
    assert not right[..., 3].any()
    ground = np.array(surface.root.locator(".ground").evaluate(GREYS)).reshape(28, 28)
    assert np.array_equal(ground, data.load("digits").test_images[0])


@pytest.mark.goes_on
def test_another_image_keeps_the_mask(page, lab):
    surface = visit(page, lab, MASK)
    hidden = surface.stroke((14, 14), (20, 14))
    page.get_by_test_id("stNumberInputStepUp").click()
    wanted = data.load("digits").test_images[1]
    page.wait_for_function(
        """wanted => [...document.querySelectorAll('*')].some(e => {
        const c = e.shadowRoot?.querySelector('.pad:not(:has(.real)) .ground');
        const shown = c && [...c.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0);
        return shown?.join() === wanted.join(); })""",
        arg=wanted.ravel().tolist(),
    )
    assert np.array_equal(surface.heard(), hidden)


@pytest.mark.goes_on
def test_every_tool_has_a_name_and_is_reached_by_keyboard(page, lab):
    surface = visit(page, lab, DRAW)
    assert "Arrow keys move, Space paints" in surface.node.get_attribute("aria-label")
    surface.root.get_by_role("radio", name="White").focus()
    page.keyboard.press("ArrowRight")
    assert surface.root.get_by_role("radio", name="Light grey").is_checked()
    assert surface.root.get_by_role("radiogroup").count() == 2
    assert all(radio.get_attribute("aria-label") for radio in surface.root.get_by_role("radio").all())


@pytest.mark.goes_on
def test_on_a_phone_both_fit_the_width_in_both_themes(page, lab):
    surfaces = [visit(page, lab, which) for which in (DRAW, MASK)]
    narrow(page)
    for scheme in ("light", "dark"):
        in_scheme(page, scheme)
        for surface in surfaces:
            tools = [*surface.root.get_by_role("button").all(), *surface.root.locator(".choices").all()]
            boxes = [part.bounding_box() for part in (surface.node, *tools)]
            assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes), scheme


def test_a_finger_draws_and_the_page_stays_where_it_is(chromium, lab):
    context = chromium.new_context(viewport={"width": 390, "height": 600}, has_touch=True, is_mobile=True)
    page = context.new_page()
    surface = visit(page, lab, DRAW)
    main = "document.querySelector('[data-testid=stMain]')"
    top = page.evaluate(f"{main}.scrollTop")
    fingers = context.new_cdp_session(page)
    moves = [("touchMove", (8, y)) for y in range(19, 8, -1)]
    for kind, place in [("touchStart", (8, 20)), *moves, ("touchEnd", None)]:
        x, y = surface.at(*place) if place else (0, 0)
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}] if place else []})
    heard = surface.changed(np.zeros((28, 28), np.uint8))
    assert (heard[10:19, 7:9] > 200).all()
    assert page.evaluate(f"{main}.scrollTop") == top
    context.close()

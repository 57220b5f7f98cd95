"""Images on the screen: equal, square pixels and true colours at every density of the screen, for any image shape.

Component scripts by themselves on an empty page, without a server.
"""

import base64
from pathlib import Path

import numpy as np
import pytest

from core.images.convert import pack
from core.images.shape import ImageShape
from ui.components import base

pytestmark = pytest.mark.browser

COMPONENTS = Path(base.__file__).parent
SHAPES = [ImageShape(1, 28, 28), ImageShape(3, 32, 32), ImageShape(1, 20, 36), ImageShape(3, 36, 20)]

TRAVERSAL = """<figure class="lab traversal"><div class="scale"><span></span><span></span><span></span></div>
<div class="rows"></div><figcaption></figcaption></figure>"""
GALLERY = """<div class="lab gallery"></div>"""
PAIRS = """<div class="lab pairs"></div>"""
CLASS_SHEET = """<figure class="lab class-sheet"><div class="rows"></div></figure>"""
SQUARE = """<figure class="lab square"><div class="map" tabindex="0"><canvas class="ground"></canvas><i></i></div>
<div class="side"><canvas class="preview"></canvas><p class="read"></p><div class="corners"></div></div></figure>"""
DRAWS = """<figure class="lab draws"><canvas class="samples"></canvas></figure>"""

MOUNT = """async ([source, data]) => {
    const script = await import(source), nothing = () => {};
    script.default({ data, parentElement: document.body, setStateValue: nothing, setTriggerValue: nothing });
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""
SCALES = """() => [...document.querySelectorAll("canvas")].filter((c) => c.clientWidth).map((c) => {
    const box = c.getBoundingClientRect();
    return [c.className, box.width * devicePixelRatio / c.width, box.height * devicePixelRatio / c.height, box.width];
})"""


def images(count: int, shape: ImageShape) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *shape.picture), np.uint8)


def messages(shape: ImageShape) -> dict[str, tuple[str, str, str, tuple[str, ...], dict]]:
    """Name → (folder, skeleton, shared files, message): what each component gets."""
    chw, row = list(shape.chw), {"name": "A class", "note": "2 of 5"}
    traversal = {
        "run": "r",
        "shape": chw,
        "base": [0.0, 0.0],
        "order": [0, 1],
        "dims": 2,
        "dead": [False, False],
        "steps": 25,
        "span": 3.0,
        "first": 0,
        "tiles": pack(images(50, shape)),
    }
    pairs = {"shape": chw, "tiles": pack(images(8, shape)), "notes": [["a", "1", False]] * 4, "name": "", "chosen": 0}
    sheet = {
        "layout": "rows",
        "lines": 2,
        "shape": chw,
        "rows": [row | {"count": 9, "tiles": pack(images(9, shape)), "about": [f"a{k}" for k in range(9)]}],
    }
    square = {
        "shape": chw,
        "side": 17,
        "tiles": pack(images(289, shape)),
        "corners": pack(images(4, shape)),
        "notes": list("abcd"),
    }
    draws = {
        "slot": "a",
        "shape": chw,
        "tiles": pack(images(20, shape)),
        "columns": 5,
        "about": "",
        "positions": [[0, 0]] * 20,
    }
    gallery = {"shape": chw, "tiles": pack(images(4, shape)), "labels": list("abcd"), "name": ""}
    return {
        "traversal": ("latent", TRAVERSAL, ("../shared/axes",), traversal),
        "square": ("latent", SQUARE, (), square),
        "draws": ("latent", DRAWS, ("plane_store",), draws),
        "gallery": ("gallery", GALLERY, (), gallery),
        "pairs": ("gallery", PAIRS, (), pairs),
        "class_sheet": ("gallery", CLASS_SHEET, (), sheet),
    }


def mount(page, name: str, shape: ImageShape, more: str = "") -> None:
    folder, skeleton, also, data = messages(shape)[name]
    styles = [COMPONENTS / "shared" / "dom.css", *(COMPONENTS / folder / f"{part}.css" for part in (*also, name))]
    css = "".join(style.read_text("utf-8") for style in styles if style.is_file()) + more
    page.set_content(f"<style>{css}</style>{skeleton}")
    source = base.script(str(COMPONENTS / folder / f"{name}.py"), name, also)
    page.evaluate(MOUNT, ["data:text/javascript;base64," + base64.b64encode(source.encode()).decode(), data])


@pytest.fixture(scope="module", params=[(1280, 1), (390, 1), (390, 2), (390, 2.75), (390, 3)], ids=str)
def screen(chromium, request):
    width, ratio = request.param
    context = chromium.new_context(viewport={"width": width, "height": 844}, device_scale_factor=ratio)
    page = context.new_page()
    yield page
    context.close()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_image_pixel_is_a_square_of_whole_screen_pixels(screen, shape):
    width = screen.viewport_size["width"]
    for name in messages(shape):
        mount(screen, name, shape)
        scales = screen.evaluate(SCALES)
        assert len(scales) >= 1, name
        for part, across, down, wide in scales:
            assert across == pytest.approx(down, abs=0.02), (name, part, "square")
            assert across == pytest.approx(round(across), abs=0.02) and across > 0.9, (name, part, "crisp")
            assert wide <= width, (name, part, "within the page")


@pytest.mark.parametrize(("name", "room"), [("class_sheet", 340), ("draws", 157)])
def test_a_sheet_ends_where_its_place_ends(screen, name, room):
    mount(screen, name, SHAPES[0], f"body {{ margin: 0; width: {room}px; }}")
    ends = screen.evaluate(
        """() => [...document.querySelectorAll("canvas")].map((c) => c.getBoundingClientRect().right)"""
    )
    assert ends and all(room - 1 <= end <= room for end in ends), "one right edge for all that stands on a page"


def test_an_image_of_a_sheet_is_enlarged_with_what_it_is(screen):
    mount(screen, "class_sheet", SHAPES[0])
    rows, card = screen.locator(".rows"), screen.locator(".card")
    rows.locator("canvas").hover(position={"x": 5, "y": 5})
    assert card.inner_text() == "a0"
    wide = card.locator("canvas").bounding_box()["width"]
    rows.locator("canvas").click(position={"x": 5, "y": 5})
    assert card.locator("canvas").bounding_box()["width"] > 1.5 * wide
    screen.keyboard.press("ArrowRight")
    assert card.inner_text() == "a1" and card.bounding_box()["x"] >= 0
    screen.keyboard.press("Escape")
    assert card.is_hidden()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pixels_have_the_levels_that_were_sent(screen, shape):
    mount(screen, "gallery", shape)
    shown = screen.evaluate("""() => [...document.querySelectorAll("canvas")].map((c) =>
        [c.width, c.height, [...c.getContext("2d").getImageData(0, 0, c.width, c.height).data]])""")
    assert [(width, height) for width, height, _ in shown] == [(shape.width, shape.height)] * 4
    pixels = np.array([data for _, _, data in shown], np.uint8).reshape(4, shape.height, shape.width, 4)
    sent = images(4, shape)
    wanted = sent if shape.colour else np.repeat(sent[..., None], 3, axis=-1)
    assert np.array_equal(pixels[..., :3], wanted) and (pixels[..., 3] == 255).all()


def test_a_row_of_a_traversal_is_drawn_image_by_image(screen):
    shape = ImageShape(3, 16, 24)
    mount(screen, "traversal", shape)
    width, data = screen.evaluate("""() => { const c = document.querySelectorAll("canvas")[1];
        return [c.width, [...c.getContext("2d").getImageData(0, 0, c.width, c.height).data]]; }""")
    count = width // shape.width
    drawn = np.array(data, np.uint8).reshape(shape.height, count, shape.width, 4).swapaxes(0, 1)[..., :3]
    sent = images(50, shape)[25:]
    assert count in (3, 5, 7, 9, 13, 25) and np.array_equal(drawn, sent[:: 24 // (count - 1)])

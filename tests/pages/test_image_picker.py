"""Choosing an image, on the pages that do it: test images, drawings, uploads, inventions."""

import base64
import io
import zlib

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import data, runs
from core.images.shape import ImageShape
from core.latent import axes, codec, interpolation
from core.runs import weights
from tests.pages.page_tools import open_page, untrained
from tests.tiny_runs import tiny, trained
from ui.components.drawing.pad import PadState
from ui.shared import image_choice
from ui.shared.image_choice import Pick

pytestmark = pytest.mark.usefixtures("classifier_in_training")

DRAWN = np.array(data.load("digits").test_images[0])  # as large as the others and in the middle: it stays as it is
KEYS = {"interpolate": "interpolate_pick_a", "generate": "generate_image"}


def make(digits: bool = True) -> runs.Run:
    return untrained("run", digits=digits)


def visit(name: str, source: str | None = None, drawn: np.ndarray | None = None) -> AppTest:
    """A page with its (first) picker open."""
    state = {KEYS[name]: True}
    if source:
        state[f"{KEYS[name]}_source"] = source
    if drawn is not None:
        state["pads"] = {f"{KEYS[name]}_drawing": PadState(drawn.shape, drawn.tobytes())}
    return open_page(name, state)


def press(page: AppTest, key: str) -> None:
    """Clicks a button of the picker's fragment; AppTest then holds that alone, so the page is run again."""
    page.button(key=key).click().run()
    assert not page.exception
    page.run()
    assert not page.exception


def picks(page: AppTest, name: str) -> dict[str, Pick]:
    return next(iter(page.session_state[f"{name}_picks"].values()))


def test_a_drawing_becomes_an_end_of_the_way_and_stands_in_the_address():
    make()
    page = visit("interpolate", "drawn", DRAWN)
    press(page, "interpolate_pick_a_use_drawing")
    assert picks(page, "interpolate")["a"] == Pick.own("drawn", DRAWN)
    (text,) = page.query_params["a"] if isinstance(page.query_params["a"], list) else [page.query_params["a"]]
    assert image_choice.parse(text, None, ImageShape.of_picture(DRAWN.shape)) == Pick.own("drawn", DRAWN)
    assert picks(open_page("interpolate", a=text), "interpolate")["a"] == Pick.own("drawn", DRAWN), "after a reload"
    assert not page.session_state["interpolate_pick_a"], "the picker has closed"


def test_a_drawing_takes_generate_to_where_the_encoder_puts_it():
    run = make()
    page = visit("generate", "drawn", DRAWN)
    press(page, "generate_image_use_drawing")
    point = list(page.session_state["latent_cursors"].values())[-1]
    model = weights.load_model(run)
    wanted = axes.axes(model).to_sigma_units(codec.encode(model, DRAWN[None]))[0]
    assert np.allclose(point.sigma_units, wanted, atol=1e-5)
    assert (point.original.pixels, point.original.note) == (DRAWN.tobytes(), "Original: your drawing")


@pytest.mark.slow
@pytest.mark.parametrize("family", ["ad", "vad"])
def test_a_model_without_an_encoder_answers_a_drawing_by_a_search_and_goes_where_that_leads(family):
    run = trained(tiny(f"plane-{family}", hidden=(8,), epochs=1), "run")
    page = visit("generate", "drawn", DRAWN)
    press(page, "generate_image_use_drawing")
    model = weights.load_model(run)
    wanted = axes.axes(model).to_sigma_units(codec.encode(model, DRAWN[None]))[0]
    here = list(page.session_state["latent_cursors"].values())[-1]
    assert np.allclose(here.sigma_units, wanted, atol=1e-5) and here.original.pixels == DRAWN.tobytes()


@pytest.mark.parametrize("name", KEYS)
def test_an_empty_drawing_cannot_be_used(name):
    make()
    page = visit(name, "drawn")
    button = page.button(key=f"{KEYS[name]}_use_drawing")
    assert button.disabled and button.help == "Draw something first."


def test_a_drawing_in_a_corner_is_scaled_and_centred_unless_the_visitor_says_no():
    make()
    corner = np.zeros((28, 28), np.uint8)
    corner[1:9, 2:6] = 255
    page = visit("interpolate", "drawn", corner)
    page.checkbox(key="interpolate_pick_a_fit").uncheck().run()
    press(page, "interpolate_pick_a_use_drawing")
    assert picks(page, "interpolate")["a"] == Pick.own("drawn", corner)
    page = visit("interpolate", "drawn", corner)
    press(page, "interpolate_pick_a_use_drawing")
    rows, columns = np.nonzero(image_choice.pixels(picks(page, "interpolate")["a"], None) > 100)
    assert (np.ptp(rows) + 1, rows.mean(), columns.mean()) == pytest.approx((24, 13.5, 13.5), abs=1.0)


@pytest.mark.parametrize("name", KEYS)
def test_a_photo_of_dark_ink_is_turned_scaled_and_centred_and_each_step_can_be_switched_off(name):
    make()
    page = visit(name, "file")
    ink = np.full((28, 28), 255, np.uint8)
    ink[2:12, 3:6] = 0
    buffer = io.BytesIO()
    Image.fromarray(ink).save(buffer, "PNG")
    page.file_uploader(key=f"{KEYS[name]}_file").upload("mine.png", buffer.getvalue(), "image/png").run()
    page.run()
    assert any(c.value.startswith("Dark on light: inverted. ") for c in page.caption)
    slot = "a" if name == "interpolate" else "image"
    press(page, f"{KEYS[name]}_use_file")
    made = image_choice.pixels(picks(page, name)[slot], None)
    rows, columns = np.nonzero(made > 100)
    assert (np.ptp(rows) + 1, rows.mean(), columns.mean()) == pytest.approx((24, 13.5, 13.5), abs=1.2)
    page = visit(name, "file")
    page.session_state[f"{KEYS[name]}_steps"] = []
    page.file_uploader(key=f"{KEYS[name]}_file").upload("mine.png", buffer.getvalue(), "image/png").run()
    page.run()
    press(page, f"{KEYS[name]}_use_file")
    assert picks(page, name)[slot] == Pick.own("file", 255 - ink)


def test_a_file_that_is_no_picture_is_refused_in_a_sentence():
    make()
    page = visit("generate", "file")
    page.file_uploader(key="generate_image_file").upload("mine.txt", b"hello", "text/plain").run()
    assert [error.value for error in page.error] == ["This file is not a picture that can be opened."]
    assert "generate_image_use_file" not in {button.key for button in page.button}


@pytest.mark.slow
def test_random_takes_an_image_of_the_class_that_is_shown():
    make()
    images, seen = data.load("digits"), set()
    for _ in range(3):
        page = visit("interpolate")
        page.selectbox(key="interpolate_pick_a_class_digits").select(5).run()  # 0 is all, 5 the digit 4
        page.run()
        for _ in range(3):
            page.session_state["interpolate_pick_a"] = True
            page.run()
            press(page, "interpolate_pick_a_random")
            pick = picks(page, "interpolate")["a"]
            assert pick.kind == "test" and images.test_labels[pick.number] == 4
            seen.add(pick.number)
    assert len(seen) > 1


def test_the_image_of_now_can_be_drawn_upon():
    make()
    page = visit("interpolate", "drawn")
    press(page, "interpolate_pick_a_start")
    number = picks(page, "interpolate")["a"].number
    held = page.session_state["pads"]["interpolate_pick_a_drawing"]
    assert held.pixels == data.load("digits").test_images[number].tobytes() and held.stamp == 1


@pytest.mark.parametrize("name", KEYS)
def test_without_its_data_set_a_picture_can_still_be_drawn(name):
    make(digits=False)
    page = visit(name)
    assert "MNIST is not on this machine" in page.warning[0].value and "draw" in page.warning[0].value
    assert page.button(key=f"{KEYS[name]}_use_drawing").disabled and page.button(key=f"{name}_data")


@pytest.mark.parametrize("source", ["test", "drawn", "file", "seed"])
def test_every_control_of_every_source_has_help(source):
    make()
    page = visit("interpolate", source)
    for kind in ("button", "selectbox", "number_input", "checkbox", "file_uploader", "button_group"):
        for widget in getattr(page, kind, []):
            assert widget.help, f"{kind} {widget.label}"


def test_a_source_that_this_page_does_not_have_is_no_trouble():
    make()
    page = visit("generate", "seed")
    assert page.session_state["generate_image_source"] == "test"


def test_the_pixels_of_every_kind_of_choice(monkeypatch):
    images = data.load("digits")
    assert np.array_equal(image_choice.pixels(Pick("test", 7), images), images.test_images[7])
    for kind in ("drawn", "file"):
        assert np.array_equal(image_choice.pixels(Pick.own(kind, DRAWN), None), DRAWN)
    held = type("Held", (), {"model": weights.load_model(make())})
    wanted = interpolation.sample_endpoint(held.model, 3).image
    assert np.array_equal(image_choice.pixels(Pick("seed", 3), None, held), wanted)


def test_every_choice_has_a_name_and_only_what_can_be_found_again_has_an_address():
    images = data.load("digits")
    label = images.classes[images.test_labels[7]]
    picks = [Pick("test", 7), Pick("seed", 3), Pick.own("file", DRAWN), Pick.own("drawn", DRAWN)]
    assert [image_choice.note(pick, images) for pick in picks] == [
        f"test image 7, class {label}",
        "sample of the model, seed 3",
        "your own picture",
        "your drawing",
    ]
    texts = [pick.text() for pick in picks]
    assert texts[:2] == ["7", "seed3"]
    shape = ImageShape.of_picture(DRAWN.shape)
    assert [image_choice.parse(text, images, shape) for text in texts] == picks
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    assert Pick.own("file", noise).text() is None, "too large for an address"


def test_a_picture_in_the_address_that_is_none_is_refused_and_unpacks_no_more_than_the_model_takes():
    shape, good = ImageShape(1, 8, 10), Pick.own("drawn", np.full((8, 10), 7, np.uint8)).text()
    bomb = base64.urlsafe_b64encode(zlib.compress(bytes(10**8), 9)).decode()[:5_000]
    bad = [
        *("drawn", "drawn.", "drawn.8.10", "drawn.8.10.", "drawn.8.10.AAAA", "drawn.8.10.ß", "drawn.10.8." + good[11:]),
        *(good[:-6], f"drawn.8.10.{bomb}", "file.8.10.3." + good[11:], "drawn.-8.-10." + good[11:], "DRAWN" + good[5:]),
    ]
    assert image_choice.parse(good, None, shape) is not None
    assert [text for text in bad if image_choice.parse(text, None, shape) is not None] == []
    assert image_choice.parse(good, None, ImageShape(3, 8, 10)) is None

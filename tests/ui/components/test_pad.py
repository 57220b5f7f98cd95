"""The painting surfaces: the image they keep, and the messages of a browser that they accept."""

import base64

import numpy as np
import pytest
import streamlit as st

from core.images import masks
from core.images.shape import ImageShape
from ui.components.drawing import draw, mask_brush, pad

PICTURE = np.random.default_rng(0).integers(0, 256, 784, np.uint8)


def wire(pixels) -> str:
    return base64.b64encode(bytes(pixels)).decode()


@pytest.fixture
def state(monkeypatch):
    state = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


@pytest.fixture
def mounted(monkeypatch, state):
    """The arguments of the newest mount; `hear` plays the browser."""
    seen = {}

    def mount(**arguments):
        seen.update(arguments)

    monkeypatch.setattr(draw, "_mount", mount)
    monkeypatch.setattr(mask_brush, "_mount", mount)

    def hear(message):
        state[seen["key"]] = {"painted": message}
        seen["on_painted_change"]()

    seen["hear"] = hear
    return seen


def test_a_drawing_begins_empty_and_is_then_what_the_browser_says(mounted):
    assert not draw.draw(key="d").any() and mounted["data"]["pixels"] == wire(bytes(784))
    mounted["hear"]({"stamp": 0, "pixels": wire(PICTURE)})
    drawn = draw.draw(key="d")
    assert drawn.shape == (28, 28) and np.array_equal(drawn.ravel(), PICTURE)
    assert np.array_equal(draw.drawing("d"), drawn) and not draw.drawing("other").any()


@pytest.mark.parametrize(
    "message",
    [
        None,
        3,
        "x",
        [],
        {},
        {"stamp": 0},
        {"stamp": 0, "pixels": None},
        {"stamp": 0, "pixels": 7},
        {"stamp": 0, "pixels": list(range(784))},
        {"stamp": 0, "pixels": "é" * 1048},
        {"stamp": 0, "pixels": "!" * 1048},
        {"stamp": 0, "pixels": wire(bytes(783))},
        {"stamp": 0, "pixels": wire(bytes(785))},
        {"stamp": 0, "pixels": "A" * 10_000_000},
        {"stamp": 0, "pixels": ""},
        {"stamp": "0", "pixels": wire(bytes(784))},
        {"stamp": False, "pixels": wire(bytes(784))},
        {"stamp": None, "pixels": wire(bytes(784))},
        {"stamp": 1, "pixels": wire(bytes(784))},
        {"pixels": wire(bytes(784))},
    ],
)
def test_rubbish_from_a_browser_is_ignored(mounted, message):
    draw.draw(key="d")
    mounted["hear"]({"stamp": 0, "pixels": wire(PICTURE)})
    mounted["hear"](message)
    assert np.array_equal(draw.drawing("d").ravel(), PICTURE)


def test_what_was_painted_on_an_older_picture_does_not_count_once_the_page_has_put_another(mounted):
    draw.draw(key="d")
    draw.set_drawing("d", PICTURE.reshape(28, 28))
    mounted["hear"]({"stamp": 0, "pixels": wire(bytes(784))})
    assert np.array_equal(draw.draw(key="d").ravel(), PICTURE) and mounted["data"]["stamp"] == 1
    mounted["hear"]({"stamp": 1, "pixels": wire(bytes(784))})
    assert not draw.drawing("d").any()


def test_a_model_is_asked_only_once_something_is_drawn(mounted):
    asked = []

    def answer(picture):
        asked.append(picture)
        return draw.Answer(255 - picture, words="inverted")

    draw.draw(key="d", answer=answer)
    assert not asked and mounted["data"]["answers"] and mounted["data"]["answer"] is None
    draw.set_drawing("d", PICTURE.reshape(28, 28))
    draw.draw(key="d", answer=answer)
    assert len(asked) == 1 and mounted["data"]["answer"] == wire(255 - PICTURE)
    draw.draw(key="d")
    assert not mounted["data"]["answers"]


def test_a_mask_begins_as_given_and_is_then_the_visitors(mounted):
    image = np.zeros((28, 28), np.uint8)
    assert mask_brush.mask_brush(image, key="m").all()
    begun = masks.half("top")
    assert np.array_equal(mask_brush.mask_brush(image, begun, key="n"), begun)
    painted = masks.box(3, 4, 5, 6)
    mounted["hear"]({"stamp": 0, "pixels": wire(masks.to_bytes(painted))})
    assert np.array_equal(mask_brush.mask_brush(image, begun, key="n"), painted)
    mask_brush.set_mask("n", begun)
    assert np.array_equal(mask_brush.mask_brush(image, key="n"), begun)


@pytest.mark.parametrize("level", [2, 255])
def test_a_mask_of_anything_but_noughts_and_ones_is_ignored(mounted, level):
    image = np.zeros((28, 28), np.uint8)
    mask_brush.mask_brush(image, key="m")
    mounted["hear"]({"stamp": 0, "pixels": wire([level] + [0] * 783)})
    assert mask_brush.mask_brush(image, key="m").all()


def test_a_surface_that_is_not_on_the_page_keeps_its_picture(state):
    pad.replace("d", (28, 28), PICTURE.tobytes())
    assert pad.state_of("d", (28, 28), bytes(784)).pixels == PICTURE.tobytes()


@pytest.mark.parametrize("shape", [ImageShape(1, 20, 36), ImageShape(3, 32, 32), ImageShape(3, 8, 128)])
def test_a_drawing_has_any_shape_and_another_shape_begins_empty(mounted, shape):
    assert draw.draw(key="d", shape=shape).shape == shape.picture and not draw.drawing("d", shape).any()
    assert mounted["data"]["shape"] == list(shape.chw)
    picture = np.random.default_rng(1).integers(0, 256, shape.picture, np.uint8)
    mounted["hear"]({"stamp": 0, "pixels": wire(picture)})
    assert np.array_equal(draw.draw(key="d", shape=shape), picture)
    mounted["hear"]({"stamp": 0, "pixels": wire(bytes(picture.size - 1))})
    assert np.array_equal(draw.drawing("d", shape), picture), "too short"
    before = mounted["key"]
    turned = (
        ImageShape(shape.channels, shape.width, shape.height) if shape.width != shape.height else ImageShape(1, 8, 8)
    )
    assert not draw.draw(key="d", shape=turned).any() and mounted["key"] != before


@pytest.mark.parametrize("shape", [ImageShape(1, 20, 36), ImageShape(3, 32, 24)])
def test_a_mask_has_one_number_a_pixel_whatever_the_channels(mounted, shape):
    image = np.random.default_rng(2).integers(0, 256, shape.picture, np.uint8)
    mask = np.random.default_rng(3).random((shape.height, shape.width)) < 0.5
    assert np.array_equal(mask_brush.mask_brush(image, mask, key="m"), mask)
    assert mounted["data"]["shape"] == list(shape.chw) and mounted["data"]["image"] == wire(image)
    mounted["hear"]({"stamp": 0, "pixels": wire(~mask)})
    assert np.array_equal(mask_brush.mask_brush(image, key="m"), ~mask)
    mask_brush.set_mask("m", mask)
    assert np.array_equal(mask_brush.mask_brush(image, key="m"), mask) and mounted["data"]["stamp"] == 1

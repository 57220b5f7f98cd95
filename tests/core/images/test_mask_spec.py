"""What is hidden, as a text: there and back, and what is refused."""

import base64

import numpy as np
import pytest

from core.images import mask_spec, masks
from core.images.shape import ImageShape


@pytest.mark.parametrize(
    "text, mask",
    [
        ("", masks.whole()),
        ("half-left", masks.half("left")),
        ("half-bottom", masks.half("bottom")),
        ("box-4-6-10-12", masks.box(4, 6, 10, 12)),
        ("random-50-3", masks.random(0.5, 3)),
        ("random-90-0", masks.random(0.9, 0)),
    ],
)
def test_every_form_is_its_mask_and_comes_back(text, mask):
    assert np.array_equal(mask_spec.mask_of(text), mask)
    assert mask_spec.normal(text) == text == mask_spec.text_of(mask, text)


def test_a_painted_mask_travels_whole_in_an_address():
    painted = masks.random(0.37, 9)
    painted[3] = False
    text = mask_spec.text_of(painted, "half-left")
    assert text.startswith("mask-") and len(text) < 140 and text.replace("-", "").replace("_", "").isalnum()
    assert np.array_equal(mask_spec.mask_of(text), painted)


@pytest.mark.parametrize(
    "typed, full",
    [
        ("half", "half-left"),
        ("box", "box-8-8-12-12"),
        ("50%", "random-50-0"),
        (" 7 % ", "random-7-0"),
        ("random", "random-50-0"),
    ],
)
def test_what_a_person_types_is_completed(typed, full):
    assert mask_spec.normal(typed) == full


@pytest.mark.parametrize(
    "bad",
    [
        "half-middle",
        "box-1-2-3",
        "box-1-2-3-99",
        "box-a-b-c-d",
        "random-101-0",
        "random-50",
        "101%",
        "random-²-1",
        "mask-",
        "mask-AAAA",
        "mask-" + "é" * 131,
        "nonsense",
        "-",
        "%",
        "random-50--1",
        "mask-" + "A" * 400,
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(bad):
    with pytest.raises(masks.MaskError, match="does not say what to hide. Use half-left"):
        mask_spec.normal(bad)


def test_nothing_hidden_is_the_empty_text_whatever_was_before():
    assert mask_spec.text_of(masks.whole(), "half-left") == ""


@pytest.mark.parametrize("shape", [ImageShape(1, 20, 36), ImageShape(3, 32, 32), ImageShape(1, 9, 11)], ids=str)
def test_masks_of_other_shapes_travel_with_their_height_and_width(shape):
    painted = masks.random(0.37, 9, shape)
    text = mask_spec.text_of(painted, "box-20-20-4-4")
    assert text.startswith(f"mask-{shape.height}x{shape.width}.")
    assert np.array_equal(mask_spec.mask_of(text, shape), painted)
    assert mask_spec.normal(text, shape) == text == mask_spec.text_of(painted, text)
    assert mask_spec.text_of(masks.half("top", shape), "half-top") == "half-top"


def test_a_mask_of_another_shape_is_refused_with_both_sizes():
    wide, tall = ImageShape(1, 20, 36), ImageShape(1, 36, 20)
    text = mask_spec.text_of(masks.random(0.5, 1, wide))
    with pytest.raises(masks.MaskError, match="painted on an image of 20 × 36 pixels; here they have 36 × 20"):
        mask_spec.mask_of(text, tall)
    with pytest.raises(masks.MaskError, match="painted on an image of 28 × 28 pixels; here they have 20 × 36"):
        mask_spec.mask_of(mask_spec.text_of(masks.random(0.5, 1)), wide)


def test_an_address_of_a_painted_mask_made_before_other_shapes_still_reads():
    painted = masks.random(0.37, 9)
    old = "mask-" + base64.urlsafe_b64encode(np.packbits(painted).tobytes()).decode().rstrip("=")
    assert mask_spec.text_of(painted) == old and np.array_equal(mask_spec.mask_of(old), painted)


def test_bits_beyond_the_last_pixel_are_refused():
    shape = ImageShape(1, 9, 11)  # 99 pixels, 5 bits of 104 are left over
    text = "mask-9x11." + base64.urlsafe_b64encode(b"\xff" * 13).decode().rstrip("=")
    with pytest.raises(masks.MaskError, match="does not say what to hide"):
        mask_spec.mask_of(text, shape)


def test_the_middle_box_of_every_shape_lies_in_the_middle():
    for shape in (ImageShape(1, 28, 28), ImageShape(3, 32, 32), ImageShape(1, 20, 37), ImageShape(1, 8, 128)):
        hidden = np.argwhere(~mask_spec.mask_of(mask_spec.normal("box", shape), shape))
        assert np.array_equal(hidden.min(0) + hidden.max(0), [shape.height - 1, shape.width - 1])
        assert 0.1 < len(hidden) / shape.pixels < 0.26

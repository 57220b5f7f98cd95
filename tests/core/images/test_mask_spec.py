"""What is hidden, as a text: there and back, and what is refused."""

import numpy as np
import pytest

from core.images import mask_spec, masks


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
        ("box", mask_spec.BOX),
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
    assert mask_spec.text_of(masks.whole(), "half-left") == "" and mask_spec.words(masks.half("top")).startswith(
        "392 of 784"
    )

"""Masks: which pixels are hidden, counted and placed."""

import math

import numpy as np
import pytest

from core.images import masks
from core.images.masks import MaskError
from core.images.shape import ImageShape


@pytest.mark.parametrize("side", masks.SIDES)
def test_a_half_hides_every_second_pixel_of_one_side(side):
    rows, columns = np.indices((28, 28))
    hidden = {"left": columns < 14, "right": columns >= 14, "top": rows < 14, "bottom": rows >= 14}[side]
    visible = masks.half(side)
    assert visible.dtype == bool and np.array_equal(visible, ~hidden) and visible.sum() == 392


@pytest.mark.parametrize("side", masks.SIDES)
def test_a_half_of_an_image_that_is_neither_square_nor_even(side):
    rows, columns = np.indices((21, 35))
    hidden = {"left": columns < 17, "right": columns >= 17, "top": rows < 10, "bottom": rows >= 10}[side]
    assert np.array_equal(masks.half(side, ImageShape(3, 21, 35)), ~hidden)


def test_random_and_box_and_bytes_keep_to_the_shape():
    shape = ImageShape(1, 20, 36)
    visible = masks.random(0.3, 4, shape)
    assert visible.shape == (20, 36) and (~visible).sum() == round(0.3 * 720)
    assert np.array_equal(masks.from_bytes(masks.to_bytes(visible), shape), visible)
    with pytest.raises(MaskError, match="720 bytes of 0 or 1"):
        masks.from_bytes(bytes(784), shape)
    hidden = np.argwhere(~masks.box(18, 30, 10, 10, shape))
    assert hidden.min(0).tolist() == [18, 30] and hidden.max(0).tolist() == [19, 35] and len(hidden) == 12
    assert np.array_equal(masks.whole(shape), np.ones((20, 36), bool))


def test_opposite_halves_make_the_whole():
    for one, other in (("left", "right"), ("top", "bottom")):
        assert np.array_equal(masks.half(one) ^ masks.half(other), masks.whole())


def test_a_box_hides_height_times_width_pixels_where_it_stands():
    visible = masks.box(3, 5, 4, 6)
    assert (~visible).sum() == 24 and not visible[3, 5] and not visible[6, 10]
    assert visible[2, 5] and visible[3, 4] and visible[7, 10] and visible[6, 11]


@pytest.mark.parametrize(
    ("place", "count"),
    [
        ((-2, -3, 4, 6), 2 * 3),
        ((26, 20, 10, 10), 2 * 8),
        ((40, 0, 5, 5), 0),
        ((-9, 0, 5, 5), 0),
        ((0, 0, 0, 9), 0),
        ((-5, -5, 50, 50), 784),
    ],
)
def test_what_of_a_box_lies_outside_is_cut_off(place, count):
    assert (~masks.box(*place)).sum() == count


@pytest.mark.parametrize("p", [0, 0.1, 0.25, 0.5, 0.9, 1])
def test_random_hides_exactly_its_share(p):
    assert (~masks.random(p, seed=3)).sum() == round(784 * p)


def test_the_same_seed_hides_the_same_pixels_and_another_seed_others():
    assert np.array_equal(masks.random(0.3, 7), masks.random(0.3, 7))
    assert not np.array_equal(masks.random(0.3, 7), masks.random(0.3, 8))


def test_a_larger_share_hides_the_same_pixels_and_more():
    small, large = masks.random(0.2, 5), masks.random(0.6, 5)
    assert not (large & ~small).any()


def test_random_favours_no_pixel():
    hidden = sum((~masks.random(0.5, seed)).astype(int) for seed in range(400))
    sigma = math.sqrt(400 * 0.25)  # of a binomial count
    assert abs(hidden - 200).max() < 5 * sigma and 0.8 < hidden.std() / sigma < 1.2


def test_a_mask_survives_the_wire():
    visible = masks.random(0.37, 1)
    assert len(masks.to_bytes(visible)) == 784 and np.array_equal(masks.from_bytes(masks.to_bytes(visible)), visible)
    assert masks.from_bytes(bytes(784)).sum() == 0


@pytest.mark.parametrize("data", [b"", bytes(783), bytes(785), bytes(783) + b"\x02", b"\xff" * 784])
def test_bytes_that_are_no_mask_are_refused(data):
    with pytest.raises(MaskError, match="784 bytes of 0 or 1"):
        masks.from_bytes(data)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: masks.half("middle"),
        lambda: masks.box(0, 0, -1, 3),
        lambda: masks.random(1.01, 0),
        lambda: masks.random(-0.1, 0),
        lambda: masks.random(math.nan, 0),
        lambda: masks.random(0.5, -1),
    ],
)
def test_what_cannot_be_hidden_is_refused_in_a_sentence(wrong):
    with pytest.raises(MaskError, match=r"\.$"):
        wrong()

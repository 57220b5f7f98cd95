"""Pictures that are clearly unlike a training set's are noticed, and those of the set are not."""

import numpy as np
import pytest

from core import data
from core.images import likeness


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module")
def usual(digits):
    return likeness.measure(digits.train_images)


def test_what_is_usual_is_measured_on_the_pictures():
    pictures = np.zeros((4, 3, 4), np.uint8)
    pictures[1, 1, 1:3], pictures[2, 1, 1], pictures[3, 1, 1] = 255, 255, 255
    found = likeness.measure(pictures)
    brightness = [0, 2 * 255 / 12, 255 / 12, 255 / 12]
    assert found.ground == 0 and found.low[0] == pytest.approx(np.quantile(brightness, 0.005))
    assert found.high[0] == pytest.approx(np.quantile(brightness, 0.995)) and (found.low[2], found.high[2]) == (0, 0)
    # Distances to the nearest other one: an empty picture is one pixel away from pictures 2 and 3, which are alike.
    nearest = [np.sqrt(255**2 / 12), np.sqrt(255**2 / 12), 0, 0]
    assert found.distance == pytest.approx(np.quantile(nearest, 0.995), rel=1e-6)


def test_hardly_any_test_picture_is_unlike_the_training_pictures(digits, usual):
    found = [likeness.unlike(picture, usual) for picture in digits.test_images]
    assert sum(one is not None for one in found) <= 0.01 * len(found)


def test_what_was_changed_beyond_the_usual_is_named(digits, usual):
    pictures = digits.test_images[:20]
    assert {likeness.unlike(255 - picture, usual) for picture in pictures} == {("brightness", True)}
    assert likeness.unlike(np.zeros_like(pictures[0]), usual) == ("brightness", False)
    turned = np.roll(pictures, 14, axis=2)  # the two halves change places: as bright as before
    assert all(likeness.unlike(picture, usual) is not None for picture in turned)


def test_a_picture_far_from_every_training_picture_is_noticed_though_its_figures_are_usual():
    rng = np.random.default_rng(0)
    bar = np.zeros((60, 16, 16), np.uint8)
    for picture, row in zip(bar, rng.integers(6, 9, 60), strict=True):
        picture[row, 3:13] = rng.integers(200, 256)
    upright = bar[:1].transpose(0, 2, 1)[0]
    assert likeness.unlike(upright, likeness.measure(bar)) == ("distance", True)


def test_colour_pictures_are_compared_as_they_are():
    rng = np.random.default_rng(1)
    red = np.zeros((80, 8, 8, 3), np.uint8)
    red[..., 0] = rng.integers(90, 110, (80, 8, 8))
    usual = likeness.measure(red)
    assert likeness.unlike(red[3], usual) is None
    assert likeness.unlike(red[3][..., ::-1], usual) is not None

"""The shapes that the lab draws: areas, places and colours computed by other means, and factors beside their images."""

import hashlib
import math

import numpy as np
import pytest

from core import data
from core.data import fingerprint, leaving_out, shapes
from core.data.fingerprint import digests, keys
from core.images.shape import ImageShape
from core.recipes.recipe import Recipe, RecipeError

GREY = ImageShape(1, 32, 32)


@pytest.fixture(scope="module")
def images():
    return data.load("shapes", shape=ImageShape(3, 16, 16))


def one(kind=0, hue=0, scale=5, angle=0, x=16, y=16, shape=GREY):
    return shapes.draw(np.array([[kind, hue, scale, angle, x, y]]), shape)[0]


@pytest.mark.parametrize(
    "kind, area",
    [
        (0, 2.0),
        (1, math.pi / 2),
        (2, (10 / 13) ** 2 * (2 + math.pi / 2)),  # the square and, beyond its sides, two halves of a disc
        (3, 3 * math.sqrt(3) / 4),
    ],
)
@pytest.mark.parametrize("scale, angle", [(5, 0), (2, 5)])
def test_an_object_covers_the_area_that_geometry_gives_it(kind, area, scale, angle):
    radius = 32 / 4 * shapes.SIZES[scale] / 10
    assert one(kind, 0, scale, angle).sum() / 255 == pytest.approx(area * radius**2, rel=0.02)


def test_a_pixel_at_an_edge_is_as_light_as_the_part_of_it_that_is_covered():
    picture = one(0, 0, 5, 3).astype(float)  # a square turned by 45 degrees: its edges are diagonals
    assert ((picture > 0) & (picture < 255)).sum() > 20
    rows, columns = np.mgrid[0 : 32 * 16, 0 : 32 * 16]
    centre = [np.average(axis, weights=picture) + 0.5 for axis in np.mgrid[0:32, 0:32]]
    inside = np.abs((rows + 0.5) / 16 - centre[0]) + np.abs((columns + 0.5) / 16 - centre[1]) <= 8
    exact = inside.reshape(32, 16, 32, 16).mean((1, 3)) * 255
    assert np.abs(picture - exact).max() < 255 * 0.07


@pytest.mark.parametrize("x, y", [(0, 31), (7, 20)])
def test_the_centre_lies_where_the_factors_say_and_the_object_is_whole(x, y):
    picture = one(1, 0, 5, 0, x, y, ImageShape(1, 32, 48)).astype(float)
    middle = [np.average(axis, weights=picture) + 0.5 for axis in np.mgrid[0:32, 0:48]]
    wanted = [32 * 0.27 + (32 - 64 * 0.27) * y / 31, 32 * 0.27 + (48 - 64 * 0.27) * x / 31]
    assert middle == pytest.approx(wanted, abs=0.13)
    centred = one(1, 0, 5, 0, 16, 16, ImageShape(1, 32, 48)).astype(float)
    assert picture.sum() == pytest.approx(centred.sum(), rel=0.005), "nothing of it is cut off"


def test_kinds_look_the_same_again_after_their_own_turn_and_not_before():
    for kind, repeat in enumerate(shapes.REPEATS):
        looks = [one(kind, angle=angle).tobytes() for angle in range(shapes.TURNS)]
        assert len(set(looks)) == repeat and looks[:repeat] * (shapes.TURNS // repeat) == looks


def test_a_hue_is_that_of_the_colour_circle():
    from PIL import Image

    for hue in range(shapes.HUES):
        picture = one(hue=hue, shape=ImageShape(3, 32, 32))
        middle = Image.fromarray(picture[14:15, 14:15]).convert("HSV").getpixel((0, 0))
        assert middle[0] / 256 == pytest.approx(hue / shapes.HUES, abs=0.01) and middle[2] == 255
        assert np.array_equal(picture.max(axis=2), one(hue=hue)), "the strongest channel is the grey picture"


def test_the_pixels_are_the_same_on_every_machine(images):
    assert hashlib.sha256(images.train_images.tobytes()).hexdigest()[:16] == "fa0ed91648a25b1e"
    assert hashlib.sha256(images.factors.test.astype("<i8").tobytes()).hexdigest()[:16] == "4d10331a421a273d"


def test_factors_are_independent_and_uniform_and_no_test_image_is_a_training_image(images):
    found = images.factors
    assert (len(found.train), len(found.test)) == (10_000, 2_000)
    for column, factor in enumerate(found.about):
        counts = np.bincount(found.train[:, column], minlength=len(factor.values))
        expected = 10_000 / len(factor.values)
        assert ((counts - expected) ** 2 / expected).sum() < 3 * len(factor.values)
    assert np.abs(np.corrcoef(found.train.T) - np.eye(len(found.about))).max() < 0.04
    assert not set(keys(digests(images.train_images))) & set(keys(digests(images.test_images)))


def test_the_factors_belong_to_the_images_and_the_class_is_the_kind(images):
    assert np.array_equal(images.train_labels, images.factors.train[:, 0])
    picked = images.factors.train[:50]
    assert np.array_equal(shapes.draw(picked, images.shape), images.train_images[:50])
    grey = data.load("shapes", shape=ImageShape(1, 16, 16))
    assert [factor.name for factor in grey.factors.about] == ["kind", "scale", "angle", "x", "y"]
    assert np.array_equal(grey.train_images, images.train_images.max(axis=3)), "the same pictures without hue"
    assert np.array_equal(grey.factors.train, images.factors.train[:, [0, 2, 3, 4, 5]])


def test_factors_stay_with_their_images_when_classes_are_left_out_or_images_arranged(images):
    rest = leaving_out.without(images, ("heart",))
    assert set(rest.train_labels) == {0, 1, 3}
    assert np.array_equal(rest.factors.train[:, 0], rest.train_labels)
    assert np.array_equal(shapes.draw(rest.factors.test[:40], rest.shape), rest.test_images[:40])
    then = fingerprint.Fingerprint(
        *(array[::-1][:300] for array in vars(fingerprint.fingerprint_of(images)).values() if len(array)),
        held_out=np.array([], np.int32),
    )
    back = fingerprint.arrange(images, then)
    assert np.array_equal(shapes.draw(back.factors.train, back.shape), back.train_images)
    assert np.array_equal(shapes.draw(back.factors.test, back.shape), back.test_images)


def test_a_row_of_the_sheet_differs_in_its_factor_alone(images):
    for factor, pictures in zip(images.factors.about, images.factors.sheet, strict=True):
        assert pictures.shape[1:] == images.shape.picture and 4 <= len(pictures) <= shapes.SHOWN
        assert len(set(keys(digests(pictures)))) == len(pictures), factor.name


@pytest.mark.parametrize("size", [(1, 15, 32), (3, 32, 65)])
def test_sizes_that_the_shapes_do_not_have_are_refused_in_a_sentence(size):
    said = "The images of Shapes are 16 to 64 pixels high and wide, not"
    with pytest.raises(data.DataError, match=said):
        data.load("shapes", shape=ImageShape(*size))
    with pytest.raises(RecipeError, match=f"^image_shape: {said}"):
        Recipe(dataset="shapes", image_shape=size)

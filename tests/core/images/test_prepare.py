"""Preparation of pictures from elsewhere: what it makes of digits that were turned, shaded, moved and shrunk."""

import numpy as np
import pytest
from scipy import ndimage
from sklearn.neighbors import KNeighborsClassifier

from core import data
from core.data import statistics
from core.data.registry import SOURCES
from core.images import prepare
from core.images.framing import STROKES, THINGS, WHOLE, Framing
from core.images.shape import GREY_28, ImageShape

MNIST = SOURCES["mnist"].framing
SEVEN = np.zeros((60, 40), np.float32)
SEVEN[5:10, 5:35] = 1.0
for _k in range(50):
    SEVEN[5 + _k, 30 - _k // 3 : 35 - _k // 3] = 1.0


def photo(ink: np.ndarray, seed: int, side: int = 140, shadow: bool = False) -> np.ndarray:
    """A photo of dark strokes on a sheet of paper: small, anywhere, in light that falls off to one side, with noise.

    ink: floats 0 to 1 [h, w]. shadow: whether a sharp shadow lies over part of the sheet.
    """
    rng = np.random.default_rng(seed)
    sheet = np.zeros((side, side))
    digit = np.clip(ndimage.zoom(ink, side * rng.uniform(0.35, 0.7) / max(ink.shape), order=1), 0.0, 1.0)
    top, left = (int(rng.integers(0, side - length + 1)) for length in digit.shape)
    sheet[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    rows, columns = np.mgrid[:side, :side] / side
    angle = rng.uniform(0, 2 * np.pi)
    light = 0.75 + 0.5 * (np.cos(angle) * (rows - 0.5) + np.sin(angle) * (columns - 0.5)) / np.sqrt(2)
    paper = 0.85 * (1 - 0.75 * sheet) * light
    if shadow:
        paper[:, : int(side * rng.uniform(0.3, 0.7))] *= 0.6
    return np.clip(255 * (paper + rng.normal(0, 0.02, paper.shape)), 0, 255).astype(np.uint8)


def small(picture: np.ndarray) -> np.ndarray:
    """A photo shrunk to 28 × 28 pixels and inverted, without any other preparation."""
    return 255 - ndimage.zoom(ndimage.uniform_filter(picture.astype(float), 7), 28 / picture.shape[0], order=1)


def test_digits_in_photos_are_recognised_as_well_as_the_scanned_ones_and_hardly_without_it(mnist):
    images = mnist
    nearest = KNeighborsClassifier(3).fit(images.train_images[:3000].reshape(3000, -1), images.train_labels[:3000])
    digits, labels = images.test_images[:20], images.test_labels[:20]

    def right(pictures) -> int:
        return int((nearest.predict(np.stack(pictures).reshape(len(labels), -1)) == labels).sum())

    photos = [photo(digit / 255, k, shadow=k % 2 > 0) for k, digit in enumerate(digits)]
    made = [prepare.prepare(one, GREY_28, MNIST).picture for one in photos]
    assert right(digits) >= 18
    assert right([small(one) for one in photos]) <= 8, "they are not easy"
    assert right(made) >= right(digits) - 1
    assert right([prepare.prepare(255 - digit, GREY_28, MNIST).picture for digit in digits]) >= right(digits) - 1


def test_what_lies_as_mnist_does_comes_back_as_it_is_and_the_stated_framing_is_the_measured_one(mnist):
    images = mnist
    assert all(np.array_equal(prepare.prepare(one, GREY_28, MNIST).picture, one) for one in images.test_images[:100])
    measured = statistics.framing("mnist", GREY_28, images)
    assert (measured.kind, measured.ground, measured.ink, measured.by_mass) == (STROKES, 0, 255, True)
    assert measured.box == MNIST.box and measured.centre == pytest.approx(MNIST.centre, abs=0.003)
    assert measured.thickness == pytest.approx(MNIST.thickness, abs=0.002)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dark", [True, False])
def test_a_stroke_fills_the_box_of_mnist_with_its_centre_of_mass_in_its_place(seed, dark):
    source = photo(SEVEN, seed)
    made = prepare.prepare(source if dark else 255 - source, GREY_28, MNIST)
    picture = made.picture
    rows, columns = (np.flatnonzero(picture.max(axis) > 60) for axis in (1, 0))
    assert 19 <= np.ptp(rows) + 1 <= 21 and np.ptp(columns) < 20
    # Moved by whole pixels: half a pixel to either side.
    assert np.array(ndimage.center_of_mass(picture)) + 0.5 == pytest.approx(np.array(MNIST.centre) * 28, abs=0.56)
    assert picture.max() == 255 and np.median(picture) == 0
    assert ("Dark on light: inverted" in made.did) == dark


def test_one_of_several_marks_is_cropped_to_and_specks_and_edges_are_left_out():
    sheet = np.full((150, 300), 200, np.uint8)
    sheet[40:110, 40:50] = 20  # a one
    sheet[50:100, 150:200] = 20
    sheet[60:90, 160:190] = 200  # a square ring
    sheet[:, :6] = 0  # the edge of the sheet
    sheet[20, 250] = 0  # a speck
    ring, one = (prepare.prepare(sheet, GREY_28, MNIST, mark=k) for k in (None, 0))
    assert ring.marks == one.marks == 2
    assert np.array(ring.box) * (150, 300, 150, 300) == pytest.approx(np.array([50, 150, 100, 200]), abs=3)
    assert np.array(one.box) * (150, 300, 150, 300) == pytest.approx(np.array([40, 40, 110, 50]), abs=3)
    assert "Cropped to 1 of 2 marks" in one.did
    assert (one.mark, ring.mark) == (0, 1), "the largest is the second in the line"
    assert prepare.prepare(sheet, GREY_28, MNIST, mark=9).box == ring.box
    two_lines = np.concatenate([sheet, sheet])
    boxes = [prepare.prepare(two_lines, GREY_28, MNIST, mark=k).box for k in range(4)]
    assert [(top > 0.5, left > 0.4) for top, left, _, _ in boxes] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_thin_strokes_become_as_thick_as_the_set_s_and_each_step_can_be_left_out():
    sheet = np.full((200, 200), 230, np.uint8)
    sheet[40:160, 99:101] = 30
    columns = {}
    for name, steps in (("all", None), ("thin", ("light", "crop", "centre")), ("raw", ("crop",))):
        columns[name] = prepare.prepare(sheet, GREY_28, MNIST, steps).picture.astype(float)
    widths = {name: picture[8:20].mean(0).sum() / 255 for name, picture in columns.items()}
    assert widths["all"] == pytest.approx(0.85 * 2.6, abs=0.3), "MNIST's strokes are 2.6 pixels wide"
    assert widths["thin"] < 1.7
    assert columns["raw"].max() < 240, "the contrast is left as it was"
    whole = prepare.prepare(sheet, GREY_28, MNIST, ()).picture
    assert whole[5, 14] < whole[14, 14] and abs(int(whole[0, 0]) - 25) <= 1, "turned, and shrunk as a whole"
    kept = prepare.prepare(sheet, GREY_28, MNIST, (), ink="light").picture
    assert abs(int(kept[0, 0]) - 230) <= 1, "the visitor says that the paper is the ink"


def test_an_empty_sheet_is_empty_ground_and_is_said_to_be():
    made = prepare.prepare(np.full((80, 50), 180, np.uint8), GREY_28, MNIST)
    assert not made.found and not made.picture.any()


def test_the_framing_is_measured_and_decides_what_is_done():
    rng = np.random.default_rng(0)
    photos = rng.integers(0, 256, (30, 32, 32, 3), np.uint8)
    assert prepare.measure(photos) == Framing(WHOLE) == prepare.measure(photos[:0])
    things = np.full((40, 24, 30, 3), 250, np.uint8)
    for k, one in enumerate(things):
        one[4:20, 3 + k % 3 : 25 + k % 3] = (40, 90, 160)
    found = prepare.measure(things)
    assert (found.kind, found.ground, found.by_mass) == (THINGS, 250, False)
    assert found.box == pytest.approx((16 / 24, 22 / 30)) and found.centre == pytest.approx((0.5, 15 / 30), abs=0.01)
    shape = ImageShape(3, 24, 30)
    big = np.full((300, 200, 3), 250, np.uint8)
    big[20:180, 30:140] = (40, 90, 160)
    made = prepare.prepare(big, shape, found).picture
    rows, columns = (np.flatnonzero((made[..., 0] < 150).any(axis)) for axis in (1, 0))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (16, 11) and rows[0] == 4, "as high as the box, centred"
    whole = prepare.prepare(photos[0], ImageShape(3, 16, 16), Framing(WHOLE))
    assert whole.picture.shape == (16, 16, 3) and whole.did == ()


def test_digits_of_scikit_learn_are_strokes_and_lie_well_in_their_own_framing():
    images = data.load("digits")
    framing = statistics.framing("digits", images.shape, images)
    assert framing.kind == STROKES and framing.ground == 0
    assert statistics.framing("digits", images.shape, None) == Framing(WHOLE), "nothing is stated without its images"
    made = prepare.prepare(photo(images.test_images[3] / 255, 1), images.shape, framing).picture
    assert np.corrcoef(made.ravel(), images.test_images[3].ravel())[0, 1] > 0.8

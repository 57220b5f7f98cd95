"""`shapes`: pictures of one object with known factors of variation, drawn by the lab itself.

In the manner of dSprites (Matthey et al. 2017, https://github.com/google-deepmind/dsprites-dataset) and 3D Shapes
(Burgess & Kim 2018, https://github.com/google-deepmind/3d-shapes): every image is a function of a few factors whose
values were drawn independently, so that one can measure whether a latent space separates them. Everything is computed
in whole numbers: the pixels are the same on every machine.
"""

from __future__ import annotations

import colorsys
import math
from functools import lru_cache

import numpy as np

from core.data.factors import Factor, Factors
from core.data.image_set import ImageSet
from core.data.registry import SOURCES
from core.images.shape import ImageShape

KINDS = ("square", "ellipse", "heart", "triangle")
TURNS, HUES, PLACES = 24, 10, 32
"""Values of the angle (15° apart), the hue (36° apart) and of each coordinate of the centre."""

REPEATS = (TURNS // 4, TURNS // 2, TURNS, TURNS // 3)
"""Turns after which a kind looks the same again: square 90°, ellipse 180°, heart 360°, triangle 120°."""

SIZES = (5, 6, 7, 8, 9, 10)
"""Values of the scale, in tenths of the largest one."""

KIND = Factor("kind", "categorical", KINDS)
HUE = Factor("hue", "circular", tuple(f"{360 * i // HUES}" for i in range(HUES)), "°")
OTHERS = (
    Factor("scale", "ordinal", tuple(f"{size / SIZES[-1]:.1f}" for size in SIZES)),
    Factor("angle", "circular", tuple(f"{360 * i // TURNS}" for i in range(TURNS)), "°", REPEATS),
    Factor("x", "ordinal", tuple(str(i) for i in range(PLACES))),
    Factor("y", "ordinal", tuple(str(i) for i in range(PLACES))),
)
"""x runs from left to right, y from top to bottom."""

ALL = (KIND, HUE, *OTHERS)

FINE = 8
"""Sample points along each side of a pixel: the share of the 8 × 8 points inside the object is the pixel's coverage."""

UNIT = 1 << 14
"""Whole number that stands for 1 in coordinates of the object."""

RADIUS, MARGIN = (1, 4), (27, 100)
"""Radius of the largest object and least distance of a centre from the edge, as fractions of the shorter side."""

SHOWN = 10
"""Values of a factor that its row of the sheet shows, at most."""

_SHEET = (2, 6, 4, 0, 16, 16)
"""Values of the picture whose factors the sheet varies."""


@lru_cache(maxsize=4)
def make(shape: ImageShape) -> ImageSet:
    """12,000 images, 10,000 of them training images; the class is the object's kind.

    The values of all factors are drawn independently and uniformly. No test image is also a training image. In grey,
    all objects are white, and there is no hue.
    """
    source = SOURCES["shapes"]
    train, test = _values(source.train, source.images - source.train)
    shown = [column for column in range(len(ALL)) if shape.colour or ALL[column] is not HUE]
    factors = Factors(
        tuple(ALL[column] for column in shown),
        train[:, shown],
        test[:, shown],
        tuple(draw(_varied(column), shape) for column in shown),
    )
    return ImageSet(
        "shapes", draw(train, shape), train[:, 0].copy(), draw(test, shape), test[:, 0].copy(), KINDS, factors=factors
    )


def draw(values: np.ndarray, shape: ImageShape) -> np.ndarray:
    """Pictures of objects with these values of kind, hue, scale, angle, x and y, `int64` [N, 6]: `uint8` [N, …].

    The shares of the pixels that an object covers come from one mask for each kind, scale and angle on a grid of 8 × 8
    points a pixel, summed in two dimensions beforehand: the points within a pixel are then a difference of four sums
    (a summed-area table, Crow 1984).
    """
    side = min(shape.height, shape.width)
    half = FINE * (side * RADIUS[0] // RADIUS[1] + 1)  # half the side of a mask, in sample points
    kinds, hues, sizes, turns, columns, rows = values.T
    looks = (kinds * len(SIZES) + sizes) * TURNS + turns % np.array(REPEATS)[kinds]
    edges_x = _edges(columns, shape.width, side, half)
    edges_y = _edges(rows, shape.height, side, half)
    covered = np.empty((len(values), shape.height, shape.width), np.uint8)
    order = np.argsort(looks, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(looks[order])) + 1):
        if not len(members):
            continue
        first = members[0]
        sums = _summed(mask(int(kinds[first]), int(sizes[first]), int(turns[first]), side, half))
        corners = sums[edges_y[members][:, :, None], edges_x[members][:, None, :]]
        covered[members] = np.diff(np.diff(corners, axis=1), axis=2)
    shares = np.arange(FINE * FINE + 1)
    if not shape.colour:
        return _levels(shares, np.array(255))[covered]
    table = _levels(shares, _colours()[..., None])  # [hues, 3, shares]
    pictures = np.empty((*covered.shape, 3), np.uint8)
    for hue in np.unique(hues):
        members = np.flatnonzero(hues == hue)
        pictures[members] = table[hue].T[covered[members]]
    return pictures


def _levels(shares: np.ndarray, full: np.ndarray) -> np.ndarray:
    """Levels of pixels of which so many of the 64 points are inside, rounded: `uint8`."""
    whole = FINE * FINE
    rounded: np.ndarray = (shares * full + whole // 2) // whole
    return rounded.astype(np.uint8)


def mask(kind: int, size: int, turn: int, side: int, half: int) -> np.ndarray:
    """Which of 2·`half` × 2·`half` sample points around the centre lie inside the object, bool; rows run downwards.

    An object of the largest scale touches a circle whose radius is a quarter of `side` pixels.
    """
    angle = turn % REPEATS[kind] * 2 * math.pi / TURNS
    cosine, sine = round(math.cos(angle) * UNIT), round(math.sin(angle) * UNIT)
    points = 2 * np.arange(2 * half) + 1 - 2 * half  # odd: in halves of the distance between two points
    across, up = points[None, :], -points[:, None]
    u, v = cosine * across + sine * up, cosine * up - sine * across  # turned back by the angle
    radius = UNIT * 2 * FINE * side * RADIUS[0] * SIZES[size] // (RADIUS[1] * SIZES[-1])
    inside: np.ndarray = (_square, _ellipse, _heart, _triangle)[kind](u, v, radius)
    return inside


def _square(u: np.ndarray, v: np.ndarray, radius: int) -> np.ndarray:
    """Its corners lie on the circle."""
    inside: np.ndarray = 2 * np.maximum(np.abs(u), np.abs(v)) ** 2 <= radius**2
    return inside


def _ellipse(u: np.ndarray, v: np.ndarray, radius: int) -> np.ndarray:
    """Twice as wide as high."""
    inside: np.ndarray = u**2 + 4 * v**2 <= radius**2
    return inside


def _heart(u: np.ndarray, v: np.ndarray, radius: int) -> np.ndarray:
    """A square on its corner, and a disc over each of its upper sides."""
    h = 10 * radius // 13  # from the square's middle to a corner; the whole then fits into the circle
    u, v = np.abs(u), v + h // 5
    inside: np.ndarray = (u + np.abs(v) <= h) | ((2 * u - h) ** 2 + (2 * v - h) ** 2 <= 2 * h**2)
    return inside


def _triangle(u: np.ndarray, v: np.ndarray, radius: int) -> np.ndarray:
    """Three equal sides, its corners on the circle, one of them on top."""
    root = round(math.sqrt(0.75) * UNIT)
    inside: np.ndarray = (2 * v >= -radius) & (2 * (root * np.abs(u) // UNIT) + v <= radius)
    return inside


def _summed(inside: np.ndarray) -> np.ndarray:
    """Number of points above and left of each corner of the grid, int32 [rows + 1, columns + 1]."""
    sums = np.zeros((inside.shape[0] + 1, inside.shape[1] + 1), np.int32)
    inside.cumsum(0, dtype=np.int32).cumsum(1, out=sums[1:, 1:])
    return sums


def _edges(places: np.ndarray, length: int, side: int, half: int) -> np.ndarray:
    """Corners of the mask's grid that belong to the edges of the pixels along one side, int64 [N, length + 1].

    Args:
        places: number of the place of each centre. length: pixels along that side.
    """
    margin = FINE * side * MARGIN[0] // MARGIN[1]
    centres = margin + (FINE * length - 2 * margin) * places // (PLACES - 1)
    edges: np.ndarray = np.clip(FINE * np.arange(length + 1) - centres[:, None] + half, 0, 2 * half)
    return edges


def _colours() -> np.ndarray:
    """Red, green and blue of each hue at full value and two thirds of the saturation, `int64` [10, 3]."""
    return np.array([[round(255 * c) for c in colorsys.hsv_to_rgb(i / HUES, 2 / 3, 1.0)] for i in range(HUES)])


def _values(train: int, test: int) -> tuple[np.ndarray, np.ndarray]:
    """Values of the factors of the training and of the test images, `int64` [N, 6]."""
    draws = np.random.RandomState(0)  # numpy promises never to change its numbers
    drawn = np.stack([draws.randint(0, len(factor.values), train + 2 * test, np.int64) for factor in ALL], axis=1)
    looks = drawn.copy()
    looks[:, 1] = 0  # in grey, images that differ in their hue alone are the same
    looks[:, 3] %= np.array(REPEATS)[looks[:, 0]]
    names = np.ravel_multi_index(tuple(looks.T), [len(factor.values) for factor in ALL])
    fresh = np.flatnonzero(~np.isin(names[train:], names[:train])) + train
    return drawn[:train], drawn[fresh[:test]]


def _varied(column: int) -> np.ndarray:
    """Values of the sheet's picture with one factor varied, `int64` [K, 6]."""
    number = len(ALL[column].values)
    shown = np.unique(np.linspace(0, number - 1, min(SHOWN, number)).round().astype(np.int64))
    if ALL[column].kind == "circular" and number > SHOWN:  # the last value is next to the first
        shown = np.arange(SHOWN) * number // SHOWN
    values = np.tile(np.array(_SHEET, np.int64), (len(shown), 1))
    values[:, column] = shown
    return values

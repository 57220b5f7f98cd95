"""Whether a picture from elsewhere looks like the pictures of a training set, by a few cheap figures of each.

A model can only be asked about pictures such as it was trained on. This notices those that are clearly not: too bright,
too much content, content at the edge, or far from every training picture. What passes may still be unlike them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COMPARED = 1_000
"""Pictures of a set that others are compared with, at most."""

RARE = 0.005
"""Share of a set's pictures beyond either end of what is usual in it."""

BEYOND = 0.5
"""How far beyond that end, as a part of the usual range, a picture counts as unlike the set's."""

FARTHER = 1.6
"""How much farther than usual from its nearest training picture a picture counts as unlike the set's."""

FIGURES = ("brightness", "content", "edge")
"""Figures of a picture, in the order of `_figures`: mean level, share of pixels unlike the set's ground, and the mean
difference from that ground along the picture's edge."""

CONTENT = 48.0
"""Grey levels from the ground from which a pixel belongs to the content."""


@dataclass(frozen=True, eq=False)
class Usual:
    """What is usual in a set.

    Attributes:
        ground: its grey level of the ground. low, high: range of each of `FIGURES`, without the rarest pictures.
        pictures: some of its pictures, float32 [N, pixels]. distance: root mean squared difference per pixel from its
            nearest other one that all but the rarest pictures stay below.
    """

    ground: float
    low: np.ndarray
    high: np.ndarray
    pictures: np.ndarray
    distance: float


def measure(pictures: np.ndarray) -> Usual:
    """What is usual in a set of pictures, uint8 [N, H, W] or [N, H, W, 3] with N of at least 2."""
    some = pictures[np.linspace(0, len(pictures) - 1, min(COMPARED, len(pictures))).astype(int)]
    ground = float(np.median(_edges(some)))
    figures = _figures(some, ground)
    flat = some.reshape(len(some), -1).astype(np.float32)
    apart = _squared_distances(flat, flat)
    np.fill_diagonal(apart, np.inf)
    nearest = np.sqrt(apart.min(1) / flat.shape[1])
    low, high = np.quantile(figures, [RARE, 1 - RARE], axis=0)
    return Usual(ground, low, high, flat, float(np.quantile(nearest, 1 - RARE)))


def unlike(picture: np.ndarray, usual: Usual) -> tuple[str, bool] | None:
    """In which figure a picture, uint8 [H, W] or [H, W, 3], is clearly unlike a set's, and whether it has more of it:
    one of `FIGURES`, or `distance` where only its nearest training picture is too far; None where it is like them."""
    figures = _figures(picture[None], usual.ground)[0]
    room = BEYOND * (usual.high - usual.low)
    for name, value, low, high in zip(FIGURES, figures, usual.low - room, usual.high + room, strict=True):
        if value < low or value > high:
            return name, bool(value > high)
    flat = picture.reshape(1, -1).astype(np.float32)
    nearest = float(np.sqrt(_squared_distances(flat, usual.pictures).min() / flat.shape[1]))
    return ("distance", True) if nearest > FARTHER * usual.distance else None


def _edges(pictures: np.ndarray) -> np.ndarray:
    """The pixels along the edge of each picture, float [N, pixels]."""
    sides = (pictures[:, 0], pictures[:, -1], pictures[:, 1:-1, 0], pictures[:, 1:-1, -1])
    return np.concatenate([side.reshape(len(pictures), -1) for side in sides], axis=1).astype(np.float32)


def _figures(pictures: np.ndarray, ground: float) -> np.ndarray:
    """`FIGURES` of pictures, [N, 3]."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    content = (np.abs(flat - ground) > CONTENT).mean(1)
    return np.stack([flat.mean(1), content, np.abs(_edges(pictures) - ground).mean(1)], axis=1)


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distances between the rows of a [N, D] and b [M, D]: float32 [N, M]."""
    apart = np.square(a).sum(1)[:, None] + np.square(b).sum(1)[None] - 2 * (a @ b.T)
    return np.asarray(np.maximum(apart, 0.0), np.float32)

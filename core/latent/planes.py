"""Planes through a latent space: which two directions, how far they reach, and how much of one shows a class.

Points are numpy arrays [N, d] in float32, in units u of `axes.Axes` where nothing else is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.latent.axes import Axes
from core.latent.pca import principal_directions

if TYPE_CHECKING:
    from core.models.base import LatentModel

CONFIDENT_PROBABILITY = 0.9
"""A classifier is sure of a picture whose most likely class has at least this probability."""

MIN_CLASS_SHARE = 0.01
"""A class counts as covered when at least this share of all draws surely shows it: one in a hundred is no accident."""


@dataclass(frozen=True)
class PlaneAxes:
    """Two directions, of which every point has two coordinates.

    Attributes:
        names: what they are called.
        step: what a step of 1 along each adds to u, [2, d].
        read: coordinates of u are u @ read.T, [2, d]. A step along one direction changes the other's coordinate by
            nothing: step @ read.T is the identity.
    """

    names: tuple[str, str]
    directions: np.ndarray
    dual: np.ndarray

    def coordinates(self, u: np.ndarray) -> np.ndarray:
        """[N, 2] of points [N, d]."""
        return np.asarray(u, np.float32) @ self.dual.T

    def grid(self, u: np.ndarray, span: float, n: int) -> np.ndarray:
        """An n × n grid over ± `span`, row by row from the top, through u [d]: what of u lies across the plane stays,
        [n², d]."""
        u = np.asarray(u, np.float32)
        rest = u - self.coordinates(u[None])[0] @ self.directions
        along = np.linspace(-span, span, n, dtype=np.float32)
        right, up = np.meshgrid(along, along[::-1])
        return (rest + np.stack([right.ravel(), up.ravel()], axis=1) @ self.directions).astype(np.float32)


def dimension_plane(i: int, j: int, d: int) -> PlaneAxes:
    """Two of the d latent dimensions: i to the right, j upwards."""
    unit = np.eye(d, dtype=np.float32)[[i, j]]
    return PlaneAxes((f"z{i}", f"z{j}"), unit, unit)


def principal_plane(model: LatentModel, axes: Axes) -> PlaneAxes:
    """The two directions in which the training latents spread most, as `directions` finds them.

    A step is one unit of z where there is a prior N(0, I), so that its circles stay circles; else one standard
    deviation of the latents along that direction, as for single dimensions.
    """
    vectors, variances, _ = principal_directions(model.latent_cov.detach().cpu().numpy())
    width = np.ones(2) if model.has_prior else np.sqrt(np.clip(variances, 1e-12, None))
    step = width[:, None] * vectors.T / axes.scale
    read = vectors.T * axes.scale / width[:, None]
    return PlaneAxes(("PC 1", "PC 2"), step.astype(np.float32), read.astype(np.float32))


def principal_share(model: LatentModel) -> float:
    """The share of the training latents' variance that lies along the two principal directions, 0 to 1."""
    return principal_directions(model.latent_cov.detach().cpu().numpy())[2]


def window(z: np.ndarray, least: float = 3.0, share: float = 0.995) -> tuple[np.ndarray, float]:
    """A square (its centre [2], half its side) that holds the circle of radius `least` round zero and all but the
    outermost points of z [N, 2]: prior and latents on one picture, each at its true size."""
    low, high = np.full(2, -least), np.full(2, least)
    if len(z):
        rest = (1.0 - share) / 2
        edges = np.quantile(np.asarray(z, np.float64), [rest, 1.0 - rest], axis=0)
        low, high = np.minimum(low, edges[0]), np.maximum(high, edges[1])
    centre = (low + high) / 2
    return centre, float((high - low).max() / 2)


def lattice(centre: np.ndarray, half: float, n: int) -> np.ndarray:
    """An n × n grid of points of a plane over a window, row by row from the top: float32 [n², 2]."""
    along = np.linspace(-half, half, n)
    right, up = np.meshgrid(centre[0] + along, centre[1] + along[::-1])
    return np.stack([right.ravel(), up.ravel()], axis=1).astype(np.float32)


@dataclass(frozen=True)
class Coverage:
    """What a classifier makes of `draws` pictures: the share it is sure of, and how many of `of` classes they cover."""

    sure: float
    classes: int
    of: int
    draws: int


def coverage(p: np.ndarray) -> Coverage:
    """From probabilities [N, classes] of N pictures; see `SURE` and `LEAST`."""
    surely = p.max(1) >= CONFIDENT_PROBABILITY
    counts = np.bincount(p.argmax(1)[surely], minlength=p.shape[1])
    return Coverage(float(surely.mean()), int((counts >= max(1, MIN_CLASS_SHARE * len(p))).sum()), p.shape[1], len(p))

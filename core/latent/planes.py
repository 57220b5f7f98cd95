"""Planes through a latent space: their two directions, a window and a grid on them, and the classes they cover.

Points are numpy arrays [N, d] in float32, in units of σ (`axes.Axes`) where nothing else is stated.
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
"""A picture counts as clearly classified when its most likely class has at least this probability."""

MIN_CLASS_SHARE = 0.01
"""A class counts as covered when at least this share of all draws is clearly classified as that class."""


@dataclass(frozen=True)
class PlaneAxes:
    """Two directions that span a plane.

    Attributes:
        names: of the directions.
        directions: [2, d]; a step of 1 along a direction adds its row to a point.
        dual: dual basis [2, d]; the coordinates of a point are point @ dual.T. `directions @ dual.T` is the identity.
    """

    names: tuple[str, str]
    directions: np.ndarray
    dual: np.ndarray

    def coordinates(self, points: np.ndarray) -> np.ndarray:
        """Coordinates [N, 2] of points [N, d]."""
        return np.asarray(np.asarray(points, np.float32) @ self.dual.T)

    def grid(self, point: np.ndarray, span: float, n: int) -> np.ndarray:
        """n × n points of the plane through `point` [d], coordinates from −`span` to `span`, row by row from the top:
        float32 [n², d]. The part of `point` perpendicular to the plane is kept."""
        point = np.asarray(point, np.float32)
        offset = point - self.coordinates(point[None])[0] @ self.directions
        along = np.linspace(-span, span, n, dtype=np.float32)
        right, up = np.meshgrid(along, along[::-1])
        return np.asarray(offset + np.stack([right.ravel(), up.ravel()], axis=1) @ self.directions, np.float32)


def dimension_plane(i: int, j: int, d: int) -> PlaneAxes:
    """The plane of two of the d latent dimensions: i to the right, j upwards."""
    unit = np.eye(d, dtype=np.float32)[[i, j]]
    return PlaneAxes((f"z{i}", f"z{j}"), unit, unit)


def principal_plane(model: LatentModel, axes: Axes) -> PlaneAxes:
    """The plane of the two principal directions of the training latents.

    With a prior N(0, I) a step of 1 is one unit of z, so that circles of equal density stay circles; otherwise it is
    one standard deviation of the latents along that direction, as for single dimensions.
    """
    vectors, variances, _ = principal_directions(model.latent_cov.detach().cpu().numpy())
    width = np.ones(2) if model.has_prior else np.sqrt(np.clip(variances, 1e-12, None))
    directions = width[:, None] * vectors.T / axes.scale
    dual = vectors.T * axes.scale / width[:, None]
    return PlaneAxes(("PC 1", "PC 2"), directions.astype(np.float32), dual.astype(np.float32))


def principal_share(model: LatentModel) -> float:
    """Share of the variance of the training latents along the two principal directions, 0 to 1."""
    return principal_directions(model.latent_cov.detach().cpu().numpy())[2]


def window(z: np.ndarray, least: float = 3.0, share: float = 0.995) -> tuple[np.ndarray, float]:
    """Square window for a plane: holds the circle of radius `least` around 0 and the middle `share` of the points
    z [N, 2] along each axis, so that prior and latents can be compared in one picture.

    Returns:
        (centre [2], half of the side).
    """
    low, high = np.full(2, -least), np.full(2, least)
    if len(z):
        rest = (1.0 - share) / 2
        edges = np.quantile(np.asarray(z, np.float64), [rest, 1.0 - rest], axis=0)
        low, high = np.minimum(low, edges[0]), np.maximum(high, edges[1])
    centre = (low + high) / 2
    return centre, float((high - low).max() / 2)


def lattice(centre: np.ndarray, half: float, n: int) -> np.ndarray:
    """Plane coordinates of an n × n grid over a window, row by row from the top: float32 [n², 2]."""
    along = np.linspace(-half, half, n)
    right, up = np.meshgrid(centre[0] + along, centre[1] + along[::-1])
    return np.stack([right.ravel(), up.ravel()], axis=1).astype(np.float32)


@dataclass(frozen=True)
class Coverage:
    """How many classes some samples cover, judged by a classifier.

    Attributes:
        sure: share of the samples that are clearly classified. classes: covered classes, of `of` in all.
        draws: number of samples.
    """

    sure: float
    classes: int
    of: int
    draws: int


def coverage(p: np.ndarray) -> Coverage:
    """Coverage from class probabilities [N, classes] of N pictures; see `CONFIDENT_PROBABILITY`, `MIN_CLASS_SHARE`."""
    surely = p.max(1) >= CONFIDENT_PROBABILITY
    counts = np.bincount(p.argmax(1)[surely], minlength=p.shape[1])
    return Coverage(float(surely.mean()), int((counts >= max(1, MIN_CLASS_SHARE * len(p))).sum()), p.shape[1], len(p))

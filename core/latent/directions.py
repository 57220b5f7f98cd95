"""Directions through a latent space that sliders can follow: principal directions of the training latents, and
attribute directions from the mean of one group of images to that of another.

Points are numpy arrays in units of σ of each dimension (`axes.Axes`) where nothing else is stated. A coordinate along a
direction counts standard deviations of the training latents along it. In a conditional family the directions are those
of the style; class weights stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.latent.axes import Axes
from core.latent.pca import principal_directions

if TYPE_CHECKING:
    from core.models.base import LatentModel

MOST = 24
"""Principal directions on offer, at most."""

LEAST_SHARE = 5e-3
"""Share of the variance that a principal direction has at least: further ones hardly change a picture."""


@dataclass(frozen=True, eq=False)
class Directions:
    """K directions with a coordinate along each.

    Attributes:
        vectors: [K, d]; a step of 1 along a direction adds its row to a point.
        dual: [K, d], offset: [K]; the coordinates of a point u are dual @ u − offset. `vectors[k] @ dual[k]` is 1.
    """

    vectors: np.ndarray
    dual: np.ndarray
    offset: np.ndarray

    def __len__(self) -> int:
        return len(self.vectors)

    def coordinates(self, points: np.ndarray) -> np.ndarray:
        """Coordinates [..., K] of points [..., d]."""
        return np.asarray(np.asarray(points, np.float64) @ self.dual.T - self.offset)

    def sweeps(self, point: np.ndarray, rows: np.ndarray, low: float, high: float, steps: int) -> np.ndarray:
        """From a point [d], each of some directions runs from `low` to `high` while what is perpendicular to it stays.

        Args:
            rows: numbers of the directions, [R].
        Returns:
            float32 [R · steps, d], direction by direction, as `walks.sweeps` has them for single dimensions.
        """
        point, rows = np.asarray(point, np.float64), np.asarray(rows, int)
        moves = np.linspace(low, high, steps)[None, :] - self.coordinates(point)[rows, None]
        points = point + moves[..., None] * self.vectors[rows, None]
        return np.asarray(points.reshape(-1, len(point)), np.float32)


def along(units: np.ndarray, centres: np.ndarray, sigmas: np.ndarray, axes: Axes) -> Directions:
    """Directions with their coordinates from unit vectors in units of z.

    Args:
        units: [K, d] without class weights, each of length 1. centres: points in units of z where the coordinates are
            0, [K, d]. sigmas: length of a step of 1, in units of z, [K].
    """
    units, d = np.asarray(units, np.float64), np.shape(units)[1]
    sigmas = np.asarray(sigmas, np.float64)[:, None]
    rest = ((0, 0), (0, len(axes.scale) - d))  # class weights
    return Directions(
        np.pad(sigmas * units / axes.scale[:d], rest),
        np.pad(units * axes.scale[:d] / sigmas, rest),
        (units * (np.asarray(centres, np.float64) - axes.centre[:d])).sum(1) / sigmas[:, 0],
    )


@dataclass(frozen=True, eq=False)
class Principal:
    """Principal directions by falling variance. `shares`: of the variance of the training latents along each, [K]."""

    directions: Directions
    shares: np.ndarray


def principal(model: LatentModel, axes: Axes, most: int = MOST) -> Principal:
    """Principal directions of the posterior means μ of the training images (PCA, from the covariance that is saved with
    the weights). They are orthonormal in units of z: moving along one keeps the coordinates along all others.

    The covariance of the whole aggregated posterior is Cov(μ) + E[σ²]. It is not used: where a VAE has learned well it
    is close to the identity, whose principal directions mean nothing, and a collapsed dimension with σ = 1 would count
    as much as one that carries information.

    Coordinates are 0 at the mean of the training latents. The sign of a direction is fixed so that its largest weight
    is positive. No directions where the training latents do not vary.
    """
    d = len(axes.order)
    mean = model.latent_mean.detach().cpu().numpy()[:d]
    cov = np.asarray(model.latent_cov.detach().cpu().numpy()[:d, :d], np.float64)
    vectors, variances, _ = principal_directions(cov, min(most, d))
    shares = variances / max(float(np.clip(cov.diagonal(), 0, None).sum()), 1e-300)
    wide = (shares >= LEAST_SHARE) & (variances > 1e-12)
    units = vectors.T[wide]
    return Principal(along(units, np.tile(mean, (len(units), 1)), np.sqrt(variances[wide]), axes), shares[wide])


@dataclass(frozen=True, eq=False)
class AttributeDirection:
    """The direction from the mean latent of a group A to that of a group B, in units of z.

    Attributes:
        unit: of length 1, [d]. centre: half-way between both means, [d]. sigma: standard deviation of the training
            latents along it. length: distance of the means in units of `sigma`.
    """

    unit: np.ndarray
    centre: np.ndarray
    sigma: float
    length: float


def attribute(a: np.ndarray, b: np.ndarray, cov: np.ndarray) -> AttributeDirection | None:
    """The direction from the mean of latents a [n, d] to that of b [m, d], in units of z; None where the means agree,
    or where a group is empty.

    Args:
        cov: covariance of the training latents [d, d], for the length of 1 σ along the direction.
    """
    if not len(a) or not len(b):
        return None
    from_, to = np.asarray(a, np.float64).mean(0), np.asarray(b, np.float64).mean(0)
    distance = float(np.linalg.norm(to - from_))
    if not distance > 1e-9:
        return None
    unit = (to - from_) / distance
    sigma = float(np.sqrt(max(0.0, float(unit @ np.asarray(cov, np.float64) @ unit))))
    sigma = sigma if sigma > 1e-6 else distance
    return AttributeDirection(unit, (from_ + to) / 2, sigma, distance / sigma)


def attributes(found: list[AttributeDirection], axes: Axes) -> Directions:
    """Sliders along attribute directions, each with 0 half-way between its groups.

    They need not be perpendicular to each other: moving along one keeps all that is perpendicular to it, and the
    coordinates along the others change by as much as the directions have in common.
    """
    d = len(axes.order)
    return along(
        np.array([a.unit for a in found]).reshape(-1, d),
        np.array([a.centre for a in found]).reshape(-1, d),
        np.array([a.sigma for a in found]),
        axes,
    )

"""Planes through a latent space: their two directions, a window and a grid on them, where training images lie on them,
how densely each class does, and which class a classifier sees where.

Points are numpy arrays [N, d] in float32, in units of σ (`axes.Axes`) where nothing else is stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.latent import aggregated, codec
from core.latent.axes import Axes
from core.latent.pca import principal_directions

if TYPE_CHECKING:
    from core.data import ImageSet
    from core.models.base import LatentModel
    from core.recipes.recipe import Recipe

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
    """The plane of two of the d numbers of a latent vector: i to the right, j upwards."""
    unit = np.eye(d, dtype=np.float32)[[i, j]]
    return PlaneAxes((f"z{i}", f"z{j}"), unit, unit)


def principal_plane(model: LatentModel, axes: Axes) -> PlaneAxes:
    """The plane of the two principal directions of the training latents.

    With a prior N(0, I) a step of 1 is one unit of z, so that circles of equal density stay circles; otherwise it is
    one standard deviation of the latents along that direction, as for single dimensions.
    """
    vectors, variances, _ = principal_directions(_covariance(model))
    vectors = np.pad(vectors, ((0, model.latent_dim - model.style_dim), (0, 0)))  # class weights stay
    width = np.ones(2) if model.has_prior else np.sqrt(np.clip(variances, 1e-12, None))
    directions = width[:, None] * vectors.T / axes.scale
    dual = vectors.T * axes.scale / width[:, None]
    return PlaneAxes(("PC 1", "PC 2"), directions.astype(np.float32), dual.astype(np.float32))


def principal_share(model: LatentModel) -> float:
    """Share of the variance of the training latents along the two principal directions, 0 to 1."""
    return principal_directions(_covariance(model))[2]


def _covariance(model: LatentModel) -> np.ndarray:
    """Covariance of the training latents without class weights, [d, d]."""
    d, cov = model.style_dim, model.latent_cov.detach().cpu().numpy()
    return np.asarray(cov[:d, :d])


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


MOST_PLACES = 2_000
"""Training images whose places on a plane are computed, at most; more could not be told apart on it."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where training images lie on the plane of a model with two latent dimensions.

    Attributes:
        index: of the images in `ImageSet.train_images`, [N]. mean: μ, float32 [N, 2].
        sigma: σ, float32 [N, 2]; None where an image becomes a point.
    """

    index: np.ndarray
    mean: np.ndarray
    sigma: np.ndarray | None

    @cached_property
    def draws(self) -> np.ndarray:
        """One z ~ q(z | x) per image, float32 [N, 2]: a sample of the aggregated posterior."""
        return aggregated.draws(self.mean, self.sigma)


def places(model: LatentModel, recipe: Recipe, images: ImageSet, limit: int = MOST_PLACES) -> Places:
    """Places of at most `limit` images that a model was trained on.

    The images are the first ones in an order that is drawn once for each number of training images, so that models
    which were trained on different parts of one data set show mostly the same images.
    """
    rank = np.random.default_rng(0).permutation(len(images.train_images))

    def first(trained: np.ndarray) -> np.ndarray:
        return np.argsort(rank[trained], kind="stable")[:limit]

    index, posterior = codec.training_posteriors(model, recipe, images, first)
    logvar = posterior.logvar
    sigma = None if logvar is None else np.exp(0.5 * logvar.cpu().numpy().astype(np.float32))
    return Places(index, posterior.style.cpu().numpy().astype(np.float32), sigma)


DENSITY_SIDE = 56
"""Cells along one side of a density or of a map of regions."""

HELD = 0.8
"""Share of a class's points inside its contour."""


@dataclass(frozen=True, eq=False)
class Density:
    """How densely points lie on a window, a grid for each class.

    Attributes:
        labels: classes with points, [C]. values: uint8 [C, n, n], row by row from the top, 255 at each one's peak.
        levels: value that the points of a class exceed for the share `HELD` of them, uint8 [C].
    """

    labels: np.ndarray
    values: np.ndarray
    levels: np.ndarray


def density(z: np.ndarray, labels: np.ndarray, centre: np.ndarray, half: float, n: int = DENSITY_SIDE) -> Density:
    """Kernel density estimate for each class of points z [N, 2] on n × n cells of a window.

    A Gaussian kernel with Scott's bandwidth, N^(−1/6) times the standard deviation per axis, but at least 0.7 cells:
    a histogram smoothed by SciPy. Points outside the window do not count.
    """
    from scipy.ndimage import gaussian_filter

    cell, found = 2 * half / n, []
    column = np.floor((z[:, 0] - centre[0] + half) / cell).astype(int)
    row = np.floor((centre[1] + half - z[:, 1]) / cell).astype(int)
    inside = (column >= 0) & (column < n) & (row >= 0) & (row < n)
    for label in np.unique(labels[inside]):
        chosen = inside & (labels == label)
        counts = np.zeros((n, n))
        np.add.at(counts, (row[chosen], column[chosen]), 1.0)
        width = np.clip(z[chosen].std(0) * chosen.sum() ** (-1 / 6) / cell, 0.7, n / 4)
        smooth = gaussian_filter(counts, width[::-1], mode="constant")
        values = np.rint(255 * smooth / smooth.max()).astype(np.uint8)
        level = np.quantile(values[row[chosen], column[chosen]], 1 - HELD, method="lower")
        found.append((label, values, max(1, int(level))))
    return Density(
        np.array([label for label, _, _ in found], np.int64),
        np.stack([values for _, values, _ in found]) if found else np.zeros((0, n, n), np.uint8),
        np.array([level for _, _, level in found], np.uint8),
    )


@dataclass(frozen=True, eq=False)
class Regions:
    """What a classifier sees in the decoded pictures of a window.

    Attributes:
        labels: most probable class of each cell, uint16 [n, n], row by row from the top. sure: its probability times
            255, uint8 [n, n].
        names: (class, row, column) [K, 3] of a cell in the middle of each large connected region, for its name.
    """

    labels: np.ndarray
    sure: np.ndarray
    names: np.ndarray


LEAST_NAMED = 0.006
"""Share of the window that a connected region must cover to be named."""


def regions(p: np.ndarray, n: int) -> Regions:
    """Decision regions from class probabilities [n², classes] of the pictures of a `lattice` of n × n points."""
    from scipy.ndimage import distance_transform_edt, label

    labels, names = p.argmax(1).astype(np.uint16).reshape(n, n), []
    for k in np.unique(labels):
        parts, count = label(labels == k)
        for part in range(1, count + 1):
            cells = parts == part
            if cells.sum() < LEAST_NAMED * n * n:
                continue
            depth = distance_transform_edt(np.pad(cells, 1))[1:-1, 1:-1]
            names.append((int(k), *map(int, np.unravel_index(depth.argmax(), depth.shape))))
    sure = np.rint(255 * p.max(1)).astype(np.uint8).reshape(n, n)
    return Regions(labels, sure, np.array(names, np.int64).reshape(-1, 3))


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

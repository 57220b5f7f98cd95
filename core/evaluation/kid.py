"""Kernel inception distance: the squared maximum mean discrepancy of two sets of features under a cubic kernel
(Bińkowski, Sutherland, Arbel & Gretton 2018, https://arxiv.org/abs/1801.01401).

Unlike the Fréchet distance it is unbiased: its expectation does not depend on the number of images, is 0 where both
distributions are equal, and single values may lie below 0. Here the features are those of the lab's own classifier.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

POINTS = 5_000
"""Most images of either set: pairs grow with the square."""

BLOCKS = 10
"""Blocks of images of which each is left out once for the standard error."""


@dataclass(frozen=True)
class Kid:
    """The distance and its standard error; both NaN where a block would have fewer than two images."""

    value: float
    error: float


def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(x · y / k + 1)³ of each row x of a [N, k] and y of b [M, k]: [N, M]."""
    inner = a @ b.T / a.shape[1] + 1.0
    return np.asarray(inner * inner * inner)


def measure(generated: np.ndarray, real: np.ndarray, most: int = POINTS) -> Kid:
    """The unbiased squared distance of features [N, k] and [M, k], in which no image is compared with itself (Gretton
    et al. 2012, equation 3), with the standard error of a jackknife over blocks of both sets, which is too large by up
    to a half where both distributions are equal.

    Images are put into blocks by chance, with a fixed seed: in the order of a set, a block might hold one class alone.
    """
    from threadpoolctl import threadpool_limits

    x, y = (_blocks(points, most, seed) for seed, points in enumerate((generated, real)))
    if min(map(len, (*x, *y))) < 2:
        return Kid(math.nan, math.nan)
    with threadpool_limits(1, "blas"):  # OpenBLAS' threads spin while they wait, on busy cores most of the time
        within = [np.array([[_sum(a, b, i == j) for j, b in enumerate(z)] for i, a in enumerate(z)]) for z in (x, y)]
        between = np.array([[kernel(a, b).sum() for b in y] for a in x])
    sizes = [np.array(list(map(len, z)), float) for z in (x, y)]
    every = np.ones(BLOCKS, bool)
    left = np.array([_distance(within, between, sizes, np.arange(BLOCKS) != block) for block in range(BLOCKS)])
    error = math.sqrt((BLOCKS - 1) / BLOCKS * float(((left - left.mean()) ** 2).sum()))
    return Kid(_distance(within, between, sizes, every), error)


def _blocks(points: np.ndarray, most: int, seed: int) -> list[np.ndarray]:
    rows = np.random.default_rng(seed).permutation(len(points))[:most]
    return np.array_split(np.asarray(points[rows], np.float64), BLOCKS)


def _sum(a: np.ndarray, b: np.ndarray, same: bool) -> float:
    """Sum of the kernel over all pairs of two blocks; of one block with itself without the images' own pairs."""
    values = kernel(a, b)
    return float(values.sum() - (np.trace(values) if same else 0.0))


def _distance(within: list[np.ndarray], between: np.ndarray, sizes: list[np.ndarray], kept: np.ndarray) -> float:
    """The distance of the images in the blocks that are kept, from the sums over pairs of blocks."""
    n, m = (float(size[kept].sum()) for size in sizes)
    own = [float(sums[np.ix_(kept, kept)].sum()) / (k * (k - 1)) for sums, k in zip(within, (n, m), strict=True)]
    return own[0] + own[1] - 2 * float(between[np.ix_(kept, kept)].sum()) / (n * m)

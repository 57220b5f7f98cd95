"""Support of generated against real images: precision, recall, density and coverage from nearest neighbours.

A set of points stands for its manifold by balls round its points, each as large as the distance to the point's k-th
nearest neighbour within the set.

- Precision: share of generated points inside the balls of real ones; are the images plausible? Recall: share of real
  points inside the balls of generated ones; is everything there that could be? (Kynkäänniemi et al. 2019, k = 3.)
- Density: number of real balls round a generated point, over k; coverage: share of real balls that hold a generated
  point (Naeem et al. 2020, k = 5). A single outlier with a large ball hardly changes these two.

All four depend on the number of points, so that both sets have the same number, which belongs to the result. Neither
measures contrast: a decoder whose pictures are stretched from grey to black and white gains nothing by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

NEIGHBOURS, DENSITY_NEIGHBOURS = 3, 5
"""k of precision and recall, and of density and coverage, as in the papers."""

POINTS = 3_000
"""Most points of either set: distances grow with the square."""

BLOCK = 500
"""Rows whose distances to all others are held at once."""


@dataclass(frozen=True)
class Support:
    """The four measures; NaN where a set is too small to have a k-th neighbour. n: number of points of either set."""

    precision: float
    recall: float
    density: float
    coverage: float
    n: int


def measure(generated: np.ndarray, real: np.ndarray, most: int = POINTS) -> Support:
    """Support of generated points [N, k] against real ones [M, k]: of equally many of both, evenly spread."""
    n = min(len(generated), len(real), most)
    if n <= DENSITY_NEIGHBOURS:
        return Support(*4 * (float("nan"),), n)
    generated, real = (x[np.linspace(0, len(x) - 1, n).astype(int)].astype(np.float64) for x in (generated, real))
    # Squared distances; of real points for both pairs of measures.
    own = _radii(generated, (NEIGHBOURS,))[0]
    balls, dense = _radii(real, (NEIGHBOURS, DENSITY_NEIGHBOURS))
    plausible: list[np.ndarray] = []
    density: list[np.ndarray] = []
    covered, found = np.zeros(n, bool), np.zeros(n, bool)
    for between in _distances(generated, real):  # rows: generated points
        start = len(plausible) * BLOCK
        plausible.append((between <= balls).any(1))
        density.append((between <= dense).sum(1))
        covered |= (between <= dense).any(0)
        found |= (between <= own[start : start + len(between), None]).any(0)
    return Support(
        float(np.concatenate(plausible).mean()),
        float(found.mean()),
        float(np.concatenate(density).mean() / DENSITY_NEIGHBOURS),
        float(covered.mean()),
        n,
    )


def _radii(points: np.ndarray, ks: tuple[int, ...]) -> np.ndarray:
    """Squared distance of each point to its k-th nearest neighbour, itself not counted: [len(ks), N]."""
    parts = [np.partition(rows, ks, axis=1)[:, list(ks)] for rows in _distances(points, points)]
    return np.asarray(np.concatenate(parts).T)


def _distances(a: np.ndarray, b: np.ndarray) -> Iterator[np.ndarray]:
    """Squared distances of points [N, k] to points [M, k], `BLOCK` rows at a time."""
    lengths = (b**2).sum(1)
    for first in range(0, len(a), BLOCK):
        rows = a[first : first + BLOCK]
        yield np.clip((rows**2).sum(1)[:, None] + lengths - 2 * rows @ b.T, 0.0, None)

"""Repulsive forces of t-SNE between all pairs of points, by interpolation on a grid (Linderman et al. 2019).

The force on point i is the sum over all points j of K(yᵢ − yⱼ)² · (yᵢ − yⱼ) with K(d) = 1 / (1 + |d|²), divided by
Z, the sum of K over all pairs. Both are convolutions: every point gives its weight to the 3 × 3 nearest nodes of a
grid, three kernels are applied by Fourier transforms, and the results are interpolated back at the points.

openTSNE does the same with the derivative taken apart into four sums of charges, in double precision. With nodes as far
apart this takes a third of its time, and the error of the forces is a third, since the nodes lie round each point
instead of in a fixed cell.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

NODES = 3
"""Nodes of the grid along each axis that a point is interpolated between."""

SPACING = 2 / 3
"""Distance of two nodes, in units of the map. The kernel falls to a half in one unit."""

LEAST, MOST = 60, 1_000
"""Nodes along an axis, about: the grid of a small map is finer, and that of points far apart is coarser."""

STEP = 8
"""The number of nodes is a multiple of this, so that the transforms of the kernels can often be used again."""


def repulsion(y: np.ndarray, workers: int = 1) -> tuple[np.ndarray, float]:
    """The repulsive forces on points y [n, 2] before the division by Z, float32 [n, 2], and Z.

    Args:
        workers: threads of the Fourier transforms.
    """
    from scipy import fft
    from scipy.sparse import csr_matrix

    width = float(np.ptp(y, axis=0).max())
    spacing = min(max(SPACING, width / MOST), max(width, 1e-12) / LEAST)
    nodes = -(-(int(width / spacing) + NODES + 1) // STEP) * STEP
    size = fft.next_fast_len(2 * nodes, real=True)
    index, weight = _interpolation((y - y.min(0)) / spacing, nodes)

    charges = np.bincount(index.ravel(), weight.ravel(), minlength=nodes**2).astype(np.float32)
    rows = fft.rfft(charges.reshape(nodes, nodes), n=size, axis=1, workers=workers)
    spectrum = fft.fft(rows, n=size, axis=0, workers=workers, overwrite_x=True)
    columns = fft.ifft(_kernels(size, spacing) * spectrum, axis=1, workers=workers, overwrite_x=True)
    fields = fft.irfft(columns[:, :nodes], n=size, axis=2, workers=workers, overwrite_x=True)[:, :, :nodes]

    ends = np.arange(0, weight.size + 1, NODES**2, dtype=np.int32)
    to_points = csr_matrix((weight.ravel(), index.ravel(), ends), shape=(len(y), nodes**2))
    at_points = to_points @ np.ascontiguousarray(fields.reshape(3, -1).T)
    # Each point's weight on itself, as it is on the grid: 1 would leave an error larger than Z where points lie far
    # apart. Its force on itself is 0 there, too.
    on_itself = (weight @ _between_nodes(spacing) * weight).sum(dtype=np.float64)
    z = float(at_points[:, 0].sum(dtype=np.float64) - on_itself)
    return at_points[:, 1:], max(z, float(np.finfo(np.float32).tiny))


def _interpolation(u: np.ndarray, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the nine nodes round each point u [n, 2] (in units of the spacing) and their weights, int32 and
    float32 [n, 9]: the products of quadratic Lagrange polynomials along both axes."""
    middle = np.rint(u)
    x, y = _lagrange((u - middle).astype(np.float32).T)
    weight = (x[:, :, None] * y[:, None, :]).reshape(len(u), -1)
    first = middle.astype(np.int32)
    offsets = np.arange(NODES, dtype=np.int32)
    index = (first[:, :1] * nodes + first[:, 1:]) + (offsets[:, None] * nodes + offsets).reshape(1, -1)
    return index, weight


def _lagrange(t: np.ndarray) -> np.ndarray:
    """Values [..., 3] at t of the three quadratic polynomials that are 1 at one of −1, 0, 1 and 0 at the others."""
    return np.stack([t * (t - 1) / 2, (1 - t) * (1 + t), t * (t + 1) / 2], axis=-1)


def _between_nodes(spacing: float) -> np.ndarray:
    """K between any two of the nine nodes round a point, float32 [9, 9]."""
    x, y = (axis.ravel() * spacing for axis in np.mgrid[:NODES, :NODES])
    return np.asarray(1 / (1 + (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2), np.float32)


@lru_cache(maxsize=4)
def _kernels(size: int, spacing: float) -> np.ndarray:
    """Fourier transforms of K and of both components of K² · d on a periodic grid, complex64 [3, size, ~size / 2]."""
    from scipy import fft

    along = (fft.fftfreq(size, 1 / size) * spacing).astype(np.float32)
    k = 1 / (1 + along[:, None] ** 2 + along**2)
    return np.asarray(fft.rfft2(np.stack([k, k * k * along[:, None], k * k * along])))

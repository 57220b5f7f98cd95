"""Exact nearest neighbours, in blocks of rows: a block takes a fraction of a second, so that a search can be stopped.

By one matrix product a block (scikit-learn): openTSNE's own search is approximate and takes several times as long.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.system import devices

BLOCK = 50_000_000
"""Distances computed at once, about: a tenth of a second."""

ShouldStop = Callable[[float], bool]
"""Callback with the share of rows done, 0 to 1; returns True to stop."""


class SearchStopped(Exception):
    """The search was stopped before its end."""


def nearest(
    x: np.ndarray, k: int, should_stop: ShouldStop = lambda share: False, rows: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest other points of points x [n, d], nearest first: indices int64 [m, k] and distances [m, k].

    Args:
        rows: indices of the points whose neighbours are sought, int64 [m] (default: all).
    Raises:
        SearchStopped: `should_stop` returned True.
    """
    from sklearn.neighbors import NearestNeighbors

    rows = np.arange(len(x)) if rows is None else rows
    # In the plane of a map a tree is quicker than all distances.
    algorithm = "kd_tree" if x.shape[1] <= 2 else "brute"
    index = NearestNeighbors(n_neighbors=k, algorithm=algorithm, n_jobs=devices.cores()).fit(x)
    step = max(100, BLOCK // max(1, len(x)))
    indices, distances = [np.empty((0, k), np.int64)], [np.empty((0, k), x.dtype)]
    for first in range(0, len(rows), step):
        if should_stop(first / len(rows)):
            raise SearchStopped
        block = rows[first : first + step]
        far, near = index.kneighbors(x[block], k + 1)
        own = near == block[:, None]
        own[~own.any(1), -1] = True  # more than k points lie on this one: it is not among its own nearest
        indices.append(near[~own].reshape(len(block), k))
        distances.append(far[~own].reshape(len(block), k))
    return np.concatenate(indices), np.concatenate(distances)


def of_new(x: np.ndarray, new: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest among points x [n, d] of other points [m, d], nearest first: indices int64 and distances float64
    [m, k]. For a few new points; computed with numpy alone."""
    x, new = np.asarray(x), np.asarray(new, x.dtype)
    squares = np.stack([np.square(x - point).sum(1, dtype=np.float64) for point in new])
    indices = np.argsort(squares, axis=1, kind="stable")[:, : min(k, len(x))]
    return indices, np.sqrt(np.take_along_axis(squares, indices, 1))

"""Nearest neighbours, in blocks of rows: a block takes a fraction of a second, so that a search can be stopped.

Of up to `EXACT_UP_TO` points they are exact, by one matrix product a block (scikit-learn): openTSNE's own search is
approximate and takes several times as long. Of more points each is compared with a part of the others, those in the
groups that lie nearest (an inverted file; Jégou et al. 2011), which finds nearly all of its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.system import devices

BLOCK = 50_000_000
"""Distances computed at once, about: a tenth of a second."""

EXACT_UP_TO = 25_000
"""Points whose neighbours are sought among all others: the time grows with the square of their number."""

COMPARED = 0.25
"""Share of the points that a point is compared with where there are more. Of 60,000 latents with ten dimensions
0.2 finds 97 % of the 90 nearest in a tenth of the time, 0.12 finds 94 %."""

SAMPLE = 12_000
"""Points that the groups are formed from, at most."""

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

    if rows is None and len(x) > EXACT_UP_TO and x.shape[1] > 2:
        return _in_groups(x, k, should_stop)
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
        near, far = _without_itself(far, near, block)
        indices.append(near)
        distances.append(far)
    return np.concatenate(indices), np.concatenate(distances)


def _without_itself(far: np.ndarray, near: np.ndarray, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices and distances [m, k] of the k nearest others, from the k + 1 nearest points [m, k + 1] of the points
    `block`."""
    own = near == block[:, None]
    own[~own.any(1), -1] = True  # more than k points lie on this one: it is not among its own nearest
    shape = len(block), near.shape[1] - 1
    return near[~own].reshape(shape), far[~own].reshape(shape)


def _in_groups(x: np.ndarray, k: int, should_stop: ShouldStop) -> tuple[np.ndarray, np.ndarray]:
    """`nearest` of all points, among those of the groups that lie nearest to a point's own group."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import pairwise_distances, pairwise_distances_argmin
    from sklearn.neighbors import NearestNeighbors

    if should_stop(0.0):
        raise SearchStopped
    sample = x[np.linspace(0, len(x) - 1, SAMPLE).astype(int)] if len(x) > SAMPLE else x
    count = round(len(x) ** 0.5)
    centres = KMeans(count, init="random", n_init=1, max_iter=6, random_state=0).fit(sample).cluster_centers_
    group = pairwise_distances_argmin(x, centres.astype(x.dtype))
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group, minlength=count))[:-1])
    order = np.argsort(pairwise_distances(centres), axis=1)
    sizes, least = np.array([len(own) for own in members]), max(10 * k, int(COMPARED * len(x)))
    indices, distances = np.empty((len(x), k), np.int64), np.empty((len(x), k), x.dtype)
    done = 0
    for own, nearest_groups in zip(members, order, strict=True):
        if not len(own):
            continue
        if should_stop(done / len(x)):
            raise SearchStopped
        enough = int(np.searchsorted(np.cumsum(sizes[nearest_groups]), least)) + 1
        among = np.concatenate([members[g] for g in nearest_groups[:enough]])
        index = NearestNeighbors(n_neighbors=k, algorithm="brute", n_jobs=devices.cores()).fit(x[among])
        far, near = index.kneighbors(x[own], k + 1)
        indices[own], distances[own] = _without_itself(far, among[near], own)
        done += len(own)
    return indices, distances


def of_new(x: np.ndarray, new: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest among points x [n, d] of other points [m, d], nearest first: indices int64 and distances float64
    [m, k]. For a few new points; computed with numpy alone."""
    x, new = np.asarray(x), np.asarray(new, x.dtype)
    squares = np.stack([np.square(x - point).sum(1, dtype=np.float64) for point in new])
    indices = np.argsort(squares, axis=1, kind="stable")[:, : min(k, len(x))]
    return indices, np.sqrt(np.take_along_axis(squares, indices, 1))

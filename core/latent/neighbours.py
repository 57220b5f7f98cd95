"""Nearest neighbours by Euclidean distance, block by block, exact for whole numbers such as grey levels."""

from __future__ import annotations

import numpy as np

BLOCK = 4_096
"""Candidates whose distances are computed at once: 26 MB in double precision for images of 784 values."""

POINTS = 256
"""Points whose distances to a block of candidates are computed at once: 8 MB."""


def nearest(points: np.ndarray, candidates: np.ndarray, skip_self: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The nearest candidate of each point; of several equally near ones the first.

    Args:
        points, candidates: [N, ...] and [M, ...] with the same shape per item, in any type of number; compared in
            double precision.
        skip_self: whether the points are themselves among the candidates: take the second nearest, so that no point is
            its own neighbour.
    Returns:
        (indices into `candidates`, int64 [N]; squared distances, float64 [N]). Without candidates −1 and infinity.
    """
    if not len(points):
        return np.zeros(0, np.int64), np.zeros(0)
    wanted = np.asarray(points).reshape(len(points), -1)
    blocks = (wanted[k : k + POINTS].astype(np.float64) for k in range(0, len(wanted), POINTS))
    parts = [_nearest(block, candidates, skip_self) for block in blocks]
    return np.concatenate([index for index, _ in parts]), np.concatenate([distance for _, distance in parts])


def _nearest(wanted: np.ndarray, candidates: np.ndarray, skip_self: bool) -> tuple[np.ndarray, np.ndarray]:
    own, rows, rank = (wanted**2).sum(1), np.arange(len(wanted)), 2 if skip_self else 1
    index, distance = np.full((len(wanted), rank), -1, np.int64), np.full((len(wanted), rank), np.inf)
    for first in range(0, len(candidates), BLOCK):
        block = np.asarray(candidates[first : first + BLOCK]).reshape(-1, wanted.shape[1]).astype(np.float64)
        squares = own[:, None] + (block**2).sum(1) - 2 * wanted @ block.T
        numbers = np.broadcast_to(first + np.arange(len(block)), squares.shape)
        # The best of the blocks before stand in front: argmin takes the first of equals.
        squares, numbers = np.concatenate([distance, squares], 1), np.concatenate([index, numbers], 1)
        for k in range(rank):
            best = squares.argmin(1)
            index[:, k], distance[:, k] = numbers[rows, best], squares[rows, best]
            squares[rows, best] = np.inf
    return index[:, -1], np.clip(distance[:, -1], 0.0, None)

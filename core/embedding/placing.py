"""Places of new images on a finished map, which itself does not move.

PCA is linear: a new image is projected like all others. A t-SNE map has no such function: the new point starts at the
median of its nearest neighbours and is optimised against the map alone, with openTSNE (Poličar et al. 2019).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.system import devices

NEIGHBOURS = 25
"""Nearest images of a new one whose median it starts from."""

PERPLEXITY = 5.0
"""openTSNE's default: a new point attends to its very nearest only."""


def on_tsne_map(y: np.ndarray, near: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Positions float64 [m, 2] of m new images on the t-SNE map y [n, 2].

    Args:
        near, distances: the nearest images of each new one in the map's input, nearest first, int64 and float [m, k]
            (`neighbours.of_new` with k = `NEIGHBOURS`).
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import Affinities, joint_probabilities_nn
    from scipy.sparse import csr_matrix

    class ToNew(Affinities):  # type: ignore[misc]  # a package without types
        """Affinities of the new images alone; the map's own are not needed."""

        def __init__(self) -> None:
            super().__init__()
            self.P = csr_matrix((len(y), len(y)))

        def to_new(self, data: Any, perplexity: float = PERPLEXITY, return_distances: bool = False) -> Any:
            count = min(near.shape[1], int(3 * perplexity))
            p = joint_probabilities_nn(
                np.ascontiguousarray(near[:, :count]),
                np.ascontiguousarray(distances[:, :count], np.float64),
                [min(perplexity, count / 3)],
                symmetrize=False,
                normalization="point-wise",
                n_reference_samples=len(y),
                n_jobs=1,
            )
            return (p, near, distances) if return_distances else p

    y = np.array(y, np.float64)
    centre = (y.max(0) + y.min(0)) / 2  # openTSNE moves the map there, in place
    whole = TSNEEmbedding(y - centre, ToNew(), negative_gradient_method="fft", n_jobs=devices.cores(), random_state=0)
    placed = whole.transform(np.zeros((len(near), 1)), perplexity=PERPLEXITY, k=NEIGHBOURS)
    return np.array(np.asarray(placed, np.float64) + centre)


def at_neighbours(y: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Positions [m, 2] at the median of the ten nearest images of each new one, where openTSNE is not installed."""
    return np.asarray(np.median(np.asarray(y)[near[:, :10]], axis=1), np.float64)

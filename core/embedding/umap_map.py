"""UMAP (McInnes, Healy & Melville 2018), where the optional package `umap-learn` is installed.

It computes in one go and shows nothing before the end.
"""

from __future__ import annotations

import numpy as np

from core.embedding.settings import Settings

MIN_DIST = 0.1
"""Smallest distance of points on the map, UMAP's default."""


def fit(x: np.ndarray, settings: Settings) -> np.ndarray:
    """The UMAP map of x [n, d], float64 [n, 2]; `settings.perplexity`, rounded, is UMAP's number of neighbours."""
    from umap import UMAP

    neighbours = int(np.clip(round(settings.perplexity), 2, len(x) - 1))
    init = settings.start if min(x.shape) > 2 else "random"  # PCA needs as many dimensions as the map
    model = UMAP(n_neighbors=neighbours, min_dist=MIN_DIST, init=init, random_state=settings.seed, n_jobs=1)
    return np.asarray(model.fit_transform(x), np.float64)

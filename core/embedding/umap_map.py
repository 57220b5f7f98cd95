"""UMAP (McInnes, Healy & Melville 2018), where the optional package `umap-learn` is installed.

It computes in one go and shows no map before the end, but tells how far it has come.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable

import numpy as np

from core.embedding.settings import Settings

MIN_DIST = 0.1
"""Smallest distance of points on the map, UMAP's default."""


class Stopped(Exception):
    """The callback asked for a stop: raised inside UMAP, which offers no other way."""


def fit(x: np.ndarray, settings: Settings, should_stop: Callable[[float], bool] = lambda share: False) -> np.ndarray:
    """The UMAP map of x [n, d], float64 [n, 2]; `settings.perplexity`, rounded, is UMAP's number of neighbours.

    Args:
        should_stop: called with the share of UMAP's epochs that is done, 0 to 1; returns True to stop.
    Raises:
        Stopped: `should_stop` returned True.
    """
    from umap import UMAP

    class Listener(io.TextIOBase):
        """Reads UMAP's progress bar."""

        def write(self, text: str) -> int:
            if (done := re.search(r"(\d+)/(\d+)", text)) and should_stop(int(done[1]) / max(1, int(done[2]))):
                raise Stopped
            return len(text)

    neighbours = int(np.clip(round(settings.perplexity), 2, len(x) - 1))
    init = settings.start if min(x.shape) > 2 else "random"  # PCA needs as many dimensions as the map
    model = UMAP(
        n_neighbors=neighbours,
        min_dist=MIN_DIST,
        init=init,
        random_state=settings.seed,
        n_jobs=1,
        verbose=True,
        tqdm_kwds={"file": Listener()},
    )
    with contextlib.redirect_stdout(io.StringIO()):  # what else it tells
        return np.asarray(model.fit_transform(x), np.float64)

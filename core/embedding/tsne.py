"""t-SNE (van der Maaten & Hinton 2008), resumable with openTSNE, or in one go with scikit-learn.

The repulsive forces are approximated by a Barnes–Hut tree (van der Maaten 2014), or for many points by interpolation on
a grid (Linderman et al. 2019). openTSNE's callbacks show the map while it is optimised; the state of its optimiser is
returned with the map, so that a stopped map continues bit by bit as if it had not been stopped. The constants were
measured by `benchmarks/tsne.py`.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.embedding import settings as embedding_settings
from core.embedding.settings import Settings
from core.latent import pca
from core.system import devices

CALLBACK_EVERY = 10
"""Iterations between two calls of the callback."""

EXAGGERATION = 12.0
"""Early exaggeration: factor of the attraction at first, so that clusters form while the points are still close."""

SKLEARN_EARLY_ITERATIONS = 250
"""Iterations of early exaggeration in scikit-learn, which offers no choice."""

MOMENTUM = (0.8, 0.9)
"""During early exaggeration, and after it. openTSNE's defaults 0.5 and 0.8 need more iterations for the same KL."""

FFT_ABOVE = 10_000
"""Points above which interpolation on a grid is used: it takes half the time and ends with a KL two percent higher."""


@dataclass
class State:
    """A map and the state of its optimiser.

    Attributes:
        y: the map, float64 [n, 2]. iteration: iterations made. trace: (iteration, KL in nats) at every callback.
        update, gains: state of the optimiser, [n, 2]; None from scikit-learn, whose maps cannot be continued.
    """

    y: np.ndarray
    iteration: int = 0
    trace: list[tuple[int, float]] = field(default_factory=list)
    update: np.ndarray | None = None
    gains: np.ndarray | None = None

    @property
    def kl(self) -> float | None:
        """Newest KL(P ‖ Q), in nats; None before the first callback."""
        return self.trace[-1][1] if self.trace else None


ShouldStop = Callable[[State], bool]
"""Callback with the state of the map every `CALLBACK_EVERY` iterations; returns True to stop."""


def early_iterations(iterations: int) -> int:
    """Number of iterations with early exaggeration. Maps with the same number are stages of the same optimisation."""
    return min(75, iterations // 4)


def fit(
    x: np.ndarray,
    settings: Settings,
    should_stop: ShouldStop = lambda state: False,
    state: State | None = None,
    backend: str | None = None,
) -> State:
    """The map of x [n, d] after `settings.iterations`, or at the iteration at which `should_stop` returned True.

    Args:
        state: stage of the same optimisation to continue from (openTSNE only). backend: `openTSNE` or `scikit-learn`
            (default: openTSNE if it is installed).
    """
    backend = backend or embedding_settings.default_backend()
    x = np.ascontiguousarray(x, np.float32)
    if settings.pca_first and x.shape[1] > embedding_settings.PCA_DIMENSIONS:
        x = pca.pca(x, embedding_settings.PCA_DIMENSIONS)
    if settings.method == "pca":
        return State(pca.pca(x).astype(np.float64))
    return (_open_tsne if backend == "openTSNE" else _scikit_learn)(x, settings, should_stop, state)


def first_layout(x: np.ndarray, settings: Settings) -> np.ndarray:
    """Initial positions of the points, float64 [n, 2], with a standard deviation of 10⁻⁴: the PCA map with a little
    noise, or noise alone. Starting from PCA preserves the global structure (Kobak & Linderman 2021).
    """
    noise = np.random.default_rng(settings.seed).standard_normal((len(x), 2))
    y = pca.pca(x).astype(np.float64) if settings.start == "pca" else np.zeros((len(x), 2))
    width = float(y[:, 0].std())
    return 1e-4 * (y / width + 0.01 * noise if width > 0 else noise)


def affinities(x: np.ndarray, perplexity: float) -> Any:
    """Affinities P between each point and its neighbours: an openTSNE `Affinities` object."""
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors
    from sklearn.neighbors import NearestNeighbors

    # Exact, by one matrix product: openTSNE's own search is approximate and takes several times as long.
    k = min(len(x) - 1, int(3 * perplexity))
    index = NearestNeighbors(n_neighbors=k, algorithm="brute", n_jobs=devices.cores()).fit(x)
    distances, neighbours = index.kneighbors()
    return PerplexityBasedNN(
        knn_index=PrecomputedNeighbors(neighbours, distances), perplexity=perplexity, n_jobs=devices.cores()
    )


def _open_tsne(x: np.ndarray, settings: Settings, should_stop: ShouldStop, state: State | None) -> State:
    from openTSNE import TSNEEmbedding
    from openTSNE.tsne import OptimizationInterrupt

    now = state or State(first_layout(x, settings))
    points = TSNEEmbedding(
        now.y.copy(),
        affinities(x, settings.perplexity),
        n_jobs=devices.cores(),
        random_state=0,
        negative_gradient_method="fft" if len(x) > FFT_ABOVE else "bh",
    )
    if now.update is not None and now.gains is not None:
        points.optimizer.update, points.optimizer.gains = now.update.copy(), now.gains.copy()
    early, trace = early_iterations(settings.iterations), list(now.trace)
    if now.iteration >= early:  # repeat the rounding of · 12 / 12 in an uninterrupted run: the resumed map is bit-equal
        points.affinities.P *= EXAGGERATION
        points.affinities.P /= EXAGGERATION

    def snapshot(y: np.ndarray, iteration: int) -> State:
        return State(np.array(y), iteration, list(trace), points.optimizer.update, points.optimizer.gains)

    done = now.iteration
    for until, exaggeration, momentum in ((early, EXAGGERATION, MOMENTUM[0]), (settings.iterations, None, MOMENTUM[1])):
        if done >= until:
            continue

        def callback(count: int, kl: float, y: np.ndarray, before: int = done) -> bool:
            # openTSNE calls back before it moves the points: they are those of the iteration before.
            trace.append((before + count - 1, float(kl)))
            return should_stop(snapshot(y, before + count - 1))

        try:
            points.optimize(
                until - done,
                exaggeration=exaggeration,
                momentum=momentum,
                inplace=True,
                propagate_exception=True,
                callbacks=[callback],
                callbacks_every_iters=CALLBACK_EVERY,
            )
        except OptimizationInterrupt as stopped:
            return snapshot(stopped.final_embedding, trace[-1][0])
        done = until
    if not trace or trace[-1][0] != done:
        trace.append((done, float(points.kl_divergence)))
    return snapshot(points, done)


class _Stopped(Exception):
    """Raised inside scikit-learn, which offers no other way to interrupt it."""


def _scikit_learn(x: np.ndarray, settings: Settings, should_stop: ShouldStop, _: State | None) -> State:
    """The map by scikit-learn, from the first iteration in one go: it returns nothing before the end. Its printed
    output is parsed for progress; a stop returns the initial layout."""
    from sklearn.manifold import TSNE

    now = State(first_layout(x, settings))

    class Listener(io.TextIOBase):
        def write(self, text: str) -> int:
            for iteration, kl in re.findall(r"Iteration (\d+): error = ([\d.]+)", text):
                now.iteration = int(iteration)
                early = now.iteration <= SKLEARN_EARLY_ITERATIONS  # the KL printed then is exaggerated, too
                now.trace.append(
                    (now.iteration, float(kl) / EXAGGERATION - math.log(EXAGGERATION) if early else float(kl))
                )
                if should_stop(now):
                    raise _Stopped
            return len(text)

    tsne = TSNE(
        perplexity=settings.perplexity,
        init=now.y.astype(np.float32),
        random_state=settings.seed,
        max_iter=max(SKLEARN_EARLY_ITERATIONS, settings.iterations),
        n_jobs=devices.cores(),
        verbose=2,
    )
    try:
        with contextlib.redirect_stdout(Listener()):
            y = tsne.fit_transform(x)
    except _Stopped:
        return State(now.y)
    now.trace.append((settings.iterations, float(tsne.kl_divergence_)))
    return State(y.astype(np.float64), settings.iterations, now.trace)

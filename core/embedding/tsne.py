"""t-SNE (van der Maaten & Hinton 2008), resumable with openTSNE, or in one go with scikit-learn.

The repulsive forces are approximated by a Barnes–Hut tree (van der Maaten 2014), or for many points by interpolation on
a grid (Linderman et al. 2019). openTSNE's callbacks show the map while it is optimised; the state of its optimiser is
returned with the map, so that a stopped map continues bit by bit as if it had not been stopped. A stop is heard at
every block of the neighbour search and at every iteration. The constants were measured by `benchmarks/tsne.py`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.embedding import neighbours, umap_map
from core.embedding import settings as embedding_settings
from core.embedding.settings import Settings
from core.latent import pca
from core.system import devices

KL_EVERY = 10
"""Iterations between two values of the KL, whose logarithms cost a third of an iteration."""

EXAGGERATION = 12.0
"""Early exaggeration: factor of the attraction at first, so that clusters form while the points are still close."""

SKLEARN_EARLY_ITERATIONS = 250
"""Iterations of early exaggeration in scikit-learn, which offers no choice."""

MOMENTUM = (0.8, 0.9)
"""During early exaggeration, and after it. openTSNE's defaults 0.5 and 0.8 need more iterations for the same KL."""

FFT_ABOVE = 5_000
"""Points above which interpolation on a grid is used: at 10,000 it takes half the time of the tree."""

GRID = 2.0
"""Width of a grid cell, in units of the map. With openTSNE's default, 1, an iteration takes twice as long, and the KL
after as many iterations is hardly lower."""


@dataclass
class State:
    """A map and the state of its optimiser.

    Attributes:
        y: the map, float64 [n, 2]. iteration: iterations made. trace: (iteration, KL in nats), `KL_EVERY` apart.
        update, gains: state of the optimiser, [n, 2]; None from scikit-learn, whose maps cannot be continued.
        near: the nearest neighbours of each point in the input, nearest first, int64 [n, k], where they were sought.
        searched: share of the neighbour search that is done, 0 to 1.
    """

    y: np.ndarray
    iteration: int = 0
    trace: list[tuple[int, float]] = field(default_factory=list)
    update: np.ndarray | None = None
    gains: np.ndarray | None = None
    near: np.ndarray | None = None
    searched: float = 1.0

    @property
    def kl(self) -> float | None:
        """Newest KL(P ‖ Q), in nats; None before the first."""
        return self.trace[-1][1] if self.trace else None


ShouldStop = Callable[[State], bool]
"""Callback with the state of the map, at every block of the neighbour search and every iteration (scikit-learn: every
50); returns True to stop."""


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
    if settings.method == "umap":
        return State(umap_map.fit(x, settings))
    return (_open_tsne if backend == "openTSNE" else _scikit_learn)(x, settings, should_stop, state)


def first_layout(x: np.ndarray, settings: Settings) -> np.ndarray:
    """Initial positions of the points, float64 [n, 2], with a standard deviation of 10⁻⁴: the PCA map with a little
    noise, or noise alone. Starting from PCA preserves the global structure (Kobak & Linderman 2021).
    """
    noise = np.random.default_rng(settings.seed).standard_normal((len(x), 2))
    y = pca.pca(x).astype(np.float64) if settings.start == "pca" else np.zeros((len(x), 2))
    width = float(y[:, 0].std())
    return 1e-4 * (y / width + 0.01 * noise if width > 0 else noise)


def affinities(x: np.ndarray, perplexity: float, should_stop: neighbours.ShouldStop = lambda share: False) -> Any:
    """Affinities P between each point and its 3 · perplexity nearest: an openTSNE `Affinities` object.

    Raises:
        SearchStopped: `should_stop` returned True.
    """
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    near, distances = neighbours.nearest(x, min(len(x) - 1, int(3 * perplexity)), should_stop)
    return PerplexityBasedNN(
        knn_index=PrecomputedNeighbors(near, distances), perplexity=perplexity, n_jobs=devices.cores()
    )


class _Stopped(Exception):
    """Raised inside an optimiser, which offers no other way to interrupt it at any iteration."""


def _open_tsne(x: np.ndarray, settings: Settings, should_stop: ShouldStop, state: State | None) -> State:
    from openTSNE import TSNEEmbedding

    now = state or State(first_layout(x, settings))
    try:
        p = affinities(x, settings.perplexity, lambda share: should_stop(dataclasses.replace(now, searched=share)))
    except neighbours.SearchStopped:
        return now
    points = TSNEEmbedding(now.y.copy(), p, n_jobs=devices.cores(), random_state=0)
    if now.update is not None and now.gains is not None:
        points.optimizer.update, points.optimizer.gains = now.update.copy(), now.gains.copy()
    early, trace = early_iterations(settings.iterations), list(now.trace)
    if now.iteration >= early:  # repeat the rounding of · 12 / 12 in an uninterrupted run: the resumed map is bit-equal
        points.affinities.P *= EXAGGERATION
        points.affinities.P /= EXAGGERATION

    def snapshot(iteration: int) -> State:
        optimiser = points.optimizer
        return State(np.array(points), iteration, list(trace), optimiser.update, optimiser.gains, p.knn_index.indices)

    done = now.iteration
    for until, exaggeration, momentum in ((early, EXAGGERATION, MOMENTUM[0]), (settings.iterations, None, MOMENTUM[1])):
        if done >= until:
            continue
        stage = _Stage(done, until, trace, lambda at: should_stop(snapshot(at)))
        try:
            points.optimize(
                until - done,
                exaggeration=exaggeration,
                momentum=momentum,
                negative_gradient_method=stage.watched(_repulsion(len(x))),
                inplace=True,
                callbacks=[stage.note_kl],
                callbacks_every_iters=KL_EVERY,
                ints_in_interval=GRID,
            )
        except _Stopped:
            return snapshot(stage.at)
        done = until
    if not trace or trace[-1][0] != done:
        points.optimize(0, negative_gradient_method=_repulsion(len(x)), inplace=True)  # the KL on openTSNE's finer grid
        trace.append((done, float(points.kl_divergence)))
    return snapshot(done)


def _repulsion(n: int) -> Callable[..., Any]:
    """openTSNE's gradient with the approximation of the repulsive forces that is the faster one for n points."""
    from openTSNE import tsne

    gradient: Callable[..., Any] = tsne.kl_divergence_fft if n > FFT_ABOVE else tsne.kl_divergence_bh
    return gradient


class _Stage:
    """The iterations from one number to another: stopped at any of them, with the KL at every tenth."""

    def __init__(self, first: int, until: int, trace: list[tuple[int, float]], should_stop: Callable[[int], bool]):
        self.first, self.until, self.at = first, until, first - 1
        self._trace, self._should_stop = trace, should_stop

    def watched(self, gradient: Callable[..., Any]) -> Callable[..., Any]:
        """The gradient, which openTSNE computes before each iteration and once after the last."""

        def look_and_compute(*args: Any, **options: Any) -> Any:
            self.at += 1
            if self.first < self.at < self.until and self._should_stop(self.at):
                raise _Stopped
            return gradient(*args, **options)

        return look_and_compute

    def note_kl(self, count: int, kl: float, y: np.ndarray) -> None:
        """openTSNE's callback, which it calls before it moves the points: they are those of the iteration before."""
        self._trace.append((self.first + count - 1, float(kl)))


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

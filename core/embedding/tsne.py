"""Forming a t-SNE map (van der Maaten & Hinton 2008) step by step, with openTSNE or with scikit-learn.

Pulled apart by Barnes and Hut's tree (van der Maaten 2014), or by interpolation on a grid for many points (Linderman
et al. 2019). openTSNE's callbacks show the map while it forms; what the optimiser knows is handed back with the map, so
that a stopped map goes on as if it had never been stopped. `benchmarks/tsne.py` is behind the constants.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from core.embedding import settings as embedding_settings
from core.embedding.settings import Settings
from core.latent import pca
from core.system import devices

CALLBACK_EVERY = 10
"""Iterations between two looks at a forming map."""

EXAGGERATION = 12.0
"""Attraction is so many times too strong at first: clusters find each other while the points are still close."""

SKLEARN_EARLY_ITERATIONS = 250
"""Iterations that scikit-learn exaggerates, as strongly; it cannot be told otherwise."""

MOMENTUM = (0.8, 0.9)
"""While attraction is exaggerated, and after. openTSNE's own 0.5 and 0.8 need more iterations for the same KL."""

FFT_ABOVE = 10_000
"""Points above which the grid is worth its loss: it halves the time, but ends two percent of KL higher."""


@dataclass
class State:
    """A map and all that is needed to go on with it.

    Attributes:
        y: the map, float64 [n, 2]. update, gains: the optimiser's memory, [n, 2]; None from scikit-learn.
        iteration: steps behind it. trace: (iteration, KL in nats) at every look.
    """

    y: np.ndarray
    iteration: int = 0
    trace: list[tuple[int, float]] = field(default_factory=list)
    update: np.ndarray | None = None
    gains: np.ndarray | None = None

    @property
    def kl(self) -> float | None:
        """KL(P ‖ Q) of the newest look, in nats; None before the first."""
        return self.trace[-1][1] if self.trace else None


Tell = Callable[[State], bool]
"""Called at every look with the forming map; True asks to stop."""


def early_iterations(iterations: int) -> int:
    """How many of the iterations exaggerate. Maps with the same number are stages of one and the same course."""
    return min(75, iterations // 4)


def fit(
    x: np.ndarray,
    settings: Settings,
    tell: Tell = lambda state: False,
    state: State | None = None,
    by: str | None = None,
) -> State:
    """The map of x [n, d] after `settings.iterations`, or where `tell` asked to stop.

    Args:
        state: a stage of the same course to go on from (openTSNE only). by: `openTSNE` or `scikit-learn`; None takes
            what is there.
    """
    by = by or embedding_settings.default_backend()
    x = np.ascontiguousarray(x, np.float32)
    if settings.pca_first and x.shape[1] > embedding_settings.PCA_DIMENSIONS:
        x = pca.pca(x, embedding_settings.PCA_DIMENSIONS)
    if settings.method == "pca":
        return State(pca.pca(x).astype(np.float64))
    return (_open_tsne if by == "openTSNE" else _scikit_learn)(x, settings, tell, state)


def first_layout(x: np.ndarray, settings: Settings) -> np.ndarray:
    """Where the points begin, float64 [n, 2], 10⁻⁴ wide: the PCA map with a trace of noise, or noise alone.

    Starting from PCA keeps the large shape and makes maps repeatable (Kobak & Linderman 2021).
    """
    noise = np.random.default_rng(settings.seed).standard_normal((len(x), 2))
    y = pca.pca(x).astype(np.float64) if settings.start == "pca" else np.zeros((len(x), 2))
    width = float(y[:, 0].std())
    return 1e-4 * (y / width + 0.01 * noise if width > 0 else noise)


def affinities(x: np.ndarray, perplexity: float):
    """P: how much each point attends to its neighbours, as openTSNE's `Affinities`."""
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors
    from sklearn.neighbors import NearestNeighbors

    # All distances as one matrix product: openTSNE's own search takes several times as long, and is not exact.
    k = min(len(x) - 1, int(3 * perplexity))
    search = NearestNeighbors(n_neighbors=k, algorithm="brute", n_jobs=devices.cores()).fit(x)
    distances, neighbours = search.kneighbors()
    return PerplexityBasedNN(
        knn_index=PrecomputedNeighbors(neighbours, distances), perplexity=perplexity, n_jobs=devices.cores()
    )


def _open_tsne(x: np.ndarray, settings: Settings, tell: Tell, state: State | None) -> State:
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
    if now.update is not None:
        points.optimizer.update, points.optimizer.gains = now.update.copy(), now.gains.copy()
    early, trace = early_iterations(settings.iterations), list(now.trace)
    if now.iteration >= early:  # whoever came all the way has multiplied and divided, which rounds in the last bit
        points.affinities.P *= EXAGGERATION
        points.affinities.P /= EXAGGERATION

    def taken(y, iteration: int) -> State:
        return State(np.array(y), iteration, list(trace), points.optimizer.update, points.optimizer.gains)

    done = now.iteration
    for until, exaggeration, momentum in ((early, EXAGGERATION, MOMENTUM[0]), (settings.iterations, None, MOMENTUM[1])):
        if done >= until:
            continue

        def look(count: int, kl: float, y: np.ndarray, before: int = done) -> bool:
            # openTSNE asks before it moves the points: they are where the iteration before left them.
            trace.append((before + count - 1, float(kl)))
            return tell(taken(y, before + count - 1))

        try:
            points.optimize(
                until - done,
                exaggeration=exaggeration,
                momentum=momentum,
                inplace=True,
                propagate_exception=True,
                callbacks=[look],
                callbacks_every_iters=CALLBACK_EVERY,
            )
        except OptimizationInterrupt as stopped:
            return taken(stopped.final_embedding, trace[-1][0])
        done = until
    if not trace or trace[-1][0] != done:
        trace.append((done, float(points.kl_divergence)))
    return taken(points, done)


class _Stopped(Exception):
    """Thrown through scikit-learn, which has no other way to be interrupted."""


def _scikit_learn(x: np.ndarray, settings: Settings, tell: Tell, _: State | None) -> State:
    """In one go, from the first iteration: scikit-learn shows and keeps nothing before the end. What it prints says
    how far it is; a stop leaves the first layout."""
    from sklearn.manifold import TSNE

    now = State(first_layout(x, settings))

    class Listener(io.TextIOBase):
        def write(self, text: str) -> int:
            for iteration, kl in re.findall(r"Iteration (\d+): error = ([\d.]+)", text):
                now.iteration = int(iteration)
                early = now.iteration <= SKLEARN_EARLY_ITERATIONS  # so is the KL it prints then
                now.trace.append(
                    (now.iteration, float(kl) / EXAGGERATION - math.log(EXAGGERATION) if early else float(kl))
                )
                if tell(now):
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

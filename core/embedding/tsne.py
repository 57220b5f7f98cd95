"""t-SNE (van der Maaten & Hinton 2008), resumable with openTSNE, or in one go with scikit-learn.

The repulsive forces come from `repulsion.py`, the attraction and the optimiser from openTSNE. In the first iterations
(`few_until`) only a third of the neighbours attract, the nearest ones: most of the time is spent on attraction, and
the KL at the end is no higher. While the neighbours of very many points are sought, a map of a sample of them forms,
and the optimisation of all starts from it. The map is seen at every iteration while it is optimised; the state of its
optimiser is returned with the map, so that a stopped map continues bit by bit as if it had not been stopped. A stop is
heard at every block of the neighbour search and at every iteration. The constants were measured by
`benchmarks/tsne.py`.
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

from core.embedding import neighbours, repulsion, umap_map
from core.embedding import settings as embedding_settings
from core.embedding.settings import SAMPLE, Settings
from core.latent import pca
from core.system import cache, devices
from core.system.content_digest import content_digest

KL_EVERY = 10
"""Iterations between two values of the KL, whose logarithms cost a third of an iteration."""

EXAGGERATION = 12.0
"""Early exaggeration: factor of the attraction at first, so that clusters form while the points are still close."""

SKLEARN_EARLY_ITERATIONS = 250
"""Iterations of early exaggeration in scikit-learn, which offers no choice."""

MOMENTUM = (0.8, 0.9)
"""During early exaggeration, and after it. openTSNE's defaults 0.5 and 0.8 need more iterations for the same KL."""

SAMPLED_FROM, SAMPLE_ITERATIONS = 20_000, 250
"""With more points than this, a map of a sample of `SAMPLE` points makes so many iterations during the search: the
search of 60,000 takes seconds, that of the sample a fraction of one."""

FEWER = 1 / 3
"""Share of the perplexity, and of the neighbours, that counts in the iterations before `few_until`."""


@dataclass
class State:
    """A map and the state of its optimiser.

    Attributes:
        y: the map, float64 [n, 2]. iteration: iterations made. trace: (iteration, KL in nats), `KL_EVERY` apart.
        update, gains: state of the optimiser, [n, 2]; None from scikit-learn, whose maps cannot be continued.
        near: the nearest neighbours of each point in the input, nearest first, int64 [n, k], where they were sought.
        searched: share of the neighbour search that is done, 0 to 1; of UMAP the share of all its work.
        sampled: whether y is of the map of a sample that forms during the search, with every other point beside its
            nearest of the sample.
    """

    y: np.ndarray
    iteration: int = 0
    trace: list[tuple[int, float]] = field(default_factory=list)
    update: np.ndarray | None = None
    gains: np.ndarray | None = None
    near: np.ndarray | None = None
    searched: float = 1.0
    sampled: bool = False

    @property
    def kl(self) -> float | None:
        """Newest KL(P ‖ Q), in nats; None before the first."""
        return self.trace[-1][1] if self.trace else None


ShouldStop = Callable[[State], bool]
"""Callback with the state of the map, at every block of the neighbour search and every iteration (scikit-learn: every
50); returns True to stop."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest others of each point, nearest first: indices and distances [n, k]. p: affinities made of them, by
    their share of the perplexity."""

    near: np.ndarray
    distances: np.ndarray
    p: dict[float, Any] = field(default_factory=dict)


Known = dict[str, Neighbours]
"""Neighbours by a digest of the points and their perplexity; of the last points alone."""


def early_iterations(iterations: int) -> int:
    """Number of iterations with early exaggeration. Maps with the same number are stages of the same optimisation."""
    return min(75, iterations // 4)


def few_until(iterations: int) -> int:
    """Number of iterations in which only the nearest third of the neighbours attract."""
    return 3 * early_iterations(iterations)


def fit(
    x: np.ndarray,
    settings: Settings,
    should_stop: ShouldStop = lambda state: False,
    state: State | None = None,
    backend: str | None = None,
    known: Known | None = None,
) -> State:
    """The map of x [n, d] after `settings.iterations`, or at the iteration at which `should_stop` returned True.

    Args:
        state: stage of the same optimisation to continue from (openTSNE only). backend: `openTSNE` or `scikit-learn`
            (default: openTSNE if it is installed).
        known: keeps the neighbours of the last points, so that a map which is continued need not seek them anew.
    """
    backend = backend or embedding_settings.default_backend()
    x = np.ascontiguousarray(x, np.float32)
    if settings.pca_first and x.shape[1] > embedding_settings.PCA_DIMENSIONS:
        x = pca.pca(x, embedding_settings.PCA_DIMENSIONS)
    if settings.method == "pca":
        return State(pca.pca(x).astype(np.float64))
    if settings.method == "umap":
        now = State(np.zeros((len(x), 2)))
        try:
            return State(umap_map.fit(x, settings, lambda share: should_stop(dataclasses.replace(now, searched=share))))
        except umap_map.Stopped:
            return dataclasses.replace(now, searched=0.0)
    if backend == "openTSNE":
        return _open_tsne(x, settings, should_stop, state, {} if known is None else known)
    return _scikit_learn(x, settings, should_stop)


def first_layout(x: np.ndarray, settings: Settings) -> np.ndarray:
    """Initial positions of the points, float64 [n, 2], with a standard deviation of 10⁻⁴: the PCA map with a little
    noise, or noise alone. Starting from PCA preserves the global structure (Kobak & Linderman 2021).
    """
    noise = np.random.default_rng(settings.seed).standard_normal((len(x), 2))
    y = pca.pca(x).astype(np.float64) if settings.start == "pca" else np.zeros((len(x), 2))
    width = float(y[:, 0].std())
    return 1e-4 * (y / width + 0.01 * noise if width > 0 else noise)


def affinities(near: np.ndarray, distances: np.ndarray, perplexity: float) -> Any:
    """Affinities P between each point and its 3 · perplexity nearest: an openTSNE `Affinities` object.

    Args:
        near, distances: the nearest others of each point, nearest first, [n, k] (`neighbours.nearest`).
    """
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    k = max(1, min(near.shape[1], int(3 * perplexity)))
    found = PrecomputedNeighbors(np.ascontiguousarray(near[:, :k]), np.ascontiguousarray(distances[:, :k]))
    return PerplexityBasedNN(knn_index=found, perplexity=perplexity, n_jobs=devices.cores())


class _Stopped(Exception):
    """Raised inside an optimiser, which offers no other way to interrupt it at any iteration."""


def _open_tsne(x: np.ndarray, settings: Settings, should_stop: ShouldStop, state: State | None, known: Known) -> State:
    now, key = state or State(first_layout(x, settings)), cache.digest(content_digest(x), repr(settings.perplexity))
    meanwhile = _SampleMap(x, settings, now.y) if state is None and len(x) > SAMPLED_FROM else None

    def searched(share: float) -> bool:
        return should_stop(dataclasses.replace(meanwhile.go_on(share) if meanwhile else now, searched=share))

    try:
        if key not in known or meanwhile:
            found = Neighbours(*neighbours.nearest(x, min(len(x) - 1, int(3 * settings.perplexity)), searched))
            known.clear()
            known[key] = found
    except neighbours.SearchStopped:
        return now
    if meanwhile:
        now = State(meanwhile.start(settings.seed))
    course = _Course(known[key], settings.perplexity, now)
    early, few = early_iterations(settings.iterations), few_until(settings.iterations)
    try:
        course.go_on(early, FEWER, EXAGGERATION, MOMENTUM[0], should_stop)
        course.go_on(few, FEWER, 1.0, MOMENTUM[1], should_stop)
        course.go_on(settings.iterations, 1.0, 1.0, MOMENTUM[1], should_stop)
    except _Stopped:
        return course.state()
    course.note_last_kl()
    return course.state()


class _SampleMap:
    """A map of a sample of very many points that forms while the neighbours of all are sought: something moves at once,
    and all points start from it, as from the PCA map but nearer to their places (Kobak & Berens 2019)."""

    def __init__(self, x: np.ndarray, settings: Settings, y: np.ndarray):
        from sklearn.metrics import pairwise_distances_argmin

        chosen = np.linspace(0, len(x) - 1, SAMPLE).astype(int)
        found = Neighbours(*neighbours.nearest(x[chosen], min(SAMPLE - 1, int(3 * settings.perplexity))))
        self._course = _Course(found, settings.perplexity, State(y[chosen]))
        self._beside = np.concatenate(
            [pairwise_distances_argmin(x[k : k + SAMPLE], x[chosen]) for k in range(0, len(x), SAMPLE)]
        )
        self._beside[chosen] = np.arange(SAMPLE)

    def go_on(self, share: float) -> State:
        """The map when that share of the search is done, 0 to 1: by the share and not by the time, so that the same
        points give the same map."""
        until, early = round(share * SAMPLE_ITERATIONS), early_iterations(SAMPLE_ITERATIONS)
        self._course.go_on(min(until, early), 1.0, EXAGGERATION, MOMENTUM[0], lambda state: False)
        self._course.go_on(until, 1.0, 1.0, MOMENTUM[1], lambda state: False)
        return State(self._course.state().y[self._beside], sampled=until > 0)

    def start(self, seed: int) -> np.ndarray:
        """Initial positions of all points, as `first_layout`."""
        y = self.go_on(1.0).y
        noise = np.random.default_rng(seed).standard_normal(y.shape)
        return np.asarray(1e-4 * (y / y[:, 0].std() + 0.01 * noise))


class _Course:
    """The course of one optimisation: the points, the state of their optimiser and the KL so far."""

    def __init__(self, found: Neighbours, perplexity: float, now: State):
        self._found, self._perplexity = found, perplexity
        self._y, self._update, self._gains = now.y, now.update, now.gains
        self.at = self._began = now.iteration
        self._trace = list(now.trace)

    def go_on(self, until: int, share: float, exaggeration: float, momentum: float, should_stop: ShouldStop) -> None:
        """Iterate up to a number of iterations, with the affinities of a share of the neighbours, times `exaggeration`.

        Raises:
            _Stopped: `should_stop` returned True.
        """
        if self.at >= until:
            return
        from openTSNE import TSNEEmbedding

        p = self._affinities(share)
        points = TSNEEmbedding(self._y.copy(), p, n_jobs=devices.cores(), random_state=0)
        if self._update is not None and self._gains is not None:
            points.optimizer.update, points.optimizer.gains = self._update.copy(), self._gains.copy()
        steps, self.at = until - self.at, self.at - 1

        def look_and_compute(y: np.ndarray, p: Any, should_eval_error: bool = False, **_: Any) -> tuple[float, Any]:
            """The gradient, which openTSNE computes before each iteration and once after the last."""
            self.at += 1
            self._y, self._update, self._gains = np.array(y), points.optimizer.update, points.optimizer.gains
            if self.at == until:
                return 0.0, None
            if self.at > self._began and should_stop(self.state()):
                raise _Stopped
            forces, z = repulsion.repulsion(self._y, devices.cores())
            gradient = np.zeros_like(self._y)
            _attract(p, self._y, gradient)
            gradient *= exaggeration
            gradient -= forces / z
            if should_eval_error:
                self._trace.append((self.at, self._kl(z)))
            return 0.0, gradient

        points.optimize(
            steps,
            learning_rate=len(self._y) / exaggeration,
            momentum=momentum,
            negative_gradient_method=look_and_compute,
            inplace=True,
            callbacks=[lambda *_: None],  # openTSNE says by this when the KL is wanted
            callbacks_every_iters=KL_EVERY,
        )
        self._y, self._update, self._gains = np.array(points), points.optimizer.update, points.optimizer.gains
        self.at = until

    def note_last_kl(self) -> None:
        """The KL of the finished map."""
        if not self._trace or self._trace[-1][0] != self.at:
            self._trace.append((self.at, self._kl(repulsion.repulsion(self._y, devices.cores())[1])))

    def state(self) -> State:
        """The map as it is now."""
        return State(self._y, self.at, list(self._trace), self._update, self._gains, self._found.near)

    def _affinities(self, share: float) -> Any:
        found = self._found
        if share not in found.p:
            found.p[share] = affinities(found.near, found.distances, max(2.0, share * self._perplexity))
        return found.p[share]

    def _kl(self, z: float) -> float:
        """KL(P ‖ Q) in nats with the affinities of all neighbours. z: sum of all pairs' weights on the map."""
        total, kl = _attract(self._affinities(1.0).P, self._y, np.zeros_like(self._y), with_kl=True)
        return float(kl + total * np.log(z))


def _attract(p: Any, y: np.ndarray, gradient: np.ndarray, with_kl: bool = False) -> tuple[float, float]:
    """Add the attractive forces of sparse affinities p [n, n] on points y [n, 2] to a gradient, in place. Returns the
    sum of p, and the KL without the logarithm of Z (0 unless asked for)."""
    from openTSNE import _tsne

    found: tuple[float, float] = _tsne.estimate_positive_gradient_nn(
        p.indices, p.indptr, p.data, y, y, gradient, 1.0, num_threads=devices.cores(), should_eval_error=with_kl
    )
    return found


def _scikit_learn(x: np.ndarray, settings: Settings, should_stop: ShouldStop) -> State:
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

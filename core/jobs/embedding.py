"""Jobs that embed images in two dimensions: a map, the places of new images on it, and the small maps that warn of
misreadings.

    job = embedding.start(x, labels, settings)
    job.y, job.iteration, job.kl

Visitors who ask for the same map share its job, and each can leave it (`Job.leave`): it stops when nobody waits for it
any more. Nothing here imports torch or scikit-learn: a worker process computes (`core.jobs.embedding_worker`).
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import ClassVar

import numpy as np

from core.embedding import pitfalls, store
from core.embedding import settings as embedding_settings
from core.embedding.settings import Settings
from core.embedding.tsne import State
from core.jobs.job import Job
from core.jobs.messages import MapMeasured, MapState, Message, Order, SearchFound
from core.jobs.queue import BACKGROUND, SEARCH, job_queue


class EmbeddingJob(Job):
    """One map. `phase` is `searching` (for neighbours), `forming` or `measuring`.

    Attributes:
        store_key: key of the map in `core.embedding.store`, the same for any number of iterations.
        y: newest positions float32 [n, 2]; None before the first. While `iteration` is 0 they are of a sample's map.
        iteration, trace: iterations so far, and (iteration, KL in nats) pairs. seconds: spent on the map.
        measures: quality measures (`core.embedding.measures`); None before they are computed.
        kept: share of each image's neighbours that the map kept, float32 [n]; None before it is computed.
    """

    kind: ClassVar[str] = "map"
    error_message: ClassVar[str] = "The map could not be computed ({reason})."
    start_message: ClassVar[str] = "The map could not be computed ({reason})."
    crash_message: ClassVar[str] = "The process that computes maps {reason}."
    # A worker that does not stop in time is killed, and the newest map that it has sent is kept (`before_end`).
    patience: ClassVar[float] = 1.0

    def __init__(
        self,
        x: np.ndarray,
        labels: np.ndarray,
        settings: Settings,
        backend: str,
        pictures: np.ndarray | None = None,
    ):
        self.store_key = store.key(x, labels, settings, backend)
        super().__init__(job_key(self.store_key, settings), BACKGROUND)
        self.settings, self.backend = settings, backend
        self.y: np.ndarray | None = None
        self.iteration = 0
        self.trace: list[tuple[int, float]] = []
        self.seconds = 0.0
        self.measures: dict[str, float] | None = None
        self.kept: np.ndarray | None = None
        self._searched = self._earlier = 0.0
        self._first: int | None = None
        self._arrays = {"x": x, "labels": labels} | ({} if pictures is None else {"pictures": pictures})

    def order(self) -> Order:
        arguments = {
            "key": self.store_key,
            "backend": self.backend,
            "settings": dataclasses.asdict(self.settings),
        }
        return Order("embed", "embedding", arguments, self._arrays)

    @property
    def title(self) -> str:
        return f"Map of {self.settings.n:,} images"

    @property
    def progress(self) -> float:
        if self.state == "finished":
            return 1.0
        if self.settings.method != "tsne":
            return self.searched
        return min(1.0, self.iteration / max(1, self.settings.iterations))

    @property
    def searched(self) -> float:
        """Share of the neighbour search that is done, 0 to 1; it precedes the first iteration. Of UMAP the share of all
        its work."""
        return self._share if self.phase == "searching" else 1.0 if self.phase else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds to the last iteration, by the mean pace of the iterations so far; None before there are
        some."""
        made = self.iteration - (self._first or 0)
        if not self.active or self._first is None or made < 5:
            return None
        spent = self.seconds - self._searched - self._earlier
        return spent / made * max(0, self.settings.iterations - self.iteration)

    @property
    def interruptible(self) -> bool:
        return self.phase != "measuring"

    @property
    def kl(self) -> float | None:
        """Newest KL(P ‖ Q) in nats."""
        return self.trace[-1][1] if self.trace else None

    def begin_with(self, before: EmbeddingJob) -> None:
        """Show the map of a job that was stopped until this one, which continues it, has a newer one."""
        self.y, self.iteration, self.trace = before.y, before.iteration, list(before.trace)

    def on_event(self, event: Message) -> None:
        if isinstance(event, MapState):
            if self._first is None and event.phase != "searching":
                # The worker counts the seconds of earlier stages, too: they are not part of this pace.
                self._first, self._earlier = event.iteration - 1, event.seconds - event.searched
            self.y, self.iteration = event.y, event.iteration
            self.trace = [(int(i), float(kl)) for i, kl in event.trace]
            self._phase, self.seconds, self._searched = event.phase, event.seconds, event.searched
        elif isinstance(event, MapMeasured):
            self.measures, self.kept = event.measures, event.kept

    def before_end(self, state: str) -> None:
        """Keep the newest map of a worker that was killed, so that it continues from there. Its optimiser begins anew,
        without momentum."""
        if self.settings.method != "tsne" or self.backend != "openTSNE":
            return
        if state != "stopped" or self.y is None or not self.iteration:
            return
        before = store.find_stage(self.store_key, self.settings)
        if before is not None and before.state.iteration >= self.iteration:
            return
        y = self.y.astype(np.float64)
        reached = State(y, self.iteration, list(self.trace), np.zeros_like(y), np.ones_like(y))
        with contextlib.suppress(OSError):  # the map is still on the page
            store.save(self.store_key, self.settings, reached, {"seconds": self.seconds}, finished=False)

    def on_end(self) -> None:
        self._arrays = {}


class PlacingJob(Job):
    """The places of new images on a finished t-SNE map.

    Attributes:
        found: their positions float32 [m, 2]; None before.
    """

    kind: ClassVar[str] = "place on a map"
    error_message: ClassVar[str] = "The picture could not be placed ({reason})."
    start_message: ClassVar[str] = "The picture could not be placed ({reason})."
    crash_message: ClassVar[str] = "The process that places pictures {reason}."

    def __init__(self, key: str, y: np.ndarray, near: np.ndarray, distances: np.ndarray, backend: str, owner: str):
        super().__init__(key, SEARCH, owner)
        self.found: np.ndarray | None = None
        self._arguments, self._arrays = {"backend": backend}, {"y": y, "near": near, "distances": distances}

    def order(self) -> Order:
        return Order("place", "embedding", self._arguments, self._arrays)

    def on_event(self, event: Message) -> None:
        if isinstance(event, SearchFound):
            self.found = event.arrays["y"]

    def on_end(self) -> None:
        self._arrays = {}


class PitfallsJob(Job):
    """The small maps of `core.embedding.pitfalls`. The key is that of the stored panels."""

    kind: ClassVar[str] = "small maps"
    error_message: ClassVar[str] = EmbeddingJob.error_message
    start_message: ClassVar[str] = EmbeddingJob.start_message
    crash_message: ClassVar[str] = EmbeddingJob.crash_message

    def __init__(self, x: np.ndarray, labels: np.ndarray, backend: str):
        super().__init__(pitfalls.key(x, backend), BACKGROUND)
        self.backend = backend
        self._arrays = {"x": x, "labels": labels}

    def order(self) -> Order:
        return Order("pitfalls", "embedding", {"key": self.key, "backend": self.backend}, self._arrays)

    def on_end(self) -> None:
        self._arrays = {}


def job_key(store_key: str, settings: Settings) -> str:
    """Key of the job that computes a map up to its number of iterations."""
    return f"{store_key}:{settings.iterations}"


def start(
    x: np.ndarray,
    labels: np.ndarray,
    settings: Settings,
    backend: str | None = None,
    visitor: str = "",
    pictures: np.ndarray | None = None,
) -> EmbeddingJob:
    """Compute a map of x float32 [n, d] with classes int64 [n], continue one that was stopped, or join its job.

    Args:
        pictures: as in `measures.measure`. visitor: who waits for it, for `Job.leave`.
    """
    job = EmbeddingJob(x, labels, settings, backend or embedding_settings.default_backend(), pictures)
    before = job_queue().find(EmbeddingJob, job.key)
    if before is not None and before.state in ("stopping", "stopped") and job.backend == "openTSNE":
        job.begin_with(before)
    return job_queue().submit(job, visitor)


def place(key: str, y: np.ndarray, near: np.ndarray, distances: np.ndarray, backend: str, owner: str) -> PlacingJob:
    """Find the places of new images on the t-SNE map y [n, 2], or join the job that does.

    Args:
        key: identifies the map and the images. near, distances: as in `core.embedding.placing`.
    """
    known = job_queue().find(PlacingJob, key)
    if known is not None and known.found is not None:
        return known
    return job_queue().submit(PlacingJob(key, y, near, distances, backend, owner), owner)


def current(store_key: str, settings: Settings) -> EmbeddingJob | None:
    """The newest job of that map since the lab was opened."""
    return job_queue().find(EmbeddingJob, job_key(store_key, settings))


def start_pitfalls(x: np.ndarray, labels: np.ndarray, backend: str | None = None, visitor: str = "") -> PitfallsJob:
    """Compute the small maps of x float32 [n, d] with classes int64 [n], or join the job that does.

    Args:
        visitor: who waits for them, for `Job.leave`.
    """
    return job_queue().submit(PitfallsJob(x, labels, backend or embedding_settings.default_backend()), visitor)


def current_pitfalls(key: str) -> PitfallsJob | None:
    """The newest job of those small maps since the lab was opened."""
    return job_queue().find(PitfallsJob, key)


def warm() -> None:
    """Make the worker process ready for the first map."""
    job_queue().prepare("embedding")

"""Jobs that embed images in two dimensions: a t-SNE or PCA map, and the small maps that warn of misreadings.

    job = embedding.start(x, labels, settings)
    job.y, job.iteration, job.kl

Visitors who ask for the same map share its job. Nothing here imports torch or scikit-learn: a worker process computes
(`core.jobs.embedding_worker`).
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from core.embedding import pitfalls, store
from core.embedding import settings as embedding_settings
from core.embedding.settings import Settings
from core.jobs.job import Job
from core.jobs.messages import MapMeasured, MapState, Message, Order
from core.jobs.queue import BACKGROUND, job_queue


class EmbeddingJob(Job):
    """One map. `phase` is `forming` or `measuring`.

    Attributes:
        store_key: key of the map in `core.embedding.store`, the same for any number of iterations.
        y: newest positions float32 [n, 2]; None before the first.
        iteration, trace: iterations so far, and (iteration, KL in nats) pairs. seconds: spent on the map.
        measures: quality measures (`core.embedding.measures`); None before they are computed.
    """

    kind: ClassVar[str] = "map"
    error_message: ClassVar[str] = "The map could not be computed ({reason})."
    start_message: ClassVar[str] = "The map could not be computed ({reason})."
    crash_message: ClassVar[str] = "The process that computes maps {reason}."

    def __init__(self, x: np.ndarray, labels: np.ndarray, settings: Settings, backend: str, owner: str = ""):
        self.store_key = store.key(x, labels, settings, backend)
        super().__init__(job_key(self.store_key, settings), BACKGROUND, owner)
        self.settings, self.backend = settings, backend
        self.y: np.ndarray | None = None
        self.iteration = 0
        self.trace: list[tuple[int, float]] = []
        self.seconds = 0.0
        self.measures: dict[str, float] | None = None
        self._arrays = {"x": x, "labels": labels}

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
        return 1.0 if self.state == "finished" else min(1.0, self.iteration / max(1, self.settings.iterations))

    @property
    def seconds_left(self) -> float | None:
        return None  # iterations differ in cost, and the neighbour search comes before the first

    @property
    def interruptible(self) -> bool:
        return self.phase != "measuring"

    @property
    def kl(self) -> float | None:
        """Newest KL(P ‖ Q) in nats."""
        return self.trace[-1][1] if self.trace else None

    def on_event(self, event: Message) -> None:
        if isinstance(event, MapState):
            self.y, self.iteration = event.y, event.iteration
            self.trace = [(int(i), float(kl)) for i, kl in event.trace]
            self._phase, self.seconds = event.phase, event.seconds
        elif isinstance(event, MapMeasured):
            self.measures = event.measures

    def on_end(self) -> None:
        self._arrays = {}


class PitfallsJob(Job):
    """The small maps of `core.embedding.pitfalls`. The key is that of the stored panels."""

    kind: ClassVar[str] = "small maps"
    error_message: ClassVar[str] = EmbeddingJob.error_message
    start_message: ClassVar[str] = EmbeddingJob.start_message
    crash_message: ClassVar[str] = EmbeddingJob.crash_message

    def __init__(self, x: np.ndarray, labels: np.ndarray, backend: str, owner: str = ""):
        super().__init__(pitfalls.key(x, backend), BACKGROUND, owner)
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
    x: np.ndarray, labels: np.ndarray, settings: Settings, backend: str | None = None, owner: str = ""
) -> EmbeddingJob:
    """Compute a map of x float32 [n, d] with classes int64 [n], or continue one that was stopped."""
    return job_queue().submit(EmbeddingJob(x, labels, settings, backend or embedding_settings.default_backend(), owner))


def current(store_key: str, settings: Settings) -> EmbeddingJob | None:
    """The newest job of that map since the lab was opened."""
    return job_queue().find(EmbeddingJob, job_key(store_key, settings))


def start_pitfalls(x: np.ndarray, labels: np.ndarray, backend: str | None = None, owner: str = "") -> PitfallsJob:
    """Compute the small maps of x float32 [n, d] with classes int64 [n]."""
    return job_queue().submit(PitfallsJob(x, labels, backend or embedding_settings.default_backend(), owner))


def current_pitfalls(key: str) -> PitfallsJob | None:
    """The newest job of those small maps since the lab was opened."""
    return job_queue().find(PitfallsJob, key)


def warm() -> None:
    """Make the worker process ready for the first map."""
    job_queue().prepare("embedding")

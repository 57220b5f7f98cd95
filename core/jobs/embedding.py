"""Maps in the making, shared by every visitor who asks for the same one.

    job = embedding_job.start(x, labels, settings)
    job.y, job.iteration, job.kl

Nothing here imports torch or scikit-learn: the work is done in a process of its own (`jobs/embedding_queue.py`).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from core.embedding import pitfalls, store
from core.embedding import settings as embedding_settings
from core.embedding.settings import Settings
from core.jobs.embedding_queue import EmbeddingJob, EmbeddingQueue

_desk = EmbeddingQueue()


def start(x: np.ndarray, labels: np.ndarray, settings: Settings, by: str | None = None) -> EmbeddingJob:
    """Begin to form a map of x float32 [n, d] with classes int64 [n], or go on with a stopped one."""
    by = by or embedding_settings.default_backend()
    key = store.key(x, labels, settings, by)
    order = {"do": "map", "key": key, "by": by, "settings": dataclasses.asdict(settings)}
    return _desk.submit(EmbeddingJob(key, settings.iterations, order, {"x": x, "labels": labels}))


def current(key: str, settings: Settings) -> EmbeddingJob | None:
    """The newest job of that map since the lab was opened."""
    return _desk.job(key, settings.iterations)


def start_lessons(x: np.ndarray, labels: np.ndarray, by: str | None = None) -> EmbeddingJob:
    """Begin to compute the small maps of `embedding_lessons` from x float32 [n, d]."""
    by = by or embedding_settings.default_backend()
    key = pitfalls.key(x, by)
    order = {"do": "lessons", "key": key, "by": by}
    return _desk.submit(EmbeddingJob(key, 0, order, {"x": x, "labels": labels}))


def current_lessons(key: str) -> EmbeddingJob | None:
    """The newest job of those small maps."""
    return _desk.job(key, 0)


def warm() -> None:
    """Have the process ready for the first map."""
    _desk.warm()

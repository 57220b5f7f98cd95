"""Maps in the making, shared by every visitor who asks for the same one.

    job = embedding_job.start(x, labels, settings)
    job.y, job.iteration, job.kl

Nothing here imports torch or scikit-learn: the work is done in a process of its own (`embedding_desk.py`).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from core import embedding, embedding_lessons, embedding_store
from core.embedding import Settings
from core.embedding_desk import Desk, Job

_desk = Desk()


def start(x: np.ndarray, labels: np.ndarray, settings: Settings, by: str | None = None) -> Job:
    """Begin to form a map of x float32 [n, d] with classes int64 [n], or go on with a stopped one."""
    by = by or embedding.implementation()
    key = embedding_store.key(x, labels, settings, by)
    order = {"do": "map", "key": key, "by": by, "settings": dataclasses.asdict(settings)}
    return _desk.submit(Job(key, settings.iterations, order, {"x": x, "labels": labels}))


def current(key: str, settings: Settings) -> Job | None:
    """The newest job of that map since the lab was opened."""
    return _desk.job(key, settings.iterations)


def start_lessons(x: np.ndarray, labels: np.ndarray, by: str | None = None) -> Job:
    """Begin to compute the small maps of `embedding_lessons` from x float32 [n, d]."""
    by = by or embedding.implementation()
    key = embedding_lessons.key(x, by)
    order = {"do": "lessons", "key": key, "by": by}
    return _desk.submit(Job(key, 0, order, {"x": x, "labels": labels}))


def current_lessons(key: str) -> Job | None:
    """The newest job of those small maps."""
    return _desk.job(key, 0)


def warm() -> None:
    """Have the process ready for the first map."""
    _desk.warm()

"""Job that computes what a run's model says about each image of a map (`core.evaluation.image_values`).

Nothing here imports torch: the scoring worker computes. The result lies in the cache, for all visitors.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from core.jobs.job import Job
from core.jobs.messages import Order
from core.jobs.queue import BACKGROUND, job_queue
from core.runs import Run
from core.system import cache
from core.system.content_digest import content_digest


class ImageValuesJob(Job):
    """The values of a set of images under one run. The key is the path of the cache file."""

    kind: ClassVar[str] = "image values"
    priority: ClassVar[int] = 0  # seconds, and a visitor looks at the map meanwhile
    failed_message: ClassVar[str] = "The numbers could not be computed. {reason}"
    error_message: ClassVar[str] = "The numbers could not be computed ({reason})."
    start_message: ClassVar[str] = error_message
    crash_message: ClassVar[str] = "The process that computes the numbers {reason}."

    def __init__(self, run: Run, path: Path, pictures: np.ndarray, rows: np.ndarray | None):
        super().__init__(str(path), BACKGROUND)
        self.run = run
        self._arrays = {"pictures": pictures} | ({} if rows is None else {"rows": rows})

    def order(self) -> Order:
        return Order("image_values", "scoring", {"run": str(self.run.path), "path": self.key}, self._arrays)

    @property
    def title(self) -> str:
        return f"Numbers of each image by {self.run.name}"

    def on_end(self) -> None:
        self._arrays = {}


def file_of(run: Run, pictures: np.ndarray) -> Path:
    """The cache file of the values of pictures under a run's present weights."""
    weights = f"{run.path}:{run.weights_version()}"
    return cache.file_of("values", cache.digest("latent-lab-values-1", weights, content_digest(pictures)))


def load(path: Path, n: int) -> dict[str, np.ndarray] | None:
    """Values float32 [n] by name from the cache; None where they are missing or damaged."""
    entry = cache.load(path)
    if entry is None or not entry[0] or any(values.shape != (n,) for values in entry[0].values()):
        return None
    return entry[0]


def start(run: Run, path: Path, pictures: np.ndarray, rows: np.ndarray | None, visitor: str) -> ImageValuesJob:
    """Compute the values of pictures uint8 [n, ...], or join the job that does.

    Args:
        path: of `file_of`. rows: of the run's latent table, int64 [n], where all pictures have one.
        visitor: who wants them, for `Job.leave`.
    """
    return job_queue().submit(ImageValuesJob(run, path, pictures, rows), visitor)


def current(path: Path) -> ImageValuesJob | None:
    """The newest job of that file since the lab was opened."""
    return job_queue().find(ImageValuesJob, str(path))

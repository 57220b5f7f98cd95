"""Job that measures whether generated images help a classifier (`core.evaluation.augmentation`).

The curve is kept in the cache after each of its points: a job that is stopped goes on later where it ended.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from core.jobs.job import Job
from core.jobs.messages import Order
from core.jobs.queue import BACKGROUND, job_queue
from core.runs import Run


class AugmentationJob(Job):
    """Measuring of one run with one sampler. The key is the path of the file for the curve."""

    kind: ClassVar[str] = "augmentation"
    failed_message: ClassVar[str] = "The curve could not be measured ({reason})."
    error_message: ClassVar[str] = failed_message
    start_message: ClassVar[str] = failed_message
    crash_message: ClassVar[str] = "The curve could not be measured (the process {reason})."

    def __init__(self, run: Run, path: Path, source: str, owner: str = ""):
        super().__init__(str(path), BACKGROUND, owner)
        self.run, self.source = run, source

    def order(self) -> Order:
        return Order("measure_augmentation", "scoring", {"run": str(self.run.path), "source": self.source})

    @property
    def title(self) -> str:
        return f"Generated data of {self.run.name}"


def find(path: Path) -> AugmentationJob | None:
    """The newest job of that file since the lab was opened."""
    return job_queue().find(AugmentationJob, str(path))


def start(run: Run, path: Path, source: str, owner: str = "") -> AugmentationJob:
    """Measure the curve of a run, or join the job that does.

    Args:
        path: of `core.evaluation.augmentation.file_of`. source: the sampler. owner: the visitor who asks for it.
    """
    return job_queue().submit(AugmentationJob(run, path, source, owner))

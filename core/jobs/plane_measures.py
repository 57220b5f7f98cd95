"""Job that measures a model with two latent dimensions, shared by all visitors who look at its plane."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from core.jobs.job import Job
from core.jobs.messages import Order
from core.jobs.queue import CLASSIFIER, job_queue
from core.runs import Run


class PlaneJob(Job):
    """Measuring of one model. The key is the path of the file for the measures."""

    kind: ClassVar[str] = "plane measures"
    most_waiting: ClassVar[int] = 12  # more than one page shows
    failed_message: ClassVar[str] = "The plane could not be measured ({reason})."
    error_message: ClassVar[str] = failed_message
    start_message: ClassVar[str] = failed_message
    crash_message: ClassVar[str] = "The plane could not be measured (the process {reason})."

    def __init__(self, run: Run, path: Path):
        super().__init__(str(path), CLASSIFIER)
        self.run = run

    def order(self) -> Order:
        return Order("measure_plane", "scoring", {"run": str(self.run.path)})

    @property
    def title(self) -> str:
        return f"Plane of {self.run.name}"


def start(run: Run, path: Path, again: bool = False) -> PlaneJob:
    """Measure a run's plane, or join the job that does.

    Args:
        path: of the file for the measures (`core.evaluation.plane_measures.file_of`).
        again: start anew if the job of that path has ended; otherwise that job is returned.
    """
    queue = job_queue()
    job = None if again else queue.find(PlaneJob, str(path))
    return job or queue.submit(PlaneJob(run, path))

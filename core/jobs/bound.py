"""Job that measures the importance-weighted bound of a model, shared by all visitors who compare it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from core.jobs.job import Job
from core.jobs.messages import Order
from core.jobs.queue import CLASSIFIER, job_queue
from core.runs import Run


class BoundJob(Job):
    """Measuring of one model. The key is the path of the file for the result."""

    kind: ClassVar[str] = "importance-weighted bound"
    most_waiting: ClassVar[int] = 20
    failed_message: ClassVar[str] = "The bound could not be measured ({reason})."
    error_message: ClassVar[str] = failed_message
    start_message: ClassVar[str] = failed_message
    crash_message: ClassVar[str] = "The bound could not be measured (the process {reason})."

    def __init__(self, run: Run, path: Path, samples: int):
        super().__init__(str(path), CLASSIFIER)
        self.run, self.samples = run, samples

    def order(self) -> Order:
        return Order("measure_bound", "scoring", {"run": str(self.run.path), "samples": self.samples})

    @property
    def title(self) -> str:
        return f"Bound of {self.run.name}"


def start(run: Run, path: Path, samples: int) -> BoundJob:
    """Measure a run's bound, or join the job that does or did. path: of `core.evaluation.bound.file_of`."""
    queue = job_queue()
    return queue.find(BoundJob, str(path)) or queue.submit(BoundJob(run, path, samples))

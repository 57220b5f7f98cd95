"""Job that measures a run for the comparison of runs, shared by all visitors who compare it.

It measures the facts of the model first and its samples from one sampler then, and keeps each in the cache as soon as
it is there (`core.evaluation.comparison_run`).
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from core.jobs.job import Job
from core.jobs.messages import Order
from core.jobs.queue import CLASSIFIER, job_queue
from core.runs import Run


class ComparisonJob(Job):
    """Measuring of one run with samples from one sampler. The key is the path of the file for the samples."""

    kind: ClassVar[str] = "comparison"
    most_waiting: ClassVar[int] = 40  # more than one page shows
    failed_message: ClassVar[str] = "It could not be measured ({reason})."
    error_message: ClassVar[str] = failed_message
    start_message: ClassVar[str] = failed_message
    crash_message: ClassVar[str] = "It could not be measured (the process {reason})."

    def __init__(self, run: Run, path: Path, source: str):
        super().__init__(str(path), CLASSIFIER)
        self.run, self.source = run, source

    def order(self) -> Order:
        return Order("measure_for_comparison", "scoring", {"run": str(self.run.path), "source": self.source})

    @property
    def title(self) -> str:
        return f"Comparison of {self.run.name}"


def start(run: Run, path: Path, source: str, again: bool = False) -> ComparisonJob:
    """Measure a run, or join the job that does or did.

    Args:
        path: of `core.evaluation.comparison_run.samples_file`. source: the sampler.
        again: start anew if the job of that path has ended; otherwise that job is returned.
    """
    queue = job_queue()
    job = None if again else queue.find(ComparisonJob, str(path))
    return job or queue.submit(ComparisonJob(run, path, source))

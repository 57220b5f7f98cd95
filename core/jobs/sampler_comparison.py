"""Job that compares the samplers of a run, shared by all visitors who look at it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from core.jobs.job import Job
from core.jobs.messages import Order
from core.jobs.queue import BACKGROUND, job_queue
from core.runs import Run


class SamplerJob(Job):
    """Comparison of the samplers of one run. The key is the path of the file for the result."""

    kind: ClassVar[str] = "comparison of samplers"
    most_waiting: ClassVar[int] = 6
    failed_message: ClassVar[str] = "The samplers could not be compared ({reason})."
    error_message: ClassVar[str] = failed_message
    start_message: ClassVar[str] = failed_message
    crash_message: ClassVar[str] = "The samplers could not be compared (the process {reason})."

    def __init__(self, run: Run, path: Path, owner: str = ""):
        super().__init__(str(path), BACKGROUND, owner)
        self.run = run

    def order(self) -> Order:
        return Order("compare_samplers", "scoring", {"run": str(self.run.path)})

    @property
    def title(self) -> str:
        return f"Samplers of {self.run.name}"


def start(run: Run, path: Path, visitor: str = "") -> SamplerJob:
    """Compare the samplers of a run, or join the job that does.

    Args:
        path: of the file for the result (`core.evaluation.sampler_comparison.file_of`).
    """
    return job_queue().submit(SamplerJob(run, path, visitor), visitor)


def current(path: Path) -> SamplerJob | None:
    """The newest job of that file since the lab was opened."""
    return job_queue().find(SamplerJob, str(path))

"""Measuring jobs: each measures one run and keeps the result in one file of the cache, for all visitors."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, TypeVar

from core.jobs.job import Job
from core.jobs.messages import Order
from core.jobs.queue import BACKGROUND, job_queue
from core.runs import Run


class MeasuringJob(Job):
    """Measuring of one run. The key is the path of the file for the result.

    Subclasses name:
        task: of the scoring worker. heading: of the job in lists, before the run's name.
        failure: the beginning of a sentence that says that it failed. runs_in: the lane.
    """

    task: ClassVar[str]
    heading: ClassVar[str]
    failure: ClassVar[str]
    runs_in: ClassVar[str] = BACKGROUND

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.failed_message = cls.error_message = cls.start_message = f"{cls.failure} ({{reason}})."
        cls.crash_message = f"{cls.failure} (the process {{reason}})."

    def __init__(self, run: Run, path: Path, owner: str = "", **arguments: Any):
        """`arguments`: further ones of the task."""
        super().__init__(str(path), self.runs_in, owner)
        self.run, self._arguments = run, arguments

    def order(self) -> Order:
        return Order(self.task, "scoring", {"run": str(self.run.path), **self._arguments})

    @property
    def title(self) -> str:
        return f"{self.heading} of {self.run.name}"


Measuring = TypeVar("Measuring", bound=MeasuringJob)


def find(kind: type[Measuring], path: Path) -> Measuring | None:
    """The newest job of that kind and file since the lab was opened."""
    return job_queue().find(kind, str(path))


def start(job: Measuring, again: bool = True, visitor: str = "") -> Measuring:
    """Start a job, or join the active one of its file.

    Args:
        again: start anew if the job of that file has ended; otherwise that job is returned. visitor: who wants the
            result, for `Job.leave`.
    """
    queue = job_queue()
    ended = None if again else queue.find(type(job), job.key)
    return ended or queue.submit(job, visitor)

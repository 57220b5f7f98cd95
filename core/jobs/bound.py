"""Job that measures the importance-weighted bound of a model, shared by all visitors who compare it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from core.jobs import measuring
from core.jobs.queue import CLASSIFIER
from core.runs import Run


class BoundJob(measuring.MeasuringJob):
    """Measuring of one model."""

    kind: ClassVar[str] = "importance-weighted bound"
    task: ClassVar[str] = "measure_bound"
    heading: ClassVar[str] = "Bound"
    failure: ClassVar[str] = "The bound could not be measured"
    runs_in: ClassVar[str] = CLASSIFIER

    def __init__(self, run: Run, path: Path, samples: int):
        super().__init__(run, path, samples=samples)


def start(run: Run, path: Path, samples: int) -> BoundJob:
    """Measure a run's bound, or join the job that does or did. path: of `core.evaluation.bound.file_of`."""
    return measuring.start(BoundJob(run, path, samples), again=False)

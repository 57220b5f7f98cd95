"""Job that measures a run for the comparison of runs, shared by all visitors who compare it.

It measures the facts of the model first and its samples from one sampler then, and keeps each in the cache as soon as
it is there (`core.evaluation.comparison_run`).
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from core.jobs import measuring
from core.jobs.queue import CLASSIFIER
from core.runs import Run


class ComparisonJob(measuring.MeasuringJob):
    """Measuring of one run with samples from one sampler. The key is the path of the file for the samples."""

    kind: ClassVar[str] = "comparison"
    most_waiting: ClassVar[int] = 40  # more than one page shows
    task: ClassVar[str] = "measure_for_comparison"
    heading: ClassVar[str] = "Comparison"
    failure: ClassVar[str] = "It could not be measured"
    runs_in: ClassVar[str] = CLASSIFIER

    def __init__(self, run: Run, path: Path, source: str):
        super().__init__(run, path, source=source)


def start(run: Run, path: Path, source: str, again: bool = False) -> ComparisonJob:
    """Measure a run, or join the job that does or did.

    Args:
        path: of `core.evaluation.comparison_run.samples_file`. source: the sampler.
        again: start anew if the job of that path has ended; otherwise that job is returned.
    """
    return measuring.start(ComparisonJob(run, path, source), again)

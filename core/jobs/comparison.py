"""Job that measures a run for the comparison of runs, shared by all visitors who compare it.

It measures the facts of the model first, then its importance-weighted bound, then its samples from one sampler, and
keeps each in the cache as soon as it is there (`core.evaluation.comparison_run`).
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from core.evaluation.comparison_measures import SAMPLES
from core.jobs import measuring
from core.jobs.queue import CLASSIFIER
from core.runs import Run


class ComparisonJob(measuring.MeasuringJob):
    """Measuring of one run with samples from one sampler. The key is the path of the file for the samples, and the
    number of samples of the bound."""

    kind: ClassVar[str] = "comparison"
    most_waiting: ClassVar[int] = 40  # more than one page shows
    task: ClassVar[str] = "measure_for_comparison"
    heading: ClassVar[str] = "Comparison"
    failure: ClassVar[str] = "It could not be measured"
    runs_in: ClassVar[str] = CLASSIFIER

    def __init__(self, run: Run, path: Path, source: str, samples: int = SAMPLES):
        super().__init__(run, path, source=source, samples=samples)
        self.key = f"{path} {samples}"


def start(run: Run, path: Path, source: str, samples: int, again: bool = False) -> ComparisonJob:
    """Measure a run, or join the job that does or did.

    Args:
        path: of `core.evaluation.comparison_samples.file_of`. source: the sampler. samples: of the bound.
        again: start anew if the job of that path has ended; otherwise that job is returned.
    """
    return measuring.start(ComparisonJob(run, path, source, samples), again)

"""Job that compares the samplers of a run, shared by all visitors who look at it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from core.jobs import measuring
from core.runs import Run


class SamplerJob(measuring.MeasuringJob):
    """Comparison of the samplers of one run."""

    kind: ClassVar[str] = "comparison of samplers"
    most_waiting: ClassVar[int] = 6
    task: ClassVar[str] = "compare_samplers"
    heading: ClassVar[str] = "Samplers"
    failure: ClassVar[str] = "The samplers could not be compared"


def start(run: Run, path: Path, visitor: str = "") -> SamplerJob:
    """Compare the samplers of a run, or join the job that does.

    Args:
        path: of the file for the result (`core.evaluation.sampler_comparison.file_of`).
    """
    return measuring.start(SamplerJob(run, path, visitor), visitor=visitor)


def current(path: Path) -> SamplerJob | None:
    """The newest job of that file since the lab was opened."""
    return measuring.find(SamplerJob, path)

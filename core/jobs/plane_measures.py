"""Job that measures a model with two latent dimensions, shared by all visitors who look at its plane."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from core.jobs import measuring
from core.jobs.queue import CLASSIFIER
from core.runs import Run


class PlaneJob(measuring.MeasuringJob):
    """Measuring of one model."""

    kind: ClassVar[str] = "plane measures"
    most_waiting: ClassVar[int] = 12  # more than one page shows
    task: ClassVar[str] = "measure_plane"
    heading: ClassVar[str] = "Plane"
    failure: ClassVar[str] = "The plane could not be measured"
    runs_in: ClassVar[str] = CLASSIFIER


def start(run: Run, path: Path, again: bool = False) -> PlaneJob:
    """Measure a run's plane, or join the job that does.

    Args:
        path: of the file for the measures (`core.evaluation.plane_measures.file_of`).
        again: start anew if the job of that path has ended; otherwise that job is returned.
    """
    return measuring.start(PlaneJob(run, path), again)

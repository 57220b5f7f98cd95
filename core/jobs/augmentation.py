"""Job that measures whether generated images help a classifier (`core.evaluation.augmentation`).

The curve is kept in the cache after each of its points: a job that is stopped goes on later where it ended.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from core.jobs import measuring
from core.runs import Run


class AugmentationJob(measuring.MeasuringJob):
    """Measuring of one run with one sampler. The key is the path of the file for the curve."""

    kind: ClassVar[str] = "augmentation"
    task: ClassVar[str] = "measure_augmentation"
    heading: ClassVar[str] = "Generated data"
    failure: ClassVar[str] = "The curve could not be measured"

    def __init__(self, run: Run, path: Path, source: str, owner: str = ""):
        super().__init__(run, path, owner, source=source)


def find(path: Path) -> AugmentationJob | None:
    """The newest job of that file since the lab was opened."""
    return measuring.find(AugmentationJob, path)


def start(run: Run, path: Path, source: str, owner: str = "") -> AugmentationJob:
    """Measure the curve of a run, or join the job that does.

    Args:
        path: of `core.evaluation.augmentation.file_of`. source: the sampler. owner: the visitor who asks for it.
    """
    return measuring.start(AugmentationJob(run, path, source, owner))

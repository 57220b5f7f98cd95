"""A run that was trained before the lab was opened, with the attributes of a job that the view of a training needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from core.jobs.training_job import TrainingJob
from core.recipes.recipe import Recipe
from core.runs import Run


@dataclass(frozen=True)
class FinishedSnapshot:
    """What the view shows of a finished training; the attributes are those of `core.jobs.training_job.Snapshot`."""

    points: dict[str, np.ndarray]
    frames: list[float]
    changes: list[dict[str, Any]]
    kl_per_dim: np.ndarray
    shares: np.ndarray
    single_step: dict[str, Any] = field(default_factory=dict)


class FinishedRun:
    """A run as it lies on disk. Its tables are read once, at the first look; make a new one for each draw of a page."""

    active = False
    state = "finished"

    def __init__(self, run: Run):
        self.run = run

    @property
    def name(self) -> str:
        return self.run.name

    @property
    def recipe(self) -> Recipe:
        return self.run.recipe

    @cached_property
    def _snapshot(self) -> FinishedSnapshot:
        shares = self.run.class_history()[1]
        return FinishedSnapshot(
            self.run.history(),
            self.run.frames(),
            list(self.run.status["changes"]),
            self.run.kl_per_dim(),
            shares[-1] if len(shares) else np.zeros(0),
        )

    def snapshot(self) -> FinishedSnapshot:
        """The state at the end of the training."""
        return self._snapshot


Shown = TrainingJob | FinishedRun
"""A training to show: a job, or a run that was trained before the lab was opened."""

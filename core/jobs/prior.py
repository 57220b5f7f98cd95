"""Job that learns a prior of a run's latents, shared by all visitors who watch it.

    job = prior.start(run, FLOW, FlowSettings())
    job.losses, job.pictures

Nothing here imports torch: a worker process learns (`core.jobs.prior_worker`).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from core.jobs.job import Job
from core.jobs.messages import Message, Order
from core.jobs.queue import BACKGROUND, job_queue
from core.priors import checks
from core.priors.events import LEARNING, PriorProgress
from core.priors.kinds import PriorKind
from core.priors.settings import PriorSettings
from core.runs import Run


class PriorJob(Job):
    """Learning of one prior. The key names the run's folder and the kind. A stop keeps the prior as it is then.

    Attributes:
        step: step reached. losses: (step, mean loss) pairs so far. learning_seconds: since the first step.
        pictures: newest samples, uint8 [n, H, W] or [n, H, W, 3]; None before. shown_step: step that they are of.
        points: newest points of a plane, float32 [m, 2]; None before, and with more than two latent dimensions.
    """

    kind: ClassVar[str] = "learned prior"
    most_waiting: ClassVar[int] = 6
    error_message: ClassVar[str] = "The prior could not be learned ({reason})."
    start_message: ClassVar[str] = error_message
    crash_message: ClassVar[str] = "The prior could not be learned: the process {reason}."

    def __init__(self, run: Run, kind: PriorKind, settings: PriorSettings, owner: str = ""):
        super().__init__(key(run, kind), BACKGROUND, owner)
        self.run, self.prior_kind, self.settings = run, kind, settings
        self.step = self.shown_step = 0
        self.learning_seconds = 0.0
        self.losses: list[tuple[float, float]] = []
        self.pictures: np.ndarray | None = None
        self.points: np.ndarray | None = None

    def order(self) -> Order:
        arguments = {"run": str(self.run.path), "kind": self.prior_kind.key, "settings": self.settings.to_dict()}
        return Order("learn_prior", "prior", arguments)

    @property
    def title(self) -> str:
        return f"{self.prior_kind.name} for {self.run.name}"

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds to the last step, by the mean pace of the steps so far; None before there are some."""
        if not self.active or not self.step:
            return None
        return self.learning_seconds / self.step * (self.settings.steps - self.step)

    def on_event(self, event: Message) -> None:
        if not isinstance(event, PriorProgress):
            return
        self._phase = event.phase
        self._share = event.done / max(1, event.total)
        if event.phase != LEARNING:
            return
        self.step, self.learning_seconds = event.done, event.seconds
        self.losses += [(float(step), float(loss)) for step, loss in event.losses]
        if event.pictures is not None:
            self.pictures, self.points, self.shown_step = event.pictures, event.points, event.done


def key(run: Run, kind: PriorKind) -> str:
    """Key of the job that learns a run's prior of that kind."""
    return f"{run.path}:{kind.key}"


def start(run: Run, kind: PriorKind, settings: PriorSettings, visitor: str = "") -> PriorJob:
    """Learn a run's prior anew, or join the job that does.

    Raises:
        RunError: it cannot be learned or kept; says why.
    """
    checks.check(run, kind)
    return job_queue().submit(PriorJob(run, kind, settings, visitor), visitor)


def current(run: Run, kind: PriorKind) -> PriorJob | None:
    """The newest job of that run and kind since the lab was opened."""
    return job_queue().find(PriorJob, key(run, kind))

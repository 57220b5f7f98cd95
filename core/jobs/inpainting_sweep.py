"""Job that measures the inpainting error over the share of hidden pixels, for several runs and ways of inpainting."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from core.jobs.job import Job
from core.jobs.messages import Message, Order, SweepErrors
from core.jobs.queue import BACKGROUND, job_queue

SEARCH, BASELINE = "search", "interpolation"


@dataclass(frozen=True)
class SweepCurve:
    """One curve: the folder of a run, and how hidden pixels are filled: `zeros` or `mean` (`inpainting.FILLS`),
    `search` in latent space, or `interpolation` of the visible ones, which uses no model but the run's images."""

    run: str
    how: str


class InpaintingSweepJob(Job):
    """One sweep.

    Attributes:
        curves: what is measured. errors: for each curve {share of hidden pixels: error of each image [N]}, so far.
    """

    kind: ClassVar[str] = "inpainting sweep"
    priority: ClassVar[int] = 2
    failed_message: ClassVar[str] = "The sweep could not be computed ({reason})."
    error_message: ClassVar[str] = failed_message
    start_message: ClassVar[str] = failed_message
    crash_message: ClassVar[str] = "The sweep could not be computed (the process {reason})."

    def __init__(self, key: str, curves: Sequence[SweepCurve], images: int, seed: int, steps: int):
        super().__init__(key, BACKGROUND)
        self.curves = tuple(curves)
        self.errors: list[dict[float, np.ndarray]] = [{} for _ in curves]
        self._arguments = {"images": images, "seed": seed, "steps": steps}

    def order(self) -> Order:
        return Order("sweep", "scoring", {"curves": [asdict(curve) for curve in self.curves], **self._arguments})

    def on_event(self, event: Message) -> None:
        if isinstance(event, SweepErrors):
            self.errors[event.curve] = self.errors[event.curve] | {event.hidden: event.errors}


def find(key: Hashable) -> InpaintingSweepJob | None:
    """The newest sweep of that key since the lab was opened."""
    return job_queue().find(InpaintingSweepJob, repr(key))


def start(
    key: Hashable, visitor: str, curves: Sequence[SweepCurve], images: int, seed: int, steps: int
) -> InpaintingSweepJob:
    """Start a sweep, or join the one of that key that is active or finished.

    Args:
        key: identifies the result. visitor: who wants it, for `Job.leave`.
        images: number of test images of the first run's data set. seed, steps: as in `inpainting.sweep`.
    """
    job = find(key)
    if job is not None and job.state == "finished":
        return job
    return job_queue().submit(InpaintingSweepJob(repr(key), curves, images, seed, steps), visitor)

"""Waiting times: how many trainings come before one, how long they take, and how busy this machine is.

A time is a sum of what is known: what the running training says it still needs, and for each one that waits the time
of its recipe at the measured speed, lengthened by what else the machine does. Where one of them is not known, neither
is the sum.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from core.jobs.queue import JobQueue
from core.jobs.training_job import TrainingJob, lane_of
from core.recipes import duration
from core.recipes.recipe import Recipe
from core.system.devices import cores

BUSY = 1.5
"""From this slowdown on, a page says that the machine is busy."""


@dataclass(frozen=True)
class Wait:
    """What comes before a training. seconds: until it starts; None where that is not known."""

    before: int
    seconds: float | None


def slowdown() -> float:
    """How many times longer a training takes now than on this machine when it is idle; 1 where that is not known.

    All processes that want to compute share the cores alike, the new training among them.
    """
    try:
        load = os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows has no such figure
        return 1.0
    return max(1.0, (load + 1) / max(1, cores()))


def wait(queue: JobQueue, job: TrainingJob) -> Wait:
    """The trainings before one that waits, and how long they take."""
    if job.state != "queued":
        return Wait(0, 0.0)
    lane = _active(queue, job.lane)
    return _sum(lane[: lane.index(job)] if job in lane else lane, queue)


def wait_of_new(queue: JobQueue, device: str = "auto") -> Wait:
    """What would come before a training that were added now."""
    return _sum(_active(queue, lane_of(device)), queue)


def _active(queue: JobQueue, lane: str) -> list[TrainingJob]:
    return [job for job in queue.jobs(TrainingJob) if job.active and job.lane == lane]


def _sum(before: list[TrainingJob], queue: JobQueue) -> Wait:
    times = [_left(other, queue) for other in before]
    known = [seconds for seconds in times if seconds is not None]
    return Wait(len(before), sum(known) if len(known) == len(times) else None)


def expected(recipe: Recipe, queue: JobQueue) -> float | None:
    """Seconds that a training of this recipe takes as busy as the machine is now; None where its speed is not known.

    The speed is that of the newest training of a network like it since the lab was opened.
    """
    key = duration.speed_key(recipe)
    for job in queue.jobs(TrainingJob):
        rate = job.images_per_second
        if rate > 0 and duration.speed_key(job.recipe) == key:
            return duration.seconds(recipe, rate)  # it was slowed down as this one will be
    return None


def _left(job: TrainingJob, queue: JobQueue) -> float | None:
    if job.seconds_left is not None:
        return job.seconds_left
    if (whole := expected(job.recipe, queue)) is None:
        return None
    return whole * (1 - job.progress)

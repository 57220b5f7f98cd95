"""Training-speed estimates of one device: measured rates, and speed tests that are still to run."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import ClassVar

from core.jobs.job import Job
from core.jobs.messages import Message, Order, SpeedMeasured
from core.jobs.queue import JobQueue
from core.jobs.training_job import lane_of
from core.recipes.duration import speed_key
from core.recipes.recipe import Recipe


class SpeedTestJob(Job):
    """Speed test of a recipe; gives way to trainings. The key names the network and the device.

    Attributes:
        images_per_second: the rate; None before it is measured.
    """

    kind: ClassVar[str] = "speed test"
    priority: ClassVar[int] = 9
    gives_way: ClassVar[bool] = True

    def __init__(self, recipe: Recipe, device: str, estimates: SpeedEstimates):
        super().__init__(f"{speed_key(recipe)} on {device}", lane_of(device))
        self.recipe, self.device = recipe, device
        self.images_per_second: float | None = None
        self._estimates = estimates

    def order(self) -> Order:
        return Order("measure_speed", "training", {"recipe": self.recipe.to_dict()}, device=self.device)

    def on_event(self, event: Message) -> None:
        if isinstance(event, SpeedMeasured):
            self.images_per_second = event.images_per_second

    def on_end(self) -> None:
        # A test that failed, most likely for lack of memory, is not repeated; one that gave way may be.
        if self.state in ("finished", "failed"):
            self._estimates.note(speed_key(self.recipe), self.images_per_second)


class SpeedEstimates:
    """Rates of one device that are known, and speed tests for those that are not.

    Pages request rates while nothing trains. A training that comes ends all open speed tests; the pages request them
    again later.
    """

    def __init__(self, queue: JobQueue, device: str = "auto"):
        self._queue, self._device = queue, device
        self._lock = threading.Lock()
        self._known: dict[str, float | None] = {}

    def known(self, recipe: Recipe) -> float | None:
        """Images per second of recipes with this network; None if not known."""
        with self._lock:
            return self._known.get(speed_key(recipe))

    def note(self, key: str, images_per_second: float | None) -> None:
        """Keep the rate of a network (`duration.speed_key`); None for one that could not be measured."""
        with self._lock:
            self._known[key] = images_per_second

    def request(self, recipes: Iterable[Recipe]) -> bool:
        """Queue speed tests of networks whose rate is not known; True if there are any. A failed test is not
        repeated."""
        with self._lock:
            missing = [recipe for recipe in recipes if speed_key(recipe) not in self._known]
        for recipe in missing:
            self._queue.submit(SpeedTestJob(recipe, self._device, self))
        return bool(missing)

    def tests(self) -> list[SpeedTestJob]:
        """Speed tests of this device that wait or run, in their order."""
        jobs = self._queue.jobs(SpeedTestJob)
        return [job for job in jobs if job.active and job.state != "stopping" and job.device == self._device]

    def pending(self, recipes: Iterable[Recipe]) -> bool:
        """Whether a speed test of one of these networks waits or runs."""
        keys = {speed_key(recipe) for recipe in recipes}
        return any(speed_key(job.recipe) in keys for job in self.tests())

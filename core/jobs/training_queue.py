"""Training queue of a device: new and resumed runs as jobs of the lab's one queue (`core.jobs.queue`).

    job = training_queue().submit(recipe)
    job.snapshot().points["train_total"]

Nothing here imports torch, and nothing calls a page back: pages poll `snapshot()`.
"""

from __future__ import annotations

import contextlib
import threading

from core import runs
from core.data import DataError, folder, loading
from core.jobs.queue import JobQueue, QueueClosed, job_queue
from core.jobs.speed_estimates import SpeedEstimates
from core.jobs.training_job import TrainingJob
from core.recipes.images import settled
from core.recipes.recipe import Recipe
from core.runs import Run, RunError
from core.runs import images as run_images
from core.runs.run import not_writable
from core.system.user_paths import shown

MOST_OF_ONE, MOST_OF_ALL = 20, 200
"""Trainings that may wait or run at the same time: of one visitor, and in all."""


class TrainingQueue:
    """Trainings on one device: one runs, the others wait. Safe to use from any thread.

    Args:
        queue: the lab's queue, by default one of its own.
    Attributes:
        speeds: training-speed estimates of the device.
    """

    def __init__(self, device: str = "auto", queue: JobQueue | None = None):
        self.device = device
        self.queue = queue or JobQueue()
        self.speeds = SpeedEstimates(self.queue, device)

    def submit(self, recipe: Recipe, name: str | None = None, owner: str = "") -> TrainingJob:
        """Create a run and add its training to the queue.

        What a user's folder holds now decides its pixel choices; where it cannot be read, the training says why.

        Args:
            owner: public name of the visitor whose run and training it is.
        Raises:
            RunError: the folder cannot be created, the pictures are not imported yet, or the lab is closing; or the
                recipe is of a conditional family, and the images have no classes.
        """
        self._check_room(owner)
        with contextlib.suppress(DataError):
            _check_imported(recipe)
            recipe = settled(recipe)
        try:
            run = runs.create(recipe, name, owner)
        except DataError as error:
            raise RunError(str(error)) from None
        return self._add(run, owner)

    def resume(self, name: str, epochs: int | None = None, owner: str = "") -> TrainingJob:
        """Add the training of a stopped, interrupted or finished run to the queue, up to `epochs` in all.

        Args:
            owner: who asks; the training belongs to the run's owner where it has one.
        Raises:
            RunError: the run is damaged, is in training, or has no epochs left, or images that it was trained on are
                missing or changed. Nothing is changed then.
        """
        run = runs.open_run(name)
        job = self.job(name)
        if (job and job.active) or run.locked():
            raise RunError(f"'{name}' is in training already.")
        self._check_room(run.owner or owner)
        if not run.resumable:
            raise RunError(f"'{name}' has no saved state to resume from. Train a new run with its recipe.")
        status = run.status
        # A run that was cut off in its last save has all its epochs and still has to be finished.
        done, wanted = status["epoch"], epochs or run.epochs
        if wanted < done or (wanted == done and status["state"] == "finished"):
            raise RunError(f"'{name}' has {round(done, 1):g} epochs behind it. Ask for more in all.")
        _check_images(run)
        if epochs:
            try:
                run.update_status(flush=True, epochs=epochs)
            except OSError as error:
                raise not_writable(run, error) from None
        return self._add(run, run.owner or owner)

    def _check_room(self, owner: str) -> None:
        """Raise a RunError where a visitor, or all together, have as many trainings as may wait."""
        active = [job for job in self.queue.jobs(TrainingJob) if job.active]
        if owner and sum(job.owner == owner for job in active) >= MOST_OF_ONE:
            raise RunError(
                f"You have {MOST_OF_ONE} trainings that run or wait, the most one visitor may have. Wait until one has "
                "ended, or take one out of the queue."
            )
        if len(active) >= MOST_OF_ALL:
            raise RunError(
                f"The queue is full: {MOST_OF_ALL} trainings run or wait. Wait until some have ended, then start yours."
            )

    def _add(self, run: Run, owner: str) -> TrainingJob:
        job = TrainingJob(run, self.device, owner)
        try:
            added = self.queue.submit(job)
        except QueueClosed as error:
            raise RunError(str(error)) from None
        if added is not job:
            raise RunError(f"'{run.name}' is in training already.")
        return job

    def jobs(self) -> list[TrainingJob]:
        """Trainings on this device: the running one, those that wait in order, those that have ended, newest first."""
        return [job for job in self.queue.jobs(TrainingJob) if job.device == self.device]

    def job(self, name: str) -> TrainingJob | None:
        """The newest training of that run on this device since the lab was opened."""
        return next((job for job in self.jobs() if job.name == name), None)

    def warm(self) -> None:
        """Start the worker process before it is needed: importing torch takes two seconds."""
        self.queue.prepare("training", self.device)

    def close(self) -> None:
        """Close the whole queue; the run in training is saved first."""
        self.queue.close()


def _check_imported(recipe: Recipe) -> None:
    """Refuse a set of pictures that would have to be read for longer than a page can wait.

    Raises:
        RunError: it is not imported yet. DataError: it cannot be.
    """
    path = loading.path_of(recipe.dataset, recipe.folder)
    if path and (waits := folder.waiting(path, recipe.shape, recipe.pixels)):
        raise RunError(
            f"The {waits.files:,} {waits.what}s of “{shown(path)}” are not imported as images of "
            f"{recipe.shape} yet. Import them on the Data page first."
        )


def _check_images(run: Run) -> None:
    """Raise a RunError where a run that was trained before cannot continue with the images that are there now."""
    if not (run_images.changeable(run) and run.has_weights):
        return
    try:
        run_images.images_to_resume(run)
    except DataError as error:
        raise RunError(str(error)) from None


_queues: dict[tuple[int, str], TrainingQueue] = {}
_lock = threading.Lock()


def training_queue(device: str = "auto") -> TrainingQueue:
    """Training queue of that device, the same for all visitors of this process."""
    queue = job_queue()
    with _lock:
        for old in [key for key in _queues if _queues[key].queue is not queue]:
            del _queues[old]  # of a test that has ended
        return _queues.setdefault((id(queue), device), TrainingQueue(device, queue))


def devices() -> list[str]:
    """Devices that can be chosen for training: `auto`, then those that a worker process has reported."""
    return ["auto", *job_queue().executor.devices()]

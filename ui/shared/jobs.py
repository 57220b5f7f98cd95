"""Training jobs of all devices: of `auto` and of the devices that `auto` does not choose."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import data
from core.jobs import training_queue, waiting
from core.jobs.queue import job_queue
from core.jobs.training_job import TrainingJob
from core.jobs.training_queue import TrainingQueue
from core.recipes import duration
from core.recipes.adaptation import first_model
from core.recipes.duration import rough_duration
from core.recipes.recipe import Recipe
from core.runs import RunError
from ui.shared.default_run import preferred_sources
from ui.shared.formatting import pluralize
from ui.shared.owner import me

FIRST_SECONDS = 15.0
"""Time of the first model on an idle laptop, until a training here has shown how fast this computer is."""


FOLLOWED = "train_followed"
"""Session-state key: names of the runs whose end is shown to this visitor on the Train page until they close it."""

ARRIVED = "train_arrived"
"""Session-state key: changes when a set comes from the Data page, so that the form is to be scrolled into view."""


def train_again(recipe: Recipe) -> TrainingJob:
    """Queue a new run with the same settings from the start, and follow it on the Train page.

    Raises:
        RunError: the images are not on this machine; else see `TrainingQueue.submit`.
    """
    if not data.status()[recipe.dataset].ready:  # no run is left behind that cannot be trained
        images = data.SOURCES[recipe.dataset].title
        raise RunError(f"{images} is not on this machine yet. Download it on the Data page, then train again.")
    job = submit_training(recipe)
    st.session_state[FOLLOWED] = [*st.session_state.get(FOLLOWED, ()), job.name]
    return job


def submit_training(recipe: Recipe, name: str | None = None, device: str = "auto") -> TrainingJob:
    """Create a run of this visitor and queue its training. A GAN without a source gets this visitor's best one.

    Raises:
        RunError: see `TrainingQueue.submit`.
    """
    if recipe.family.adversarial and not recipe.source and (found := preferred_sources(recipe.dataset, recipe.folder)):
        recipe = recipe.with_(source=found[0].name)
    return training_queue.training_queue(device).submit(recipe, name=name, owner=me())


def training_bar(job: TrainingJob, training: str) -> tuple[float, str]:
    """What a bar shows of a job that runs: the share of the training that is done with the words `training`; after the
    last epoch that of the evaluation on the test set, which can take as long as several epochs."""
    if job.evaluated is not None and job.active and job.state != "stopping":
        return job.evaluated, f"The training is done. Evaluating on the test images: {100 * job.evaluated:.0f} %"
    return job.progress, training


def waits(job: TrainingJob, whose: str = "it") -> str:
    """How many trainings come before one that waits, and about how long they take, for a sentence: `2 jobs before
    yours, about 3 min`."""
    found = waiting.wait(job_queue(), job)
    words = f"{pluralize(job.position, 'job')} before {whose}"
    return words if found.seconds is None or not found.before else f"{words}, {rough_duration(found.seconds)}"


def first_model_takes() -> str:
    """How long Home's first model takes with all that comes before it, as fast and as busy as this computer is: `about
    15 s`, `about 2 min (3 other trainings come first, and this computer is busy)`."""
    slower, found = waiting.slowdown(), waiting.wait_of_new(job_queue())
    own = _first_model_seconds(slower)
    if found.before and found.seconds is None:
        others = pluralize(found.before, "other training")
        return f"{rough_duration(own)} once {others} {'has' if found.before == 1 else 'have'} ended"
    first = _come_first(found.before) if found.before else ""
    busy = "this computer is busy" if slower >= waiting.BUSY else ""
    why = ", and ".join(part for part in (first, busy) if part)
    return rough_duration(own + (found.seconds or 0.0)) + (f" ({why})" if why else "")


def _first_model_seconds(slower: float) -> float:
    """Seconds that Home's first model trains: at the rate of the newest training like it; else as long as on an idle
    laptop, or longer where a speed test found this computer slower, times `slower`."""
    recipe = first_model()
    if (measured := waiting.expected(recipe, job_queue())) is not None:
        return measured
    rate = training_queue.training_queue("auto").speeds.known(recipe)
    tested = duration.seconds(recipe, rate) if rate else None
    return max(FIRST_SECONDS, tested or 0.0) * slower


def takes(recipes: Sequence[Recipe], measure: bool = False) -> str:
    """How long trainings take one after the other with all that comes before them, as busy as this computer is:
    `about 40 s`, `about 3 min (1 other training comes first)`. Empty where that is not known.

    Args:
        measure: the speed of a recipe that nobody has trained here is measured in the background while nothing trains.
    """
    queue = job_queue()
    speeds = getattr(training_queue.training_queue(), "speeds", None)
    known, unknown = 0.0, []
    for recipe in recipes:
        rate = speeds.known(recipe) if speeds else None
        seconds = waiting.expected(recipe, queue) or (duration.seconds(recipe, rate) if rate else None)
        known += seconds or 0.0
        unknown += [] if seconds else [recipe]
    found = waiting.wait_of_new(queue)
    if unknown:
        if measure and speeds and not found.before:
            speeds.request(unknown)
        return ""
    if not found.before:
        return rough_duration(known)
    return f"{rough_duration(known + (found.seconds or 0.0))} ({_come_first(found.before)})"


def _come_first(count: int) -> str:
    return f"{pluralize(count, 'other training')} {'comes' if count == 1 else 'come'} first"


def measuring() -> bool:
    """Whether the speed of a recipe is being measured, so that `takes` will soon tell more."""
    speeds = getattr(training_queue.training_queue(), "speeds", None)
    return bool(speeds and speeds.tests())


def queues() -> dict[str, TrainingQueue]:
    """Device → its queue, `auto` first. Further devices are known once a worker process has started."""
    return {device: training_queue.training_queue(device) for device in ["auto", *training_queue.devices()[2:]]}


def training_jobs() -> list[TrainingJob]:
    """Trainings on all devices: running ones, waiting ones, then ended ones."""
    jobs = [job for queue in queues().values() for job in queue.jobs()]
    return sorted(jobs, key=lambda job: (not job.active, job.position))


def job_of(name: str) -> TrainingJob | None:
    """The newest job of the run with that name, on any device; None if it was not trained since the lab was opened."""
    found = [job for queue in queues().values() if (job := queue.job(name)) is not None]
    return next((job for job in found if job.active), found[0] if found else None)

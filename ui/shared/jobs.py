"""The jobs of every device, as Home and Train show them: `auto` and the devices that it would not choose."""

from __future__ import annotations

from core.jobs import training_queue
from core.jobs.training_job import TrainingJob
from core.jobs.training_queue import TrainingQueue


def boards() -> dict[str, TrainingQueue]:
    """Device → its board, `auto` first. The other devices are known once a worker process has started."""
    return {device: training_queue.training_queue(device) for device in ["auto", *training_queue.devices()[2:]]}


def all_jobs() -> list[TrainingJob]:
    """The jobs of all boards: those in training first, then those in line, then those that have ended."""
    jobs = [job for board in boards().values() for job in board.jobs()]
    return sorted(jobs, key=lambda job: (not job.active, job.position))


def job_of(name: str) -> TrainingJob | None:
    """The newest job of that run on any device, if it was trained since the lab was opened."""
    found = [job for board in boards().values() if (job := board.job(name)) is not None]
    return next((job for job in found if job.active), found[0] if found else None)

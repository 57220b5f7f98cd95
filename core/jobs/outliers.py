"""Job that scores the images of an outlier set with a run's model, shared by all visitors who want the scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from core import data
from core.data import ImageSet
from core.jobs.job import Job
from core.jobs.messages import Order
from core.jobs.queue import BACKGROUND, SEARCH, job_queue
from core.runs import Run
from core.runs.images import images_of

if TYPE_CHECKING:
    from core.evaluation.outlier_images import OutlierSet


def prepare(run: Run, other: str, n: int, seed: int) -> tuple[ImageSet, OutlierSet, Path]:
    """The run's data set, the outlier set, and the path of the file for its scores.

    Args:
        other: name of a second data set whose images are the outliers, or "".
    Raises:
        DataError: a data set is missing. RunError: the run has no weights.
    """
    from core.evaluation import outlier_images, outliers  # they load torch

    images = images_of(run)
    second = data.load(other, shape=images.shape) if other else None
    mixed = outlier_images.build(images, run.recipe, second, n, seed)
    return images, mixed, outliers.file_of(run, mixed)


class OutlierJob(Job):
    """Scoring of one outlier set. The key is the path of the file for the scores.

    A short one (about a second) runs in a thread of the lab, which has torch loaded: a process of its own would take
    longer to start than to score.
    """

    kind: ClassVar[str] = "outlier scores"
    crash_message: ClassVar[str] = "The scoring process {reason}."

    def __init__(self, run: Run, other: str, n: int, seed: int, path: Path, short: bool = False):
        super().__init__(str(path), SEARCH if short else BACKGROUND)
        self._worker = "thread" if short else "scoring"
        self.run, folder = run, str(path.parent)
        self.arguments = {"run": run.name, "other": other, "n": n, "seed": seed, "folder": folder}

    def order(self) -> Order:
        return Order("score_outliers", self._worker, self.arguments)

    @property
    def title(self) -> str:
        return f"Outlier scores of {self.run.name}"


def start(
    run: Run,
    other: str,
    n: int,
    seed: int,
    path: Path,
    again: bool = False,
    visitor: str = "",
    short: bool = False,
) -> OutlierJob:
    """Score an outlier set, or join the job that does.

    Args:
        path: see `prepare`. again: start anew if the job of that path has ended; otherwise that job is returned.
        visitor: who wants the scores, for `Job.leave`. short: see `OutlierJob`.
    """
    queue = job_queue()
    job = queue.find(OutlierJob, str(path))
    if job is not None and not job.active and not again:
        return job
    return queue.submit(OutlierJob(run, other, n, seed, path, short), visitor)  # joins an active one

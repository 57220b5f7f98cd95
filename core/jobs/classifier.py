"""Job that trains the auxiliary classifier of a data set, shared by all visitors who need it."""

from __future__ import annotations

from typing import ClassVar

from core.jobs.job import Job
from core.jobs.messages import Order
from core.jobs.queue import CLASSIFIER, job_queue
from core.recipes.recipe import Recipe
from core.runs import Run


class ClassifierJob(Job):
    """Training of one classifier. The key is the path of the file it is kept in."""

    kind: ClassVar[str] = "classifier"
    priority: ClassVar[int] = 0  # a page waits for it
    failed_message: ClassVar[str] = "The classifier could not be trained ({reason})."
    error_message: ClassVar[str] = failed_message
    start_message: ClassVar[str] = failed_message
    crash_message: ClassVar[str] = "The classifier could not be trained (the process {reason})."

    def __init__(self, recipe: Recipe, key: str, run: Run | None = None):
        super().__init__(key, CLASSIFIER)
        self.recipe, self.run = recipe, run

    def order(self) -> Order:
        run = "" if self.run is None else str(self.run.path)
        return Order("train_classifier", "scoring", {"recipe": self.recipe.to_dict(), "run": run})

    @property
    def title(self) -> str:
        return f"Classifier of {self.recipe.dataset}"


def start(recipe: Recipe, key: str, again: bool = False, run: Run | None = None) -> ClassifierJob:
    """Train the classifier of a recipe's images, or join the job that does.

    Args:
        key: identifies the images: the path of the file that the classifier is kept in.
        run: whose images they are, as it was trained on them; None: the images that are there now.
        again: start anew if the job of that key has ended; otherwise that job is returned.
    """
    queue = job_queue()
    job = None if again else queue.find(ClassifierJob, key)
    return job or queue.submit(ClassifierJob(recipe, key, run))

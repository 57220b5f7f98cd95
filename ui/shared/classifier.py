"""The auxiliary classifier of a data set, on the pages: loaded where it is trained, else trained in the background."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.data import ImageSet
from core.jobs import classifier as jobs_classifier
from core.jobs.classifier import ClassifierJob
from core.runs import Run
from ui.shared import address
from ui.shared.formatting import escape_markdown

if TYPE_CHECKING:
    from core.evaluation.classifier import Classifier

TICK = 0.5
"""Seconds between two updates of the progress bar."""


@dataclass(frozen=True)
class ClassifierStatus:
    """What there is of a data set's classifier: the trained classifier, or the job that trains it, or neither where the
    data set is missing or has fewer than two classes."""

    classifier: Classifier | None = None
    job: ClassifierJob | None = None

    @property
    def possible(self) -> bool:
        """Whether there is a classifier, now or after its training."""
        return self.classifier is not None or self.job is not None


def classifier_of(run: Run, images: ImageSet | None) -> ClassifierStatus:
    """The classifier of a run's data set; its training begins where there is none yet."""
    from core.evaluation import classifier

    if images is None or not classifier.has_classes(images):
        return ClassifierStatus()
    path = classifier.file_of(images)
    if loaded := _newest(path, len(images.classes)):
        return ClassifierStatus(classifier=loaded)
    job = jobs_classifier.start(run.recipe, str(path), run=run)
    # Its training may have ended, and its file come into being, since we looked for it.
    if not job.active and (loaded := _newest(path, len(images.classes))):
        return ClassifierStatus(classifier=loaded)
    return ClassifierStatus(job=job)


def _newest(path: Path, classes: int) -> Classifier | None:
    """The classifier in that file; None where there is none, or it cannot be read."""
    try:
        version = os.stat(path).st_mtime_ns
    except OSError:
        return None
    return _load(str(path), version, classes)


@st.cache_resource(max_entries=4, show_spinner=False)
def _load(path: str, version: int, classes: int) -> Classifier | None:
    from core.evaluation import classifier

    return classifier.load(Path(path), classes)


def training(run: Run, images: ImageSet, job: ClassifierJob, *, key: str) -> None:
    """Progress of the classifier's training; the page is drawn again once it has ended.

    Args:
        key: of the button that starts the training again after a failure.
    """
    from core.evaluation import classifier

    if job.active:
        st.fragment(_progress, run_every=TICK)(job)
        return
    st.warning(escape_markdown(job.message or "The classifier was trained but could not be saved."))
    if st.button("Try again", key=key, help="Trains the small classifier again, for ten to twenty seconds."):
        jobs_classifier.start(run.recipe, str(classifier.file_of(images)), again=True, run=run)
        st.rerun()


def _progress(job: ClassifierJob) -> None:
    if not job.active:
        address.rerun()
    state = "comes next in the queue" if job.state == "queued" else "is being trained, once"
    words = f"A small classifier of these images {state}. It then says which class each picture looks like."
    st.progress(job.progress, text=words)

"""The small classifier that looks on: there at once where it was trained before, else trained meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from core.data import ImageSet
from core.jobs import classifier as jobs_classifier
from core.runs import Run
from ui.shared.formatting import escape_markdown


def onlooker_of(run: Run, images: ImageSet | None):
    """The data set's classifier, the job that trains it, or None where there are no classes to tell apart."""
    from core.evaluation import classifier

    if images is None or not classifier.possible(images):
        return None
    path = classifier.file_of(images)
    try:
        version = os.stat(path).st_mtime_ns
    except OSError:
        version = 0
    if version and (kept := _classifier(str(path), version, len(images.classes))):
        return kept
    return jobs_classifier.start(run.recipe.dataset, run.recipe.folder, f"{path}")


@st.cache_resource(max_entries=4, show_spinner=False)
def _classifier(path: str, version: int, classes: int):
    from core.evaluation import classifier

    return classifier.load(Path(path), classes)


def training(run: Run, images: ImageSet, job: jobs_classifier.ClassifierJob, *, key: str) -> None:
    """How far the classifier is; the page is drawn anew once it is there. `key` is that of the button after a
    failure."""
    from core.evaluation import classifier

    if job.state == "running":
        st.fragment(_progress, run_every=0.5)(job)
        return
    st.warning(escape_markdown(job.message or "The classifier was trained but could not be kept."))
    if st.button("Try again", key=key, help="Trains the small classifier anew; ten or twenty seconds."):
        jobs_classifier.start(run.recipe.dataset, run.recipe.folder, str(classifier.file_of(images)), again=True)
        st.rerun()


def _progress(job: jobs_classifier.ClassifierJob) -> None:
    if job.state != "running":
        st.rerun()
    st.progress(job.part, text="A small classifier learns the classes; its opinion of each picture appears by itself.")

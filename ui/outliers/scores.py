"""Scores of an outlier set: from the cache, computed at once, or by a background job with its progress."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core import data
from core.data import DataError, ImageSet
from core.evaluation import outlier_images, outliers
from core.evaluation.outlier_images import OutlierSet
from core.evaluation.outliers import OutlierScores
from core.jobs import outliers as jobs_outliers
from core.jobs.outliers import OutlierJob
from core.runs import Run, RunError
from core.runs.images import images_of
from core.system.progress import Steps
from ui.outliers.inputs import Choice
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.model_cache import load
from ui.shared.run_buttons import run_button

AT_ONCE = 5_000
"""Images, at most, that a model with an encoder scores while the visitor waits: one or two seconds."""


@dataclass(frozen=True, eq=False)
class Result:
    """A run with its outlier set and the scores."""

    run: Run
    outlier_set: OutlierSet
    scores: OutlierScores


@dataclass(frozen=True, eq=False)
class Pending:
    """Scores that a background job computes (`job`), or that this visitor has stopped (None). path: their file."""

    run: Run
    choice: Choice
    path: Path
    job: OutlierJob | None


STOPPED = "outliers_stopped"
"""Key in the session state: files whose scoring this visitor has stopped."""


def scored(run: Run, choice: Choice) -> Result | Pending | str:
    """The result, or the job that computes it, or one sentence on why there is none."""
    try:
        images = images_of(run)
        other = data.load(choice.other, shape=images.shape) if choice.other else None
        outlier_set, path, _ = _outlier_set(str(run.path), run.weights_version(), images, other, choice.n)
        if run.recipe.has_encoder and len(outlier_set.images) <= AT_ONCE:
            return Result(run, outlier_set, _at_once(str(path), _run=run, _images=images, _outlier_set=outlier_set))
    except (DataError, RunError) as error:
        return str(error)
    try:
        version = os.stat(path).st_mtime_ns
    except OSError:
        version = 0
    if version and (found := _from_cache(str(path), version, _outlier_set=outlier_set)):
        return Result(run, outlier_set, found)
    if str(path) in st.session_state.get(STOPPED, ()):
        return Pending(run, choice, path, None)
    job = jobs_outliers.start(run, choice.other, choice.n, 0, path, again=version > 0, visitor=_visitor())
    return Pending(run, choice, path, job)


def show(pending: Pending, height: int) -> None:
    """The progress with a Stop button, or why the job ended and how to start it again. The page is drawn again once the
    scores are there."""
    job, name = pending.job, escape_markdown(pending.run.name)
    with st.container(border=True, height=height, vertical_alignment="center"):
        if job is not None and job.active:
            work = (
                "reconstructs every image"
                if pending.run.recipe.has_encoder
                else "has no encoder, so a search finds the latent vector of each image"
            )
            st.markdown(f"**{name}** {work}. The scores appear here when they are ready, and are kept for later.")
            st.fragment(_progress, run_every=0.5)(job)
            run_button(
                "Stop",
                "outliers_stop",
                pending.run,
                icon=":material/stop:",
                on_click=_stop,
                args=(pending,),
                help="Stops the scoring. Other visitors who wait for the same scores still get them.",
            )
            return
        if job is not None and job.state == "failed":
            st.error(f"The images could not be scored. {escape_markdown(job.message)}", icon=":material/error:")
        elif job is not None and job.state == "finished":
            st.error(
                "The scores were computed but could not be saved. Free some space in the cache folder, or choose "
                "another folder with LATENT_LAB_CACHE.",
                icon=":material/error:",
            )
        else:
            st.info(f"The scoring with **{name}** was stopped. Fewer images take less time.", icon=":material/pause:")
        run_button(
            "Score the images",
            "outliers_again",
            pending.run,
            type="primary",
            on_click=_start_again,
            icon=":material/play_arrow:",
            args=(pending,),
            help="Starts again with the settings above.",
        )


def _progress(job: OutlierJob) -> None:
    if not job.active:
        address.rerun()
    waiting = "Waiting for another computation to end."
    running = f"{100 * job.progress:.0f} % scored" if job.progress else "Starting, about three seconds …"
    st.progress(job.progress, text=waiting if job.state == "queued" else running)


def _stop(pending: Pending) -> None:
    if pending.job is not None:
        pending.job.leave(_visitor())
    st.session_state[STOPPED] = [*st.session_state.get(STOPPED, ()), str(pending.path)]


def _start_again(pending: Pending) -> None:
    st.session_state[STOPPED] = [path for path in st.session_state.get(STOPPED, ()) if path != str(pending.path)]
    jobs_outliers.start(pending.run, pending.choice.other, pending.choice.n, 0, pending.path, again=True)


def _visitor() -> str:
    """An identifier of this browser session: a visitor's Stop must not stop the job that others wait for."""
    return st.session_state.setdefault("outliers_visitor", uuid.uuid4().hex)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs={ImageSet: id})
def _outlier_set(
    path: str, version: int, images: ImageSet, other: ImageSet | None, n: int
) -> tuple[OutlierSet, Path, object]:
    """The outlier set of a run, and the file of its scores, whose name is a digest of thousands of images and of the
    weights: made once for each version of the weights and each loaded data set, not at every rerun.

    The last part keeps the data sets in memory, so that no other object can take their `id`, which is the cache's key.
    """
    run = Run(Path(path))
    outlier_set = outlier_images.build(images, run.recipe, other, n, 0)
    return outlier_set, outliers.file_of(run, outlier_set), (images, other)


@st.cache_resource(max_entries=8, show_spinner="Scoring the images …", show_time=True)
def _at_once(path: str, _run: Run, _images: ImageSet, _outlier_set: OutlierSet) -> OutlierScores:
    if found := outliers.load(Path(path), _outlier_set):
        return found
    scores = Steps(outliers.scoring_steps(load(_run).model, _run.recipe, _images, _outlier_set)).end()
    outliers.save(Path(path), scores)
    return scores


@st.cache_resource(max_entries=8, show_spinner=False)
def _from_cache(path: str, version: int, _outlier_set: OutlierSet) -> OutlierScores | None:
    return outliers.load(Path(path), _outlier_set)

"""Scores of an outlier set: from the cache, or by a job with its progress, which ends when its visitor leaves it."""

from __future__ import annotations

import os
import tempfile
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
from ui.outliers.inputs import Choice
from ui.shared import address
from ui.shared.formatting import duration, escape_markdown
from ui.shared.run_buttons import run_button

AT_ONCE = 5_000
"""Images, at most, that a model with an encoder scores in the lab's own process: about a second."""

PATIENCE = 0.7
"""Seconds that the page waits for scores before it shows their progress."""


@dataclass(frozen=True, eq=False)
class Result:
    """A run with its outlier set and the scores."""

    run: Run
    outlier_set: OutlierSet
    scores: OutlierScores
    path: Path

    @property
    def kept(self) -> bool:
        """Whether the scores outlive the lab: False where the cache folder cannot be written to."""
        return not self.path.parent.name.startswith(ELSEWHERE)


@dataclass(frozen=True, eq=False)
class Pending:
    """Scores that a job computes (`job`), or that this visitor has stopped (None). path: their file."""

    run: Run
    choice: Choice
    outlier_set: OutlierSet
    path: Path
    job: OutlierJob | None


ELSEWHERE = "latent-lab-scores-"
"""Beginning of the name of the folder for scores that the cache folder cannot take."""

STOPPED = "outliers_stopped"
"""Key in the session state: files whose scoring this visitor has stopped."""

STARTED = "outliers_started"
"""Key in the session state: the jobs that this visitor waits for, by file."""

SHOWN = "outliers_path"
"""Key in the session state: the file of the scores that the page was drawn for."""


def scored(run: Run, choice: Choice, beside: bool = False) -> Result | Pending | str:
    """The result, or the job that computes it, or one sentence on why there is none.

    Args:
        beside: for the table of the page, beside its own run. Without it, the jobs of what the page showed before end.
    """
    try:
        images = images_of(run)
        other = data.load(choice.other, shape=images.shape) if choice.other else None
        outlier_set, path, _ = _outlier_set(str(run.path), run.weights_version(), images, other, choice.n)
        path = _writable(path)
    except (DataError, RunError) as error:
        return str(error)
    if not beside:
        _leave_others(path)
    if found := _kept(path, outlier_set):
        return Result(run, outlier_set, found, path)
    if str(path) in st.session_state.get(STOPPED, ()):
        return Pending(run, choice, outlier_set, path, None)
    return Pending(run, choice, outlier_set, path, _start(run, choice, path, outlier_set, again=path.is_file()))


def waited(pending: Pending) -> Result | Pending:
    """The result of a job that ends within `PATIENCE`."""
    job = pending.job
    if job is None or not job.wait(timeout=PATIENCE) or job.state != "finished":
        return pending
    found = _kept(pending.path, pending.outlier_set)
    return Result(pending.run, pending.outlier_set, found, pending.path) if found else pending


def _start(run: Run, choice: Choice, path: Path, outlier_set: OutlierSet, again: bool) -> OutlierJob:
    short = run.recipe.has_encoder and len(outlier_set.images) <= AT_ONCE
    job = jobs_outliers.start(run, choice.other, choice.n, 0, path, again=again, visitor=_visitor(), short=short)
    st.session_state[STARTED] = {**st.session_state.get(STARTED, {}), str(path): job}
    return job


def _leave_others(path: Path) -> None:
    """Leave the jobs that the page no longer needs, where it shows something new."""
    before, st.session_state[SHOWN] = st.session_state.get(SHOWN), str(path)
    if before == str(path):
        return
    started: dict[str, OutlierJob] = st.session_state.get(STARTED, {})
    for other, job in started.items():
        if other != str(path):
            job.leave(_visitor())
    st.session_state[STARTED] = {other: job for other, job in started.items() if other == str(path)}


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
    left = f" · {duration(job.seconds_left)} left" if job.seconds_left is not None else ""
    if job.progress >= 1 - outliers.BASELINE_SHARE:
        running = "Scoring the same images with PCA, to compare …"
    else:
        running = f"{100 * job.progress:.0f} % scored{left}" if job.progress else "Starting …"
    st.progress(job.progress, text=waiting if job.state == "queued" else running)


def _stop(pending: Pending) -> None:
    if pending.job is not None:
        pending.job.leave(_visitor())
    st.session_state[STOPPED] = [*st.session_state.get(STOPPED, ()), str(pending.path)]


def _start_again(pending: Pending) -> None:
    st.session_state[STOPPED] = [path for path in st.session_state.get(STOPPED, ()) if path != str(pending.path)]
    _start(pending.run, pending.choice, pending.path, pending.outlier_set, again=True)


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


def _writable(path: Path) -> Path:
    """The file itself where it exists or could be written, else one of its name in a folder that the lab deletes when
    it ends."""
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError:
        return _elsewhere() / path.name


@st.cache_resource(show_spinner=False)
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix=ELSEWHERE)


def _elsewhere() -> Path:
    return Path(_folder().name)


def _kept(path: Path, outlier_set: OutlierSet) -> OutlierScores | None:
    """The scores in the cache file; None where there are none, or damaged ones."""
    try:
        version = os.stat(path).st_mtime_ns
    except OSError:
        return None
    return _from_cache(str(path), version, _outlier_set=outlier_set)


@st.cache_resource(max_entries=8, show_spinner=False)
def _from_cache(path: str, version: int, _outlier_set: OutlierSet) -> OutlierScores | None:
    return outliers.load(Path(path), _outlier_set)

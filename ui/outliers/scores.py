"""The scores of a bag: from memory, from the cache folder, computed at once, or by a job whose progress is shown."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.data import DataError
from core.evaluation import outliers
from core.evaluation.outlier_images import OutlierSet
from core.evaluation.outliers import OutlierScores
from core.jobs import outliers as jobs_outliers
from core.jobs.outliers import OutlierJob
from core.runs import Run, RunError
from core.system.progress import Steps
from ui.outliers.inputs import Choice
from ui.shared.formatting import escape_markdown
from ui.shared.model_cache import load

AT_ONCE = 5_000
"""Images that an encoder's model scores while the visitor waits: a second or two."""


@dataclass(frozen=True, eq=False)
class Result:
    """A run's bag and its scores."""

    run: Run
    bag: OutlierSet
    scored: OutlierScores


@dataclass(frozen=True, eq=False)
class Pending:
    """Scores that a process computes, or that this visitor stopped waiting for (`job` is None)."""

    run: Run
    choice: Choice
    path: Path
    job: OutlierJob | None


LEFT = "outliers_left"  # in session state: files whose scoring this visitor has stopped


def scored(run: Run, choice: Choice) -> Result | Pending | str:
    """The result, the work that leads to it, or the sentence why there is none."""
    try:
        images, bag, path = jobs_outliers.prepare(run, choice.other, choice.n, 0)
        if not run.recipe.decoder_only and len(bag.images) <= AT_ONCE:
            return Result(run, bag, _at_once(str(path), _run=run, _images=images, _bag=bag))
    except (DataError, RunError) as error:
        return str(error)
    try:
        version = os.stat(path).st_mtime_ns
    except OSError:
        version = 0
    if version and (found := _kept(str(path), version, _bag=bag)):
        return Result(run, bag, found)
    if str(path) in st.session_state.get(LEFT, ()):
        return Pending(run, choice, path, None)
    job = jobs_outliers.start(run, choice.other, choice.n, 0, path, again=version > 0)
    job.watch(_visitor())
    return Pending(run, choice, path, job)


def show(pending: Pending, height: int) -> None:
    """How far it is, with a way to stop; or why it ended, with a way on. The page is drawn anew once it is done."""
    job, name = pending.job, escape_markdown(pending.run.name)
    with st.container(border=True, height=height, vertical_alignment="center"):
        if job is not None and job.active:
            st.markdown(
                f"**{name}** has no encoder: it looks for a place in its latent space for each image, step by "
                "step. Its scores appear here by themselves, and stay for the next time."
                if pending.run.recipe.decoder_only
                else f"**{name}** reconstructs every image of the bag. Its scores appear here by themselves, and "
                "stay for the next time."
            )
            st.fragment(_progress, run_every=0.5)(job)
            st.button(
                "Stop",
                key=f"outliers_stop_{pending.run.name}",
                icon=":material/stop:",
                on_click=_leave,
                args=(pending,),
                help="Ends the scoring. Others who wait for the same scores still get them.",
            )
            return
        if job is not None and job.state == "failed":
            st.error(f"The images could not be scored. {escape_markdown(job.message)}", icon=":material/error:")
        elif job is not None and job.state == "done":
            st.error(
                "The scores were computed and could not be kept. Free some space in the cache folder, or choose "
                "another one with LATENT_LAB_CACHE.",
                icon=":material/error:",
            )
        else:
            st.info(f"The scoring with **{name}** was stopped. Fewer images take less time.", icon=":material/pause:")
        st.button(
            "Score the images",
            key=f"outliers_again_{pending.run.name}",
            type="primary",
            on_click=_again,
            icon=":material/play_arrow:",
            args=(pending,),
            help="Begins anew with the settings above.",
        )


def _progress(job: OutlierJob) -> None:
    if not job.active:
        st.rerun()
    st.progress(
        job.part,
        text="Waiting for another scoring to end."
        if job.state == "waiting"
        else f"{100 * job.part:.0f} % scored"
        if job.part
        else "Starting a process for it, about three seconds …",
    )


def _leave(pending: Pending) -> None:
    pending.job.leave(_visitor())
    st.session_state[LEFT] = [*st.session_state.get(LEFT, ()), str(pending.path)]


def _again(pending: Pending) -> None:
    st.session_state[LEFT] = [path for path in st.session_state.get(LEFT, ()) if path != str(pending.path)]
    jobs_outliers.start(pending.run, pending.choice.other, pending.choice.n, 0, pending.path, again=True)


def _visitor() -> str:
    """A name for this browser window, so that its Stop is not another's."""
    return st.session_state.setdefault("outliers_visitor", uuid.uuid4().hex)


@st.cache_resource(max_entries=8, show_spinner="Scoring the images …", show_time=True)
def _at_once(path: str, _run: Run, _images, _bag: OutlierSet) -> OutlierScores:
    if found := outliers.load(Path(path), _bag):
        return found
    scored = Steps(outliers.scoring_steps(load(_run).model, _run.recipe, _images, _bag)).end()
    outliers.save(Path(path), scored)
    return scored


@st.cache_resource(max_entries=8, show_spinner=False)
def _kept(path: str, version: int, _bag: OutlierSet) -> OutlierScores | None:
    return outliers.load(Path(path), _bag)

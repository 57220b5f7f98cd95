"""View of a training on the Train page: controls, progress, curves, film, KL per dimension, explanation.

Its fragments update once a second or two while the job is active; they read a job, which has a lock of its own.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.jobs.training_job import Snapshot, TrainingJob
from core.recipes.recipe import Recipe
from ui.charts import losses
from ui.components.charts.bars import bars
from ui.components.charts.curves import curves
from ui.components.playback.film import ROWS, film
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.jobs import training_jobs
from ui.shared.owner import is_foreign, label
from ui.shared.run_buttons import job_button
from ui.training_view import gan_view
from ui.training_view.controls import TICK, epoch_link, head, latest, progress, view
from ui.training_view.explain import how_it_works
from ui.training_view.finished_run import FinishedSnapshot, Shown


def live(job: TrainingJob) -> None:
    """The whole view of an active job, updated until it ends; then the page is drawn again."""
    head(job)
    pictures(job)


def others(shown: TrainingJob) -> None:
    """The rest of the queue, the same for every visitor, updated while the shown job is active."""
    told = _taken_out()

    def queue() -> None:
        if not shown.active or _taken_out() != told:  # its owner reads of it at the head of the page
            st.rerun()
        for job in training_jobs():
            if not job.active or job.name == shown.name:
                continue
            with st.container(horizontal=True, vertical_alignment="center", key=f"queue_{job.name}"):
                place = (
                    f"**In the queue, place {job.position}**"
                    if job.position
                    else f"**{job.state.capitalize()} on another device**"
                )
                whose = f" · {label(job.owner)}" if is_foreign(job) else ""
                st.markdown(
                    f"{place} · {escape_markdown(job.name)} · {escape_markdown(job.recipe.summary())}{whose}",
                    width="stretch",
                )
                if job_button(
                    "Cancel",
                    "cancel",
                    job,
                    job.cancel,
                    icon=":material/close:",
                    help="Takes it out of the queue, or stops it.",
                ):
                    st.rerun()  # updates the table of runs as well

    st.fragment(queue, run_every=TICK)()


def _taken_out() -> set[int]:
    """Ids of the trainings that were taken out of the queue."""
    return {job.id for job in training_jobs() if job.state == "cancelled"}


def ended(job: TrainingJob) -> None:
    """The view of a job that has ended."""
    progress(job, job.snapshot())
    pictures(job)


def pictures(job: Shown, at: int | None = None, parameter: str = "") -> None:
    """Curves beside the film, then KL per dimension and the explanation, of a job or of any trained run.

    Each is a fragment of its own, so that the film can load a frame without redrawing the curves, and a button need
    not wait for either.

    Args:
        at, parameter: where the film begins, and the parameter of the address that keeps where it is
            (`ui.components.playback.film`).
    """
    if job.recipe.family.adversarial:
        gan_view.pictures(job, at=at, parameter=parameter)
        return
    every = TICK if job.active else None
    left, right = st.columns([9, 16], gap="medium")
    with left:
        st.fragment(_curves, run_every=every)(job)
    with right:
        st.fragment(_film, run_every=2 * TICK if job.active else None)(job, at, parameter)
    st.fragment(_depth, run_every=2 * TICK if job.active else None)(job)


def _film(job: Shown, at: int | None, parameter: str) -> None:
    film(
        job.snapshot().frames,
        job.run.frame,
        key="train_film",
        shape=job.recipe.shape,
        rows=film_rows(job.recipe),
        run=f"{job.name} {job.run.status.get('created')}",
        link=job.name,
        at=at,
        parameter=parameter,
    )


def film_rows(recipe: Recipe) -> tuple[str, ...]:
    """Captions of the three parts of a frame."""
    return (*ROWS[:2], recipe.family.samples)


def _depth(job: Shown) -> None:
    shot = job.snapshot()
    _per_dimension(job, shot)
    how_it_works(job.recipe, shot.points)


def _curves(job: Shown) -> None:
    shot, family = job.snapshot(), job.recipe.family
    chart = losses.loss_chart(
        shot.points,
        family.terms,
        changes=shot.changes,
        unit=losses.unit(job.recipe.likelihood),
        **view("live"),
    )
    curves(
        chart,
        key="train_curves",
        height=364,
        alt=f"Loss curves of {job.name}: newest total {format_sig(latest(shot.points, 'train_total'))} in training, "
        f"{format_sig(latest(shot.points, 'val_total'))} in validation.",
        link=epoch_link(job.name),
    )
    st.caption(losses.DIVERGED_CAPTION if chart["diverged"] else family.caption)


def _per_dimension(job: Shown, shot: Snapshot | FinishedSnapshot) -> None:
    kl = shot.kl_per_dim
    if not job.recipe.family.variational or not np.any(kl):
        return
    st.subheader("Information in each latent dimension", anchor=False)
    bars(losses.kl_bars(kl), key="train_kl", alt=losses.kl_caption(kl))
    st.caption(losses.kl_caption(kl))

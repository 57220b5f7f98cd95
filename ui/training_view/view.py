"""View of a training on the Train page: controls, progress, curves, film, KL per dimension, explanation.

While the job is active its upper part, with all newest figures, is one fragment that updates once a second: text,
curves and pictures are of the same moment. What is below updates by itself.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.jobs.training_job import Snapshot, TrainingJob
from core.recipes.recipe import Recipe
from ui.charts import losses
from ui.components.charts.bars import bars
from ui.components.charts.curves import curves
from ui.components.playback.film import film
from ui.diagram.model import PART, diagram, follow_training
from ui.diagram.one_step import STEP, one_step
from ui.shared import address, glossary
from ui.shared.formatting import after, escape_markdown, format_sig
from ui.shared.jobs import training_jobs
from ui.shared.owner import is_foreign, label
from ui.shared.pointer import touch_or
from ui.shared.run_buttons import job_button
from ui.training_view import gan_view
from ui.training_view.collapse import alarm
from ui.training_view.controls import FILM_AND_CURVES, TICK, epoch_link, head, latest, latest_at, progress, view
from ui.training_view.explain import how_it_works
from ui.training_view.finished_run import FinishedSnapshot, Shown

REDRAWN = 4.0
"""Seconds between two looks of the diagram for newer weights."""


def live(job: TrainingJob) -> None:
    """The whole view of an active job, updated until it ends; then the page is drawn again."""
    if job.recipe.family.adversarial:
        head(job)
        pictures(job)
        return
    head(job, lambda shot: _curves_and_film(job, shot))
    _below(job)


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
                line = job.recipe.summary(job.snapshot().changes)
                st.markdown(f"{place} · {escape_markdown(job.name)} · {escape_markdown(line)}{whose}", width="stretch")
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


def pictures(job: Shown, at: float | None = None, parameter: str = "") -> None:
    """The film beside the curves, then KL per dimension and the explanation, of a job or of any trained run.

    Args:
        at, parameter: where the film begins, and the parameter of the address that keeps where it is
            (`ui.components.playback.film`).
    """
    if job.recipe.family.adversarial:
        gan_view.pictures(job, at=at, parameter=parameter)
        folds(job)
        return
    _curves_and_film(job, job.snapshot(), at, parameter)
    _below(job)


def _curves_and_film(
    job: Shown, shot: Snapshot | FinishedSnapshot, at: float | None = None, parameter: str = ""
) -> None:
    """The film, which is the first of the two on a phone, and the curves.

    At the end the film is a fragment of its own, so that it loads frames without the page. While the job is active both
    are drawn within a fragment, and another one within that could be drawn into a place that is gone.
    """
    if not job.active:
        alarm(job, shot)
    left, right = st.columns(FILM_AND_CURVES, gap="medium")
    with left:
        (_film if job.active else st.fragment(_film))(job, at, parameter)
    with right:
        _curves(job, shot)
    if job.active:  # below them, where nothing moves when it appears
        alarm(job, shot)


def _below(job: Shown) -> None:
    folds(job)
    st.fragment(_depth, run_every=2 * TICK if job.active else None)(job)


def folds(job: Shown) -> None:
    """The diagram of the model, open where the training has ended, and one training step stage by stage. The content of
    a fold is made only while it is open."""
    st.fragment(_model, run_every=REDRAWN if job.active else None)(job)
    if not job.recipe.family.adversarial:  # a GAN's step has two players: it is walked through on the VAE → GAN page
        st.fragment(_step)(job)


def _model(job: Shown) -> None:
    fold = st.expander(
        "The model, layer by layer",
        expanded=not job.active,
        key=f"diagram_fold_{'live' if job.active else 'done'}",
        icon=":material/account_tree:",
        on_change="rerun",
    )
    if not fold.open:
        return
    with fold:
        if isinstance(shot := job.snapshot(), Snapshot) and job.active:
            follow_training(job.run, shot.epoch, PART)
        else:
            diagram(job.run, f"diagram_{job.name}", PART)


def _step(job: Shown) -> None:
    fold = st.expander(
        "One training step, slowly",
        expanded=address.get(STEP) is not None,
        key="one_step_fold",
        icon=":material/slow_motion_video:",
        on_change="rerun",
    )
    if not fold.open:
        return
    with fold:
        if job.run.has_weights:
            one_step(job.run, "last" if job.active else "best")
        else:
            st.caption("It needs weights, which are saved after the first epoch. Open it again then.")


def _film(job: Shown, at: float | None, parameter: str) -> None:
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
    family = recipe.family
    return family.originals, family.reconstructions, family.samples


def _depth(job: Shown) -> None:
    shot = job.snapshot()
    _per_dimension(job, shot)
    how_it_works(job.recipe, shot.points)


def _curves(job: Shown, shot: Snapshot | FinishedSnapshot) -> None:
    family = job.recipe.family
    chart = losses.loss_chart(
        shot.points,
        family.terms,
        changes=shot.changes,
        unit=losses.unit(job.recipe.likelihood),
        measures=family.measures,
        **view("live"),
    )
    curves(
        chart,
        key="train_curves",
        height=364 if not family.measures else 480,
        alt=f"Loss curves of {job.name}: newest total {format_sig(latest(shot.points, 'train_total'))} in training, "
        f"{format_sig(latest(shot.points, 'val_total'))} in validation.",
        link=epoch_link(job.name),
    )
    about = losses.DIVERGED_CAPTION if chart["diverged"] else family.caption
    zoom = touch_or("Move a finger along the curves to read them.", "Drag to zoom, double-click to reset.")
    glossary.caption(f"{about} {zoom}", "KL", "β")


def _per_dimension(job: Shown, shot: Snapshot | FinishedSnapshot) -> None:
    kl, (_, measured) = shot.kl_per_dim, latest_at(shot.points, "val_total")
    # Random weights carry no information: before the first epoch has ended there is nothing to show.
    if not job.recipe.family.variational or not np.any(kl) or measured == 0:
        return
    st.subheader("Information in each latent dimension", anchor=False)
    bars(losses.kl_bars(kl), key="train_kl", alt=losses.kl_caption(kl))
    lead = f"{after(measured).capitalize()}, on the validation images: " if measured > 0 else ""
    glossary.caption(lead + losses.kl_caption(kl), "nats")

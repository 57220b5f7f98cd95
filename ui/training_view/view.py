"""What the Train page shows of one job: controls, progress, curves, film, KL per dimension, the formula.

Fragments tick once a second or two while the job is active. The job is a plain object with a lock of its own; the
fragments only ask it.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.recipes.recipe import Recipe
from ui.charts import losses
from ui.components.charts.bars import bars
from ui.components.charts.curves import curves
from ui.components.playback.film import ROWS, film
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.jobs import all_jobs
from ui.training_view import gan_view
from ui.training_view.controls import TICK, head, latest, progress, view
from ui.training_view.explain import how_it_works


def live(job) -> None:
    """The whole view of an active job, alive until it ends; then the page is run again once."""
    head(job)
    _pictures(job)


def others(shown) -> None:
    """The rest of the queue, the same for every visitor, alive like the job that is shown: whoever comes or leaves is
    seen without a click."""

    def queue() -> None:
        if not shown.active:
            st.rerun()
        for job in all_jobs():
            if not job.active or job.name == shown.name:
                continue
            with st.container(horizontal=True, vertical_alignment="center", key=f"queue_{job.name}"):
                place = f"**{job.position}. in the queue**" if job.position else f"**{job.state} on another device**"
                st.markdown(
                    f"{place} · {escape_markdown(job.name)} · {escape_markdown(job.recipe.summary())}", width="stretch"
                )
                if st.button(
                    "Cancel",
                    key=f"cancel_{job.name}",
                    icon=":material/close:",
                    help="Take it out of the queue, or stop it where it runs.",
                ):
                    job.cancel()
                    st.rerun()  # the list of runs below is to know it too

    st.fragment(queue, run_every=TICK)()


def ended(job) -> None:
    """The same view of a job that has ended."""
    progress(job, job.snapshot())
    _pictures(job)


def _pictures(job) -> None:
    """Curves beside the film, then KL per dimension and the depth: each a fragment of its own, so that the film can
    ask for a frame without the curves being drawn anew, and a button answers without waiting for either."""
    if job.recipe.model == "gan":
        gan_view.pictures(job)
        return
    every = TICK if job.active else None
    left, right = st.columns([9, 16], gap="medium")
    with left:
        st.fragment(_curves, run_every=every)(job)
    with right:
        st.fragment(_film, run_every=2 * TICK if job.active else None)(job)
    st.fragment(_depth, run_every=2 * TICK if job.active else None)(job)


def _film(job) -> None:
    film(
        job.snapshot().frames,
        job.run.frame,
        key="train_film",
        shape=job.recipe.shape,
        rows=film_rows(job.recipe),
        run=f"{job.name} {job.run.status.get('created')}",
    )


def film_rows(recipe: Recipe) -> tuple[str, ...]:
    """What the three parts of a frame are. Without a prior samples come from where training images came to lie."""
    return ROWS if recipe.variational else (*ROWS[:2], "Samples from a Gaussian through the latents")


def _depth(job) -> None:
    shot = job.snapshot()
    _per_dimension(job, shot)
    how_it_works(job.recipe, shot.points)


def _curves(job) -> None:
    shot = job.snapshot()
    chart = losses.loss_chart(
        shot.points,
        job.recipe.family.terms,
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
    )
    st.caption(losses.DIVERGED_CAPTION if chart["diverged"] else job.recipe.family.caption)


def _per_dimension(job, shot) -> None:
    kl = shot.kl_per_dim
    if not job.recipe.variational or kl is None or not len(kl) or not np.any(kl):
        return
    st.subheader("What each latent dimension carries", anchor=False)
    bars(losses.kl_bars(kl), key="train_kl", alt=losses.kl_caption(kl))
    st.caption(losses.kl_caption(kl))

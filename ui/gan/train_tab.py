"""The tab Train: the GAN that is being trained with its controls, else the curves and the film of the GAN in view."""

from __future__ import annotations

import streamlit as st

from core.jobs.training_job import TrainingJob
from core.runs import Run
from ui.gan import inputs
from ui.gan.progress import follow, progress
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import job_of, takes
from ui.shared.page import open_page
from ui.shared.run_facts import weights_of
from ui.training_view.gan_view import training


def line() -> None:
    """Progress of this visitor's GAN, for the other tabs; nothing while none is trained."""
    if job := next(iter(inputs.my_gans_in_training()), None):
        st.fragment(progress, run_every=0.7)(job)


def show(run: Run | None, decoder: Run | None) -> None:
    """The tab.

    Args:
        run: the GAN in view. decoder: what the next GAN starts from.
    """
    if job := _live(run):
        st.fragment(follow, run_every=1.0)(job)
        if run is not None and job.name != run.name:
            st.caption(
                f"This is the training of **{escape_markdown(job.name)}**. The box above still shows "
                f"{escape_markdown(run.name)}; it turns to the new GAN with its first images."
            )
        training(job, job.run, depth=False)
    elif run is not None:
        _ended(run)
    elif decoder is not None:
        long = takes([inputs.recipe_from(decoder)], measure=True)
        st.info(
            f"No GAN from the decoder of {escape_markdown(decoder.name)} yet. Press *Train a GAN from this decoder* "
            f"above: its training {f'takes {long} and ' if long else ''}appears here, with curves and images after "
            "each epoch."
        )
    if decoder is not None and st.button(
        "More settings",
        key="gan_another",
        icon=":material/tune:",
        help="Opens the Train page with this decoder: another loss, other learning rates, a generator from scratch.",
    ):
        open_page("train", source=decoder.name)


def _live(run: Run | None) -> TrainingJob | None:
    """The training to show: this visitor's newest that is active, else that of the GAN in view if it is active."""
    mine = inputs.my_gans_in_training()
    newest = next((job for job in mine if job.name == st.session_state.get(inputs.STARTED)), None)
    own = job_of(run.name) if run is not None else None
    return newest or (own if own is not None and own.active else None) or next(iter(mine), None)


def _ended(run: Run) -> None:
    """Curves and film of a GAN that is not being trained."""
    epochs = run.status.get("epoch") or 0
    st.caption(
        f"The training of **{escape_markdown(run.name)}**, {epochs:g} epochs. The film and the bars show the weights "
        "of the epoch named there; the other tabs use "
        f"{weights_of(run)}."
    )
    training(job_of(run.name), run, depth=False)

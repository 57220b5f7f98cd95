"""Families without a plane on the Planes page: a button that trains one, and the progress of that training."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.jobs.training_job import TrainingJob
from core.recipes.adaptation import for_digits
from core.recipes.presets import PRESETS
from core.recipes.recipe import Recipe
from core.runs import Run, RunError
from ui.planes.inputs import LATENT_DIM, slots
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import submit_training, training_jobs, waits
from ui.shared.run_buttons import job_button


def plane_preset(slot: str) -> Recipe | None:
    """The first preset of a family with two latent dimensions."""
    return next((r for r in PRESETS.values() if r.family.key == slot and r.latent_dim == LATENT_DIM), None)


def placeholder(slot: str) -> None:
    """A family's place while it has no plane: a button that trains one, or the progress."""
    family, preset = slots()[slot], plane_preset(slot)
    st.markdown(f"**{family.name}**")
    job = job_of(slot)
    with st.container(border=True, height=230, key=f"planes_missing_{slot}"):
        if job is not None and job.active:
            st.fragment(_progress, run_every=0.7)(slot, job)
            return
        if job is not None and job.message and not job.run.has_weights:
            st.warning(escape_markdown(job.message))
        if preset is None:  # none is missing: see `missing_families`
            return
        st.markdown(
            f"No {family.abbreviation} with two latent dimensions has been trained yet. The recipe `{preset.name}` "
            "trains one on the built-in digits; it takes about a minute and needs no download."
        )
        st.button(
            f"Train {preset.name}",
            key=f"planes_train_{slot}",
            on_click=train,
            args=([slot],),
            icon=":material/play_arrow:",
            help="Adds the recipe to the training queue, on the digits. The plane appears here after the first epoch.",
        )


def missing_families(found: Sequence[Run]) -> list[str]:
    """The families of which no run can be shown, though there is a recipe of two latent dimensions. Of the other
    families a run with two dimensions is shown like any other, but its absence is no gap."""
    there = {run.recipe.family.key for run in found}
    return [slot for slot in slots() if slot not in there and plane_preset(slot) is not None]


def train_all_button(missing: Sequence[str], *, primary: bool) -> None:
    """A button that trains all missing planes; drawn only where two or more can be trained."""
    untrained = [
        slot for slot in missing if plane_preset(slot) is not None and not ((job := job_of(slot)) and job.active)
    ]
    if len(untrained) > 1:
        st.button(
            f"Train the {len(untrained)} missing ones",
            key="planes_train_all",
            on_click=train,
            args=(untrained,),
            type="primary" if primary else "secondary",
            icon=":material/play_arrow:",
            help="Adds their recipes to the training queue, on the digits: one after the other, about a minute each.",
        )


def train(wanted: list[str]) -> None:
    """Add the plane presets of these families to the training queue, on the digits."""
    for slot in wanted:
        if (preset := plane_preset(slot)) is None:
            continue
        try:
            submit_training(for_digits(preset))
        except RunError as error:
            st.error(escape_markdown(str(error)))
            return


def job_of(slot: str) -> TrainingJob | None:
    """The newest training of a plane of this family since the lab was started; an active one first."""
    jobs = [job for job in training_jobs() if job.recipe.family.key == slot and job.recipe.latent_dim == LATENT_DIM]
    return next((job for job in jobs if job.active), jobs[0] if jobs else None)


def training_of(run: Run) -> TrainingJob | None:
    """The active training of this run, if there is one."""
    job = job_of(run.recipe.family.key)
    return job if job is not None and job.active and job.name == run.name else None


def _progress(slot: str, job: TrainingJob) -> None:
    if not job.active or job.run.has_weights:
        st.rerun()
    if job.position > 0:
        st.progress(0.0, text=f"Waiting: {waits(job)}. It starts automatically.")
    else:
        seen = job.snapshot()
        st.progress(
            min(1.0, seen.epoch / seen.epochs),
            text="Starting …" if not seen.step else f"Epoch {int(seen.epoch)} of {seen.epochs}",
        )
    st.caption("The plane appears after the first epoch and is redrawn during training.")
    job_button("Stop", f"planes_stop_{slot}", job, job.stop, help="Ends the training, or removes it from the queue.")

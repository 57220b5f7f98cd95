"""The alarm of a collapsed posterior in the view of a training, and the button that trains again with a cure."""

from __future__ import annotations

import streamlit as st

from core.evaluation import posterior_collapse
from core.jobs.training_job import Snapshot, TrainingJob
from core.recipes.recipe import Recipe
from core.runs import RunError
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import train_again
from ui.shared.run_buttons import job_button, run_button
from ui.shared.run_dialogs import NAME
from ui.training_view.controls import latest, latest_at
from ui.training_view.finished_run import FinishedSnapshot, Shown

LABEL = "Train again with the cure"


def alarm(job: Shown, shot: Snapshot | FinishedSnapshot) -> None:
    """A sentence where the posterior has collapsed, with the button; nothing otherwise."""
    recipe = job.recipe
    epoch, steps = latest_at(shot.points, "val_total")[1], latest(shot.points, "step")
    problem = posterior_collapse.diagnose(recipe, shot.kl_per_dim, epoch, steps)
    if not problem:
        return
    with st.container(key="collapse_alarm"):
        st.warning(problem, icon=":material/warning:")
        if (changes := posterior_collapse.cure(recipe)) is None:
            return
        better = recipe.with_(**changes)
        if isinstance(job, TrainingJob) and job.active:
            job_button(
                LABEL,
                "train_cure",
                job,
                _stop_and_train,
                (job, better),
                icon=":material/healing:",
                help="Stops this run, which is kept, and trains a new one with these changes.",
            )
        else:
            run_button(
                LABEL,
                "train_cure",
                job.run,
                on_click=_train,
                args=(better,),
                icon=":material/healing:",
                help="Trains a new run with these changes. This one is kept.",
            )


def _train(recipe: Recipe) -> TrainingJob | None:
    try:
        again = train_again(recipe)
    except (RunError, ValueError) as error:
        st.toast(escape_markdown(str(error)), icon=":material/error:", duration="long")
        return None
    if address.get(NAME) is not None:  # the page of the run
        address.put(NAME, again.name)
    return again


def _stop_and_train(job: TrainingJob, recipe: Recipe) -> None:
    if _train(recipe) is not None:
        job.stop()

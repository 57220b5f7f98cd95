"""Which runs stand side by side on the Planes page: one of each family with two latent dimensions, or any the reader
wants; and how a family that has not been trained yet gets its plane."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from core import runs
from core.jobs import training_queue
from core.jobs.training_job import TrainingJob
from core.recipes.presets import for_digits, preset
from core.runs import Run, RunError
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import all_jobs
from ui.shared.recipe_labels import WORDS

SLOTS = ("ae", "vae", "ad", "vad")
"""The families, in the order of the page; also the names of their choices in the address."""


def flat_runs() -> list[Run]:
    """Every run of the four families with weights and two latent dimensions, newest first; a GAN is none of them."""
    return [
        run
        for run in runs.list_runs()
        if not run.error and run.has_weights and run.recipe.latent_dim == 2 and run.recipe.model in SLOTS
    ]


def usual(found: list[Run]) -> dict[str, Run]:
    """The run of each family to begin with: of the data set that most families know, so that they can be compared."""
    known = Counter(data for data, _ in {(_images(run), run.recipe.model) for run in found})
    best = max(known, key=lambda data: (known[data], -[_images(run) for run in found].index(data)), default=None)
    first: dict[str, Run] = {}
    for run in sorted(found, key=lambda run: _images(run) != best):  # stable: newest first within each
        first.setdefault(run.recipe.model, run)
    return first


def settle(found: list[Run]) -> dict[str, Run | None]:
    """The run of each slot: as chosen, else from the address, else the usual one; None where there is none yet. What is
    shown stands in the address afterwards."""
    usable, first, shown = {run.name: run for run in found}, usual(found), {}
    kept = st.session_state.setdefault("planes_kept", {})
    for slot in SLOTS:
        box, wanted = f"planes_run_{slot}", st.query_params.get(slot)
        if st.session_state.get(box) not in usable:  # the first look, or the run was deleted or renamed since
            if wanted and wanted not in usable:
                # Not echoed: an address bar is no place for others' words on our page.
                st.warning(
                    "The address asks for a trained run with two latent dimensions that does not exist. You see "
                    "the page without it."
                )
            fallback = first[slot].name if slot in first else None
            st.session_state[box] = next((n for n in (wanted, kept.get(slot), fallback) if n in usable), None)
        name = st.session_state[box]
        shown[slot] = usable.get(name)
        kept[slot] = name
        if name is None:
            st.query_params.pop(slot, None)
        elif wanted != name:
            st.query_params[slot] = name
    return shown


def pick(slot: str, shown: Run, found: list[Run]) -> None:
    """The family's name and the box with the runs that can stand here: its own family's first."""
    st.markdown(f"**{WORDS[shown.recipe.model]}**")
    own = sorted(found, key=lambda run: run.recipe.model != slot)
    family = {run.name: run.recipe.model for run in found}
    # persist_state: the choice is told to the browser until it has answered. One that is slow to draw the box may see a
    # later run of the page than the first, and would take the first name for the choice.
    st.selectbox(
        "Trained model",
        [run.name for run in own],
        key=f"planes_run_{slot}",
        label_visibility="collapsed",
        persist_state="page",
        format_func=lambda n: n if family.get(n) == slot else f"{n} · {family.get(n, '').upper()}",
        help=f"{shown.recipe.summary()}. Any run with two latent dimensions can stand here, to compare two of "
        "one family as well.",
    )


def missing(slot: str) -> None:
    """The place of a family without a plane: a button that trains one, or how far it is."""
    st.markdown(f"**{WORDS[slot]}**")
    job = job_of(slot)
    with st.container(border=True, height=300, key=f"planes_missing_{slot}"):
        if job is not None and job.active:
            st.fragment(_forming, run_every=0.7)(slot, job)
            return
        if job is not None and job.message and not job.run.has_weights:
            st.warning(escape_markdown(job.message))
        st.markdown(
            f"None with two latent dimensions has been trained yet. The recipe `plane-{slot}` trains one: on "
            "the digits in about a minute, without a network."
        )
        st.button(
            f"Train plane-{slot}",
            key=f"planes_train_{slot}",
            on_click=train,
            args=([slot],),
            icon=":material/play_arrow:",
            help="Puts the recipe into the queue, on the digits. Its plane appears here after the first epoch.",
        )


def lacking(shown: dict[str, Run | None]) -> list[str]:
    """The slots without a run that nobody trains one for."""
    return [slot for slot, run in shown.items() if run is None and not ((job := job_of(slot)) and job.active)]


def train(slots: list[str]) -> None:
    """Put the plane of each of these families into the queue, on the digits."""
    for slot in slots:
        try:
            training_queue.training_queue().submit(for_digits(preset(f"plane-{slot}")))
        except RunError as error:
            st.error(escape_markdown(str(error)))
            return


def job_of(slot: str) -> TrainingJob | None:
    """The newest job that trains, or trained, a plane of this family since the lab was opened."""
    jobs = [job for job in all_jobs() if job.recipe.model == slot and job.recipe.latent_dim == 2]
    return next((job for job in jobs if job.active), jobs[0] if jobs else None)


def _forming(slot: str, job: TrainingJob) -> None:
    if not job.active or job.run.has_weights:
        st.rerun()
    if job.position > 0:
        st.progress(0.0, text=f"Waiting: {job.position} before it. It starts by itself.")
    else:
        seen = job.snapshot()
        st.progress(
            min(1.0, seen.epoch / seen.epochs),
            text="Starting …" if not seen.step else f"Epoch {int(seen.epoch)} of {seen.epochs}",
        )
    st.caption("Its plane appears after the first epoch and forms while you watch.")
    if st.button("Stop", key=f"planes_stop_{slot}", help="Ends the training, or leaves the queue."):
        job.stop()


def _images(run: Run) -> tuple[str, str]:
    return run.recipe.dataset, run.recipe.folder

"""How a training ended: message, best result, and what can be done next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal

import streamlit as st

from core.jobs.training_job import TrainingJob
from core.jobs.training_queue import TrainingQueue
from core.runs import Run, RunError
from core.runs.shown_weights import shown_evaluation
from ui.shared.formatting import epoch, escape_markdown, format_sig
from ui.shared.jobs import FOLLOWED, submit_training, waits
from ui.shared.owner import label, me
from ui.shared.page import open_page
from ui.shared.run_buttons import run_button, run_key
from ui.shared.run_facts import best_of, result_of
from ui.shared.run_menu import AGAIN, AGAIN_HELP, run_menu
from ui.train.state import NOTICE, TOP
from ui.training_view.controls import heading


def start_job(submit: Callable[[], TrainingJob]) -> None:
    """Queue a job and follow it on this page, or show why it cannot be queued."""
    try:
        job = submit()
    except (RunError, ValueError) as error:
        st.error(escape_markdown(str(error)), icon=":material/error:")
        return
    st.session_state[FOLLOWED] = [*st.session_state.get(FOLLOWED, ()), job.name]
    st.session_state[NOTICE] = ""
    if job.position > 0:
        st.session_state[NOTICE] = f"**{escape_markdown(job.name)}** waits in the queue: {waits(job)}."
    else:
        st.session_state[TOP] = f"{job.name} {job.id}"
    st.rerun()


TOLD = "train_told"
"""Session-state key: ids of the trainings taken out of the queue whose message this visitor has closed."""


def taken_out(job: TrainingJob, queue: TrainingQueue) -> None:
    """The message that one of the visitor's trainings was taken out of the queue, with a button that puts it back."""
    told = st.session_state.get(TOLD, ())
    if job.id in told:
        return
    by = f" by {label(job.touched_by)}" if job.touched_by else ""
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", key=run_key("train_taken_out", job.run)
    ):
        st.markdown(f"Your run **{escape_markdown(job.name)}** was taken out of the queue{by}.", width="stretch")
        if run_button(
            "Put it back",
            "train_put_back",
            job.run,
            icon=":material/undo:",
            help="Adds it to the end of the queue again.",
        ):
            start_job(lambda: queue.resume(job.name, owner=me()))
        if run_button("Close", "train_close", job.run, icon=":material/close:", help="Removes this message."):
            st.session_state[TOLD] = [*told, job.id]
            st.rerun()


def earlier(jobs: Sequence[TrainingJob], queue: TrainingQueue) -> None:
    """How this visitor's runs before the newest one ended, in this order, with one button that closes several."""
    for job in jobs:
        outcome(job, queue, newest=False)
    if len(names := [job.name for job in jobs]) > 1:
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.button(
                "Close all",
                key=f"train_close_all_{' '.join(names)}",  # a click closes what it was drawn for
                type="tertiary",
                icon=":material/close:",
                on_click=_close,
                args=(names,),
                help=f"Removes these {len(names)} messages. The runs stay.",
            )


def outcome(job: TrainingJob, queue: TrainingQueue, newest: bool) -> None:
    """The end of one of the visitor's runs and the next steps.

    Args:
        queue: takes a resumed run. newest: whether its pictures follow below.
    """
    if newest:
        st.markdown(heading(job))
    elif job.state in ("finished", "stopped"):
        _earlier(job)
        return
    best, at = best_of(job.run), job.run.status.get("best_epoch")
    best = f"{best[0].upper()}{best[1:]}{f', after epoch {epoch(at)}' if at is not None else ''}.{_comparison(job.run)}"
    box, text = {
        "finished": (st.success, f"Finished. {job.message} {best}"),
        "stopped": (st.info, f"{job.message or 'Stopped.'} {best}"),
        "diverged": (st.warning, job.message),
    }.get(job.state, (st.error, job.message))
    if job.touched_by and job.state == "stopped":
        text = f"Ended by {label(job.touched_by)}. {text}"
    box(escape_markdown(text) if newest else f"**{escape_markdown(job.name)}** · {escape_markdown(text)}")
    with st.container(horizontal=True, key=run_key("train_ended", job.run)):
        _next_steps(job, queue, main="primary" if newest else "secondary")
        if newest and st.button(
            "Train another", key="train_another", icon=":material/add:", help="Opens the form for another training."
        ):
            st.session_state[FOLLOWED] = []
            st.rerun()
        if not newest:
            _close_button(job)


def _earlier(job: TrainingJob) -> None:
    """One line for a run that ended well before the newest one: what it reached, and the way to its page."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=run_key("train_earlier", job.run)):
        ended = "Finished" if job.state == "finished" else "Stopped"
        icon = "check_circle" if job.state == "finished" else "pause_circle"
        st.markdown(
            f":material/{icon}: **{escape_markdown(job.name)}** · {ended}, {escape_markdown(result_of(job.run))}",
            width="stretch",
        )
        if run_button("Open", "train_open", job.run, help="Its curves, film, figures and files; resume it there."):
            open_page("run", name=job.name)
        run_menu(job.run, "ended_menu_")
        _close_button(job)


def _close_button(job: TrainingJob) -> None:
    if run_button(
        "Close", "train_close", job.run, icon=":material/close:", help="Removes this message. The run stays."
    ):
        _close([job.name])
        st.rerun()


def _close(names: Collection[str]) -> None:
    """Follow the runs of these names no longer."""
    st.session_state[FOLLOWED] = [name for name in st.session_state.get(FOLLOWED, ()) if name not in names]


def _next_steps(job: TrainingJob, queue: TrainingQueue, main: Literal["primary", "secondary"]) -> None:
    """Buttons to go on with the run: resume, at a lower learning rate after a divergence, or generate from it."""
    if job.state == "diverged":
        lower = job.setting("lr") / 10  # the message on the divergence starts from it as well
        if run_button(
            f"Continue from the last good epoch with learning rate {lower:g}",
            "train_lower",
            job.run,
            type=main,
            icon=":material/restart_alt:",
            disabled=not job.run.resumable,
            help="Resumes from the last saved state with a tenth of the learning rate.",
        ):
            start_job(lambda: _resume_with(queue, job.name, lower))
    elif job.state != "finished" and run_button(
        "Resume",
        "train_resume",
        job.run,
        type=main,
        icon=":material/play_arrow:",
        disabled=not job.run.resumable,
        help="Continues exactly where it stopped.",
    ):
        start_job(lambda: queue.resume(job.name, owner=me()))
    if run_button(
        "Generate images",
        "train_generate",
        job.run,
        icon=":material/tune:",
        disabled=not (_trained(job.run) if job.state == "diverged" else job.run.has_weights),
        type=main if job.state == "finished" else "secondary",
        help="Make new images with this model.",
    ):
        open_page("generate", run=job.name)
    if run_button(AGAIN, "train_again", job.run, icon=":material/replay:", help=AGAIN_HELP):
        start_job(lambda: submit_training(job.recipe))
    run_menu(job.run, "ended_menu_")


def _comparison(run: Run) -> str:
    """Test figures of a generator beside those of the decoder it came from; empty until both are measured."""
    figures = shown_evaluation(run) or {}
    before = figures.get("before")
    if not before:
        return ""
    return (
        f" On the test images: Fréchet distance {format_sig(before.get('frechet'))} for the decoder before, "
        f"{format_sig(figures.get('frechet'))} for the generator now; sharpness {format_sig(before.get('sharpness'))} "
        f"and {format_sig(figures.get('sharpness'))}, where 1 is as sharp as real images."
    )


def _trained(run: Run) -> bool:
    """Whether there are weights of a model that has learned: those kept after an early divergence may be the first."""
    return run.has_weights and (run.status.get("best_epoch") or 0) >= 1


def _resume_with(queue: TrainingQueue, name: str, lr: float) -> TrainingJob:
    job = queue.resume(name, owner=me())
    job.set(lr=lr)
    return job

"""The Runs page: the table of all runs, and a page for each of them (`?name=…`)."""

from __future__ import annotations

import streamlit as st

from core import runs
from core.runs import Run
from ui.components.page.scroll_to import to_top
from ui.diagram.model import PART
from ui.diagram.one_step import STEP
from ui.run.actions import actions
from ui.run.bring_in import bring_in
from ui.run.details import details
from ui.run.table import COMPARED, WHOSE, all_runs
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import job_of, training_jobs
from ui.shared.run_dialogs import NAME
from ui.shared.run_facts import result_of
from ui.training_view.finished_run import FinishedRun
from ui.training_view.view import live, pictures

EPOCH = "epoch"
"""Address parameter: the epoch that the film shows; the browser writes it."""


def show() -> None:
    """Draw the page."""
    address.check_names((NAME, EPOCH, COMPARED, WHOSE.name, PART, STEP))
    wanted = address.get(NAME)
    run = next((run for run in runs.list_runs() if run.name == wanted), None)
    if wanted is not None and run is None:
        address.refuse(NAME, "This run does not exist. It was deleted or renamed, or the address is wrong.")
    if run is None:
        address.put(EPOCH, None)
        for name in (PART, STEP):
            address.put(name, None)
        _table()
    else:
        for name in (COMPARED, WHOSE.name):
            address.put(name, None)
        _one(run)


def _table() -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title("Runs", anchor=False, width="content")
        bring_in()
    st.markdown("Every model that was trained here, examples included. Open one, or compare several.")
    all_runs({job.name: job.position for job in training_jobs() if job.active})


def _one(run: Run) -> None:
    """The page of one run."""
    job = job_of(run.name)
    training = job is not None and job.active
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(escape_markdown(run.name), anchor=False, width="content")
        if st.button("All runs", key="run_all", icon=":material/table_rows:", help="Back to the table."):
            address.put(NAME, None)
            st.rerun()
    if run.error is None and not training:
        st.markdown(f"{escape_markdown(run.summary())} · {_state(run)}")
    if run.lesson:
        st.info(f"**An example.** {escape_markdown(run.lesson)}", icon=":material/school:")
    actions(run, training, opened=True)
    to_top(run.name, key="run_to_top")
    if run.error is not None:
        return
    if job is not None and training:
        live(job)
    elif run.frames() or run.has_weights:
        pictures(FinishedRun(run), at=_epoch(run), parameter=EPOCH)
    else:
        st.info("This run has no pictures yet: they appear after its first epoch.")
    details(run, training)


def _state(run: Run) -> str:
    """How the run ended and its best figure."""
    state = {"new": "not started", "running": "training", "interrupted": "interrupted"}.get(
        run.status["state"], run.status["state"]
    )
    return state if run.status.get("best_total") is None else f"{state}, {result_of(run)}"


def _epoch(run: Run) -> float | None:
    """The epoch that the address asks the film to begin with; None for the newest."""
    text = address.get(EPOCH)
    if text is None:
        return None
    if (place := {str(each): each for each in run.frames()}.get(text)) is not None:
        return place
    address.refuse(EPOCH, "The address names an epoch of which this run has no picture. You see the newest.")
    return None

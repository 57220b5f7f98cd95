"""Dialogs that change a run: continue it, give it another name, delete it."""

from __future__ import annotations

import streamlit as st

from core.jobs.training_queue import TrainingQueue
from core.runs import Run, RunError
from ui.shared import address
from ui.shared.formatting import duration, epoch, escape_markdown, file_size, pluralize
from ui.shared.owner import me
from ui.shared.run_buttons import Identity, run_button, run_key

CHOSEN = "runs_chosen"
"""Session-state key: names of the runs that are chosen in the table, in its order."""

NAME = "name"
"""Address parameter: name of the run whose page is shown."""

NOTICE = "run_notice"
"""Session-state key: what a dialog has done, for `run_menu` to say once the page is drawn again."""

MOST = 10_000
"""Largest number of epochs of a run, as in the recipe."""


@st.dialog("Continue training")
def _continue(run: Run, queue: TrainingQueue, known: Identity | None = None) -> None:
    done, planned = int(run.status["epoch"]), run.epochs
    st.markdown(f"**{escape_markdown(run.name)}** was trained for {epoch(run.status['epoch'])} of {planned} epochs.")
    # A float without bounds, as in the form: a number out of bounds must arrive here to be refused in words.
    total = st.number_input(
        "Train until epoch",
        value=float(planned if planned > done else min(MOST, 2 * done)),
        step=1.0,
        format="%g",
        key=run_key("continue_epochs", run),
        help=f"Counted from the start of the run; at most {MOST:,}.",
    )
    if not done < total <= MOST or total != int(total):
        st.error(f"This must be a whole number from {done + 1:,} to {MOST:,}.", icon=":material/error:")
        return
    if per_epoch := _seconds_per_epoch(run):
        st.caption(f"About {duration(per_epoch * (total - run.status['epoch']))}, at the speed of the training so far.")
    if run_button(
        "Continue", "continue_go", run, known=known, type="primary", help="Continues exactly where it stopped."
    ):
        try:
            queue.resume(run.name, epochs=int(total), owner=me())
        except (RunError, ValueError) as error:
            st.error(escape_markdown(str(error)))
        else:
            st.session_state[NOTICE] = (
                f"**{escape_markdown(run.name)}** is being trained further in the background. Its page shows the "
                f"training live."
            )
            st.rerun()


def _seconds_per_epoch(run: Run) -> float:
    """Seconds that an epoch of the run took; 0 where that is unknown."""
    return run.status["seconds"] / run.status["epoch"] if run.status["epoch"] and run.status["seconds"] else 0.0


@st.dialog("Rename a run")
def _rename(run: Run, queue: TrainingQueue, known: Identity | None = None) -> None:
    new = st.text_input(
        "New name",
        value=run.name,
        max_chars=60,
        key=run_key("rename_to", run),
        help="Letters, digits, spaces and - _ . ( ).",
    )
    if run_button("Rename", "rename_go", run, known=known, type="primary", help="The run's folder gets this name."):
        try:
            renamed = run.rename(new)
        except RunError as error:
            st.error(escape_markdown(str(error)))
        else:
            chosen = st.session_state.get(CHOSEN, [])
            st.session_state[CHOSEN] = [renamed.name if name == run.name else name for name in chosen]
            _leave(run, renamed.name)


@st.dialog("Delete a run")
def _delete(run: Run, queue: TrainingQueue, known: Identity | None = None) -> None:
    st.markdown(
        f"**{escape_markdown(run.name)}** and its weights, curves and pictures will be gone for good: {_lost(run)}."
    )
    if run.example:
        st.markdown(
            "It is an example that came with the lab. It does not come back by itself: to have it again, copy its "
            "folder from a fresh download of the lab into the folder of the runs."
        )
    with st.container(horizontal=True):
        sure = run_button(
            "Delete for good", "delete_go", run, known=known, type="primary", help="This cannot be undone."
        )
        if run_button("Cancel", "delete_cancel", run, help="Keep it."):
            st.rerun()
    if sure:
        try:
            run.delete()
        except RunError as error:
            st.error(escape_markdown(str(error)))
        else:
            st.session_state[CHOSEN] = [name for name in st.session_state.get(CHOSEN, []) if name != run.name]
            _leave(run, None)


def _lost(run: Run) -> str:
    """What is deleted with the run: the time of its training, the size of its folder."""
    files = [file.lstat().st_size for file in run.path.rglob("*") if file.is_file() and not file.is_symlink()]
    parts = [pluralize(len(files), "file"), file_size(sum(files))]
    if run.error is None and run.status["seconds"]:
        parts.append(f"{duration(run.status['seconds'])} of training")
    return ", ".join(parts)


def _leave(run: Run, now: str | None) -> None:
    """Draw the page again; a page that shows a run that has a new name, or is gone, follows it. now: its name."""
    for parameter in (NAME, "run"):
        if address.get(parameter) == run.name:
            address.put(parameter, now)
    st.rerun()


DIALOGS = {"continue": _continue, "rename": _rename, "delete": _delete}
"""Dialogs by what they do; each takes the run, the queue, and what the run was when the dialog was opened."""

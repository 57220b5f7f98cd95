"""The table of all runs: choose some to compare, and continue, download, rename or delete each."""

from __future__ import annotations

import math
import time

import streamlit as st

from core import runs
from core.jobs.training_queue import TrainingQueue
from core.runs import Run, RunError
from core.runs.export import to_zip
from ui.shared.formatting import duration, epoch, escape_markdown, format_sig, format_time
from ui.shared.owner import me
from ui.shared.page import open_page
from ui.shared.run_buttons import Identity, identity, run_button, run_key
from ui.train.compare import compare
from ui.train.form_gan_source import request
from ui.train.state import TOP

CHOSEN = "runs_chosen"
"""Session-state key: names of the chosen runs, in the order of the table."""

MOST = 10_000
"""Largest number of epochs of a run, as in the recipe."""

COLUMNS = {
    # These widths let the first three stand side by side on a phone.
    "Run": st.column_config.TextColumn(width=150),
    "State": st.column_config.TextColumn(width=78),
    "Best total": st.column_config.NumberColumn(
        width=82,
        format="%.1f",
        help="Lowest validation total, in nats per image (squared error for the loss of that name).",
    ),
    "Fréchet": st.column_config.NumberColumn(
        width=70,
        format="%.1f",
        help="Of a GAN: lowest Fréchet distance to real images, in features of the lab's classifier.",
    ),
    "Epochs": st.column_config.NumberColumn(format="%g"),
}


ORDER = ("Run", "State", "Best total", "Fréchet", "Epochs", "Time", "Started", "What")
"""Columns from left to right; a column without a value in any row is left out."""


def runs_section(queue: TrainingQueue, training: dict[str, int]) -> None:
    """The table of runs, then the actions and curves of the chosen ones.

    Args:
        queue: takes runs that are continued.
        training: runs that train or wait and therefore cannot be changed, each with its place in the queue; 0 trains.
    """
    st.subheader("Your runs", anchor=False)
    found = runs.list_runs()
    if not found:
        st.caption("There are no runs yet. The first one appears here as soon as it starts.")
        return
    names = [run.name for run in found]
    chosen = [name for name in st.session_state.get(CHOSEN, ()) if name in names]
    st.caption("Tick several runs to compare their curves, or one to go on with it.")
    # The key changes with the list: a selection is kept as row numbers, and those move when a run is added.
    rows = [_row(run, training.get(run.name)) for run in found]
    if not any("Fréchet" in row for row in rows):
        columns = {name: column for name, column in COLUMNS.items() if name != "Fréchet"}
    else:
        columns = COLUMNS
    st.dataframe(
        rows,
        key=_table_key(names),
        hide_index=True,
        placeholder="",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [names.index(name) for name in chosen]}},
        on_select=lambda: _choose(names),
        height=min(38 + 35 * len(found), 320),
        alt="All runs with their results.",
        column_config=columns,
        column_order=ORDER,
    )
    picked = [run for run in found if run.name in chosen]
    for run in picked:
        _actions(run, queue, run.name in training)
    if healthy := [run for run in picked if run.error is None]:
        compare(healthy)


def _table_key(names: list[str]) -> str:
    return f"runs_table_{hash(tuple(names))}"


def _choose(names: list[str]) -> None:
    table = st.session_state[_table_key(names)]
    st.session_state[CHOSEN] = [names[row] for row in sorted(table["selection"]["rows"]) if row < len(names)]


def _row(run: Run, place: int | None) -> dict:
    """One run. The most important columns come first, since a phone shows three; figures that change while the run
    trains are left empty, as the live view above shows them."""
    if run.error:
        return {
            "Run": run.name,
            "State": "damaged",
            "Best total": math.nan,
            "Epochs": math.nan,
            "Time": "",
            "Started": "",
            "What": run.error,
        }
    status, best = run.status, run.status.get("best_total")
    state = status["state"] if place is None else "queued" if place else "training"
    live = place == 0
    adversarial = run.recipe.family.adversarial
    figure = math.nan if live or best is None else best
    return {
        "Run": run.name,
        "State": state,
        "Best total": math.nan if adversarial else figure,
        **({"Fréchet": figure} if adversarial else {}),
        "Epochs": math.nan if live else float(epoch(status["epoch"])),
        "Time": "" if live else duration(status["seconds"]),
        "Started": format_time(status.get("created")),
        "What": run.recipe.summary(),
    }


def _actions(run: Run, queue: TrainingQueue, training: bool) -> None:
    """Buttons for one run.

    Args:
        training: whether it trains or waits now.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"actions_{run.name}"):
        st.markdown(f"**{escape_markdown(run.name)}**", width="content")
        if run.error is None:
            if run_button(
                "Open in Generate",
                "generate",
                run,
                icon=":material/draw:",
                disabled=not run.has_weights,
                help="Make new images with this model.",
            ):
                open_page("generate", run=run.name)
            if run.recipe.family.generator_source and run_button(
                "Make it a GAN",
                "gan",
                run,
                icon=":material/swords:",
                disabled=not run.has_weights,
                help="Fills in the form: this run's decoder becomes the generator of a GAN.",
            ):
                request(run.name)
                st.session_state[TOP] = f"gan {run.name} {time.monotonic()}"
                st.rerun()
            if run_button(
                "Continue",
                "continue",
                run,
                icon=":material/play_arrow:",
                disabled=training or not run.resumable,
                help="Train it for more epochs.",
            ):
                DIALOGS["continue"](run, queue, identity(run))
            _downloads(run, training)
            if run_button(
                "Rename",
                "rename",
                run,
                icon=":material/edit:",
                disabled=training,
                help="Give it another name.",
            ):
                DIALOGS["rename"](run, queue, identity(run))
        if run_button(
            "Delete",
            "delete",
            run,
            icon=":material/delete:",
            disabled=training,
            help="Removes it for good, after a question. A run that is training must be stopped first.",
        ):
            DIALOGS["delete"](run, queue, identity(run))
    if run.error:
        st.error(escape_markdown(run.error), icon=":material/broken_image:")
    elif run.status["message"] and not training:
        st.caption(escape_markdown(run.status["message"]))


def _downloads(run: Run, training: bool) -> None:
    """Download buttons: the history as CSV, the whole run as a zip file."""
    st.download_button(
        "CSV",
        run.csv,
        f"{run.name}.csv",
        "text/csv",
        key=run_key("csv", run),
        on_click="ignore",
        icon=":material/download:",
        help="Its history: all losses, one row per measurement.",
    )
    st.download_button(
        "Run",
        lambda: to_zip(run),
        f"{run.name}.zip",
        "application/zip",
        key=run_key("zip", run),
        on_click="ignore",
        icon=":material/folder_zip:",
        disabled=training,
        help="The whole run as a zip file: recipe, curves, weights, pictures, and how to load them.",
    )


def best_of(run: Run) -> str:
    """The best figure of a run's validation with its name."""
    best = format_sig(run.status.get("best_total"))
    if run.recipe.family.adversarial:
        return f"best Fréchet distance {best}"
    return f"best validation total {best} per image"


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
    elif run_button(
        "Continue", "continue_go", run, known=known, type="primary", help="Goes on exactly where it stopped."
    ):
        try:
            queue.resume(run.name, epochs=int(total), owner=me())
        except (RunError, ValueError) as error:
            st.error(escape_markdown(str(error)))
        else:
            st.rerun()


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
            st.rerun()


@st.dialog("Delete a run")
def _delete(run: Run, queue: TrainingQueue, known: Identity | None = None) -> None:
    st.markdown(f"**{escape_markdown(run.name)}** and its weights, curves and pictures will be gone for good.")
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
            st.rerun()


DIALOGS = {"continue": _continue, "rename": _rename, "delete": _delete}
"""Dialogs by what they do; each takes the run, the queue, and what the run was when the dialog was opened."""

"""All runs: a table to choose from, the chosen ones laid over each other, and what can be done with each."""

from __future__ import annotations

import math

import streamlit as st

from core import runs
from core.export import to_zip
from core.recipe import Recipe, applies, fields
from core.runs import Run, RunError
from ui import charts
from ui.components.curves import curves
from ui.recipe_form import WORDS, label
from ui.train_controls import view, view_options
from ui.words import duration, epoch, plain, three, when

CHOSEN = "runs_chosen"
"""Session-state key: names of the chosen runs, in the order of the table."""

MOST = 10_000
"""Epochs a run may have in all, as in its recipe."""

COLUMNS = {
    # These widths let the first three stand side by side on a phone.
    "Run": st.column_config.TextColumn(width=150),
    "State": st.column_config.TextColumn(width=78),
    "Best total": st.column_config.NumberColumn(
        width=82, format="%.1f", help="Lowest validation total, in nats per image (squared error for an mse loss)."),
    "Epochs": st.column_config.NumberColumn(format="%g"),
}


def runs_section(board, training: dict[str, int]) -> None:
    """The list of runs and the fate of the chosen ones.

    Args:
        board: takes resumed runs (`core.worker.board`).
        training: the runs that are queued or trained now, which cannot be changed, each with its place in the queue;
            0 is in training.
    """
    st.subheader("Your runs", anchor=False)
    found = runs.list_runs()
    if not found:
        st.caption("There are no runs yet. The first one appears here as soon as it is started.")
        return
    names = [run.name for run in found]
    chosen = [name for name in st.session_state.get(CHOSEN, ()) if name in names]
    st.caption("Tick some to lay their curves over each other, or one to go on with it.")
    # The key changes with the list: a selection is kept as row numbers, and those move when a run is added.
    st.dataframe(
        [_row(run, training.get(run.name)) for run in found], key=_table_key(names), hide_index=True, placeholder="",
        selection_mode="multi-row", selection_default={"selection": {"rows": [names.index(name) for name in chosen]}},
        on_select=lambda: _choose(names), height=min(38 + 35 * len(found), 320), alt="All runs with their results.",
        column_config=COLUMNS)
    picked = [run for run in found if run.name in chosen]
    for run in picked:
        _actions(run, board, run.name in training)
    if healthy := [run for run in picked if run.error is None]:
        _compare(healthy)


def _table_key(names: list[str]) -> str:
    return f"runs_table_{hash(tuple(names))}"


def _choose(names: list[str]) -> None:
    table = st.session_state[_table_key(names)]
    st.session_state[CHOSEN] = [names[row] for row in sorted(table["selection"]["rows"]) if row < len(names)]


def _row(run: Run, place: int | None) -> dict:
    """What matters most comes first: a phone shows three columns. What changes while it trains stands above, live."""
    if run.error:
        return {"Run": run.name, "State": "damaged", "Best total": math.nan, "Epochs": math.nan, "Time": "",
                "Started": "", "What": run.error}
    status, best = run.status, run.status.get("best_total")
    state = status["state"] if place is None else "queued" if place else "training"
    live = place == 0
    return {"Run": run.name, "State": state, "Best total": math.nan if live or best is None else best,
            "Epochs": math.nan if live else float(epoch(status["epoch"])),
            "Time": "" if live else duration(status["seconds"]), "Started": when(status.get("created")),
            "What": run.recipe.summary()}


def _actions(run: Run, board, training: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"actions_{run.name}"):
        st.markdown(f"**{plain(run.name)}**", width="content")
        if run.error is None:
            if st.button("Open in Generate", key=f"generate_{run.name}", icon=":material/draw:",
                         disabled=not run.has_weights, help="Make new images with this model."):
                open_in_generate(run.name)
            if st.button("Continue", key=f"continue_{run.name}", icon=":material/play_arrow:",
                         disabled=training or not run.resumable, help="Train it for more epochs."):
                DIALOGS["continue"](run, board)
            st.download_button("CSV", run.csv, f"{run.name}.csv", "text/csv", key=f"csv_{run.name}", on_click="ignore",
                               icon=":material/download:", help="Its history: every loss at every step.")
            st.download_button("Run", lambda: to_zip(run), f"{run.name}.zip", "application/zip", key=f"zip_{run.name}",
                               on_click="ignore", icon=":material/folder_zip:", disabled=training,
                               help="All of it as a zip: recipe, curves, weights, pictures, and how to load them.")
            if st.button("Rename", key=f"rename_{run.name}", icon=":material/edit:", disabled=training,
                         help="Give it another name."):
                DIALOGS["rename"](run, board)
        if st.button("Delete", key=f"delete_{run.name}", icon=":material/delete:", disabled=training,
                     help="Remove it for good; asks first. A run that is training must be stopped before."):
            DIALOGS["delete"](run, board)
    if run.error:
        st.error(plain(run.error), icon=":material/broken_image:")
    elif run.status["message"] and not training:
        st.caption(plain(run.status["message"]))


def best_of(run: Run) -> str:
    """The best figure of its validation, named for what it is."""
    best = three(run.status.get("best_total"))
    return f"best Fréchet distance {best}" if run.recipe.model == "gan" else f"best validation total {best} per image"


def open_in_generate(name: str) -> None:
    """Go to the Generate page with this run."""
    st.session_state["run"] = name
    st.switch_page("pages/generate.py", query_params={"run": name})


@st.dialog("Continue training")
def _continue(run: Run, board) -> None:
    done, planned = int(run.status["epoch"]), run.epochs
    st.markdown(f"**{plain(run.name)}** has trained {epoch(run.status['epoch'])} of {planned} epochs.")
    # A float without bounds of its own, as in the form: what is out of bounds must be seen here to be refused.
    total = st.number_input("Train until epoch", value=float(planned if planned > done else min(MOST, 2 * done)),
                            step=1.0, format="%g", key="continue_epochs",
                            help=f"Counted from the beginning of the run; at most {MOST:,}.")
    if total is None or not done < total <= MOST or total != int(total):
        st.error(f"This must be a whole number from {done + 1:,} to {MOST:,}.", icon=":material/error:")
    elif st.button("Continue", type="primary", key="continue_go", help="Goes on exactly where it stopped."):
        try:
            board.resume(run.name, epochs=int(total))
        except (RunError, ValueError) as error:
            st.error(plain(str(error)))
        else:
            st.rerun()


@st.dialog("Rename a run")
def _rename(run: Run, board) -> None:
    new = st.text_input("New name", value=run.name, max_chars=60, key="rename_to",
                        help="Letters, digits, spaces and - _ . ( ).")
    if st.button("Rename", type="primary", key="rename_go", help="The run's folder gets this name."):
        try:
            renamed = run.rename(new)
        except RunError as error:
            st.error(plain(str(error)))
        else:
            chosen = st.session_state.get(CHOSEN, [])
            st.session_state[CHOSEN] = [renamed.name if name == run.name else name for name in chosen]
            st.rerun()


@st.dialog("Delete a run")
def _delete(run: Run, board) -> None:
    st.markdown(f"**{plain(run.name)}** and its weights, curves and pictures will be gone for good.")
    with st.container(horizontal=True):
        sure = st.button("Delete for good", type="primary", key="delete_go", help="This cannot be undone.")
        if st.button("Cancel", key="delete_cancel", help="Keep it."):
            st.rerun()
    if sure:
        try:
            run.delete()
        except RunError as error:
            st.error(plain(str(error)))
        else:
            st.session_state[CHOSEN] = [name for name in st.session_state.get(CHOSEN, []) if name != run.name]
            st.rerun()


DIALOGS = {"continue": _continue, "rename": _rename, "delete": _delete}
"""What opens over the page, by what it does; each takes the run and the board."""


@st.fragment
def _compare(picked: list[Run]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        term = st.segmented_control("Curve", list(charts.TERMS), default="total", required=True, key="runs_term",
                                    format_func=charts.TERMS.get, persist_state="session",
                                    help="Which term of the loss to lay over each other.")
        with st.popover("View", icon=":material/visibility:", key="runs_view", help="How the curves are drawn."):
            view_options("runs")
    histories = {run.name: run.history() for run in picked}
    units = " or ".join(sorted({charts.unit(run.recipe.likelihood) for run in picked}))
    curves(charts.overlay_chart(histories, term, unit=units, **view("runs")), key="runs_overlay", height=360,
           alt=f"{charts.TERMS[term]} of {', '.join(histories)}.")
    st.caption("One colour per run; solid: training, dashed: validation. Lower is better, but totals under different "
               "likelihoods or β are different scales and cannot be compared.")
    st.dataframe(_facts(picked), key="runs_facts", hide_index=True,
                 alt="Results of the chosen runs and the settings in which they differ.")


def _facts(picked: list[Run]) -> list[dict]:
    """One row per run: its results, then the settings in which the chosen runs differ."""
    unlike = [name for name in differences([run.recipe for run in picked]) if name != "epochs"]
    rows = []
    for run in picked:
        status, recipe = run.status, run.recipe.to_dict()
        test = run.evaluation() or {}
        rows.append({"Run": run.name, "Epochs": f"{epoch(status['epoch'])} of {run.epochs:,}",
                     "Best validation total": three(status.get("best_total")),
                     "Test total": three(test.get("total")), "Test MSE per pixel": three(test.get("mse")),
                     "Time": duration(status["seconds"]), "Images/s": three(status.get("images_per_second")),
                     "Parameters": three(status.get("parameters"))}
                    | {label(name): _text(recipe[name]) if _matters(name, run.recipe) else "–" for name in unlike})
    return rows


def differences(recipes: list[Recipe]) -> list[str]:
    """Names of the fields in which these recipes are not all alike, in the order of the form. Recipes to which a
    field does not matter, such as channels without convolutions, do not count."""
    return [f.name for f in fields()
            if len({getattr(recipe, f.name) for recipe in recipes if _matters(f.name, recipe)}) > 1]


def _matters(name: str, recipe: Recipe) -> bool:
    return applies(next(f for f in fields() if f.name == name), recipe.to_dict())


def _text(value) -> str:
    if isinstance(value, list):
        return "-".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else WORDS.get(value, str(value))


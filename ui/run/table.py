"""The table of all runs, with pictures: open one, or choose some to compare, continue, download, rename or delete."""

from __future__ import annotations

import math

import streamlit as st

from core import runs
from core.gan.experiments import shown_weights
from core.runs import Run, figures
from ui.run.actions import actions
from ui.run.compare import compare
from ui.run.pictures import MOST_THUMBNAILS, thumbnail
from ui.shared import address
from ui.shared.formatting import duration, epoch, format_time
from ui.shared.owner import label
from ui.shared.run_dialogs import CHOSEN
from ui.shared.run_facts import settings_line

ROW, SHOWN = 40, 10
"""Height of a row in screen pixels, and rows that are shown without scrolling."""

COMPARED = "compare"
"""Address parameter: names of the chosen runs, separated by commas, which no name has."""

COLUMNS = {
    "Owner": st.column_config.TextColumn(width=82, help="Who started it; empty for examples and the command line."),
    "Samples": st.column_config.ImageColumn(
        width=150, help="Samples of the model in the epoch under *Weights*, or the nearest that has pictures."
    ),
    # These widths let the first three stand side by side on a phone.
    "Run": st.column_config.TextColumn(width=150),
    "State": st.column_config.TextColumn(width=78),
    "Best validation total": st.column_config.NumberColumn(
        width=135,
        format="%.1f",
        help="Lowest validation total, in nats per image: all loss terms with the run's own weights, such as β.",
    ),
    "Squared error": st.column_config.NumberColumn(
        width=96,
        format="%.2f",
        help="Lowest validation total of a run whose loss is the squared error, summed over an image's pixels. It is "
        "not in nats.",
    ),
    "Fréchet distance": st.column_config.NumberColumn(
        width=112,
        format="%.1f",
        help="Of a GAN: lowest Fréchet distance to real images, in features of the lab's classifier. Of a run of a GAN "
        "experiment: the last one.",
    ),
    "Weights": st.column_config.TextColumn(width=104, help="The epoch that the figure and the samples belong to."),
    "Epochs": st.column_config.NumberColumn(format="%g"),
}


STATE_WORDS = {"new": "not started"}
"""States of a run that are said in other words than in its status."""

ORDER = (
    "Run",
    "Owner",
    "State",
    "Samples",
    "Best validation total",
    "Squared error",
    "Fréchet distance",
    "Weights",
    "Epochs",
    "Time",
    "Started",
    "Settings",
)
"""Columns from left to right; a column without a value in any row is left out."""


def all_runs(training: dict[str, int]) -> None:
    """The table of runs, then the actions and curves of the chosen ones.

    Args:
        training: runs that train or wait and therefore cannot be changed, each with its place in the queue; 0 trains.
    """
    found = runs.list_runs()
    if not found:
        st.caption("There are no runs yet. The first one appears here as soon as it starts.")
        return
    names = [run.name for run in found]
    chosen = _chosen(names)
    more = f" All {len(found)} runs are in the table: scroll it to see the older ones." if len(found) > SHOWN else ""
    st.caption(f"Tick one run to open it, or several to see their pictures and curves side by side.{more}")
    # The key changes with the list: a selection is kept as row numbers, and those move when a run is added.
    rows = [_row(run, training.get(run.name), place < MOST_THUMBNAILS) for place, run in enumerate(found)]
    columns = {name: column for name, column in COLUMNS.items() if any(name in row for row in rows)}
    st.dataframe(
        rows,
        key=_table_key(names),
        hide_index=True,
        placeholder="",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [names.index(name) for name in chosen]}},
        on_select=lambda: _choose(names),
        height=min(38 + ROW * len(found), 38 + SHOWN * ROW),
        row_height=ROW,
        alt="All runs with their results.",
        column_config=columns,
        column_order=ORDER,
    )
    picked = [run for run in found if run.name in chosen]
    for run in picked:
        actions(run, run.name in training, opened=False)
    if healthy := [run for run in picked if run.error is None]:
        compare(healthy)


def _chosen(names: list[str]) -> list[str]:
    """Names of the chosen runs: those that the address asks for, else as the visitor left them."""
    state = st.session_state
    asked = address.requested("run", COMPARED).get(COMPARED)
    wanted = state.get(CHOSEN, []) if asked is None else [name.strip() for name in asked.split(",")]
    state[CHOSEN] = chosen = [name for name in names if name in wanted]
    if asked is not None and len(chosen) < len(set(wanted)):
        address.warn("The address names a run to compare that does not exist. It is left out.")
    address.write("run", {COMPARED: ",".join(chosen) or None})
    return chosen


def _table_key(names: list[str]) -> str:
    return f"runs_table_{hash(tuple(names))}"


def _choose(names: list[str]) -> None:
    table = st.session_state[_table_key(names)]
    st.session_state[CHOSEN] = [names[row] for row in sorted(table["selection"]["rows"]) if row < len(names)]


def _row(run: Run, place: int | None, pictured: bool) -> dict:
    """One run. The most important columns come first, since a phone shows three; figures that change while the run
    trains are left empty, as the live view above shows them."""
    if run.error:
        return {
            "Run": run.name,
            "State": "damaged",
            "Best validation total": math.nan,
            "Epochs": math.nan,
            "Time": "",
            "Started": "",
            "Samples": None,
            "Settings": run.error,
        }
    status, best = run.status, run.status.get("best_total")
    state = STATE_WORDS.get(status["state"], status["state"]) if place is None else "queued" if place else "training"
    live = place == 0
    column = "Best validation total"
    if run.recipe.family.adversarial:
        column = "Fréchet distance"
    elif figures.unit(run.recipe) == figures.SQUARED_ERROR:
        column = "Squared error"
    figure, weights, at = math.nan, "", None
    if not live and best is not None:
        figure, weights, at = _shown(run, best)
    return {
        "Run": run.name,
        "State": state,
        **{"Best validation total": math.nan, column: figure},
        **({"Weights": weights} if weights else {}),
        "Epochs": math.nan if live else float(epoch(status["epoch"])),
        "Time": "" if live else duration(status["seconds"]),
        "Started": format_time(status.get("created")),
        **({"Owner": label(run.owner)} if run.owner else {}),
        "Samples": thumbnail(run, at) if pictured else None,
        "Settings": settings_line(run.recipe, status["changes"]),
    }


def _shown(run: Run, best: float) -> tuple[float, str, float | None]:
    """The run's figure, the words for the weights it belongs to, and their epoch; None for the newest."""
    if shown_weights(run) == "last":
        found = figures.last(run)
        return math.nan if found is None else found.value, f"last, epoch {epoch(run.status['epoch'])}", None
    at = run.status.get("best_epoch")
    return best, "" if at is None else f"best, epoch {epoch(at)}", at

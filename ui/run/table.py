"""The table of all runs, with pictures: open one, or choose some to compare, continue, download, rename or delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core import runs
from core.runs import Run, figures
from core.runs.figures import Figure
from core.runs.shown_weights import shown_weights
from ui.components.page.scroll_to import scroll_to
from ui.run.actions import actions
from ui.run.compare import compare
from ui.run.line_breaks import broken
from ui.run.pictures import MOST_THUMBNAILS, thumbnail
from ui.shared import address, theme
from ui.shared.address import Parameter, one_of
from ui.shared.formatting import duration, epoch, escape_markdown, format_time
from ui.shared.owner import is_foreign, is_mine, label
from ui.shared.page import open_page
from ui.shared.run_buttons import run_button
from ui.shared.run_dialogs import CHOSEN
from ui.shared.run_facts import amount

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

ROW, SHOWN = 66, 20
"""Height of a row in screen pixels, and rows that are shown without scrolling. Streamlit breaks the text of a cell into
lines from 64 pixels on: all columns fit beside each other, and nothing of a row is cut off."""

HEADER = 38
"""Height of the line of names, in screen pixels."""

PADDING, LINES = 16, 3
"""Of a cell: screen pixels left and right of its text, and lines of text that it holds."""

WIDTH, BOX, LEAST = 1118, 34, 104
"""Screen pixels: a table on a laptop, the column of boxes to tick, and the settings at least."""

COMPARISON, TIMES = "runs_comparison", "runs_compared"
"""Key of the comparison's container, and of the number of times that the visitor was taken there."""

COMPARED = "compare"
"""Address parameter: names of the chosen runs, separated by commas, which no name has."""

WHOSE = Parameter(
    "whose",
    "runs_whose",
    one_of("all", "mine"),
    "all",
    "it is all or mine",
)
"""Whose runs the table shows: everybody's, or the visitor's own."""

WIDTHS = {
    # The first three stand side by side on a phone.
    "Run": 140,
    "Samples": 98,
    "Validation": 84,
    "Test −ELBO": 92,
    "Weights": 90,
    "State": 68,
    "Owner": 72,
    "Time": 80,
    "Started": 92,
}
"""Columns from left to right with their widths; a column without a value in any row is left out, and the settings take
what is left."""

COLUMNS = {
    # It stays in view, and as wide as its line breaks are for, where the others are scrolled or stretched.
    "Run": st.column_config.TextColumn(pinned=True),
    "Owner": st.column_config.TextColumn(help="Who started it; empty for examples and the command line."),
    "Samples": st.column_config.ImageColumn(
        help="Samples of the model in the epoch under *Weights*, or the nearest that has pictures."
    ),
    # A text: totals of different losses are no column of numbers to be sorted.
    "Validation": st.column_config.TextColumn(
        help="Lowest loss on the validation images, per image, as the run minimises it: with its own β and in its own "
        "unit. Compare runs of the same loss, β and images only. Of a GAN: lowest Fréchet distance to real images, in "
        "features of the lab's classifier; of a run of a GAN experiment, the last one."
    ),
    "Test −ELBO": st.column_config.NumberColumn(
        help="Reconstruction + KL on the test images in nats per image, at weight 1 whatever β was. Compare runs of "
        "the same images and the same reconstruction loss only, and models that are told the class (conditional VAEs) "
        "only with each other.",
    ),
    "Weights": st.column_config.TextColumn(
        help="The epoch that the figure and the samples belong to, of all that were trained."
    ),
}

STATE_WORDS = {"new": "not started"}
"""States of a run that are said in other words than in its status."""


def all_runs(training: dict[str, int]) -> None:
    """The table of runs, then the actions and curves of the chosen ones.

    Args:
        training: runs that train or wait and therefore cannot be changed, each with its place in the queue; 0 trains.
    """
    found = runs.list_runs()
    if not found:
        st.caption("There are no runs yet. The first one appears here as soon as it starts.")
        return
    found = _of_whom(found)
    if not found:
        st.caption("None of these runs is yours. Train one in this browser, or choose *Everybody's*.")
        address.put(COMPARED, None)
        return
    names = [run.name for run in found]
    picked = [run for run in found if run.name in _chosen(names)]
    compared = _bar(picked, len(found))
    # The key changes with the list: a selection is kept as row numbers, and those move when a run is added.
    rows = [_row(run, training.get(run.name), place < MOST_THUMBNAILS) for place, run in enumerate(found)]
    widths = {name: width for name, width in WIDTHS.items() if any(name in row for row in rows)}
    widths["Settings"] = max(LEAST, WIDTH - BOX - sum(widths.values()))
    st.dataframe(
        _table(rows),
        key=_table_key(names),
        hide_index=True,
        placeholder="",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [names.index(run.name) for run in picked]}},
        on_select=lambda: _choose(names),
        height=HEADER + ROW * min(len(found), SHOWN),
        row_height=ROW,
        alt="All runs with their results.",
        column_config={name: COLUMNS.get(name, {}) | {"width": width} for name, width in widths.items()},
        column_order=list(widths),
    )
    for run in picked:
        actions(run, run.name in training, opened=False)
    if healthy := [run for run in picked if run.error is None]:
        with st.container(key=COMPARISON):
            compare(healthy)
    scroll_to(COMPARISON, compared, key="runs_scroll")


def _of_whom(found: list[Run]) -> list[Run]:
    """The runs to show: all, or the visitor's own. The choice is there only beside runs of other visitors."""
    WHOSE.adopt()
    if not any(is_foreign(run) for run in found):
        address.put(WHOSE.name, None)
        return found
    st.segmented_control(
        "Whose runs",
        ["all", "mine"],
        key=WHOSE.box,
        required=True,
        label_visibility="collapsed",
        persist_state="session",
        format_func={"all": "Everybody's", "mine": "Mine"}.__getitem__,
        help="Everybody's runs, examples among them, or those alone that were trained in this browser.",
    )
    return [run for run in found if is_mine(run)] if WHOSE.keep() == "mine" else found


def _table(rows: list[dict]) -> Styler:
    """The rows, with the names of runs in lines where they are shown and unchanged where they are copied or sought."""
    from pandas import DataFrame  # a third of a second, which a lab without runs does not need

    frame = DataFrame(rows)
    shown: dict[str, Any] = {"Test −ELBO": "{:,.1f}"}
    shown |= {"Run": lambda name: broken(name, WIDTHS["Run"] - PADDING, LINES), "Samples": lambda picture: ""}
    styler = frame.style.format({name: show for name, show in shown.items() if name in frame}, na_rep="")
    ink = theme.colour("total")  # a pinned column alone would be pale
    return styler.map(lambda name: f"font-weight: 600; color: {ink}", subset=["Run"])


def _bar(picked: list[Run], count: int) -> str:
    """The line above the table: how to choose, then what is chosen and what can be done with it. It is as high either
    way, so that no row moves under the pointer. Returns a new text each time the comparison was asked for, else ""."""
    healthy = [run for run in picked if run.error is None]
    with st.container(horizontal=True, vertical_alignment="center", key="runs_bar"):
        if not picked:
            more = f" All {count} runs are in the table: scroll it to see the older ones." if count > SHOWN else ""
            st.caption(f"Tick one run to open it, or several to compare them.{more}")
            return ""
        one = len(picked) == 1
        st.markdown(
            f"**{escape_markdown(picked[0].name)}**" if one else f"**{len(picked)} runs chosen**", width="content"
        )
        if one and healthy and run_button("Open", "bar_open", picked[0], type="primary", help="The page of this run."):
            open_page("run", name=picked[0].name)
        clicked = healthy and st.button(
            "Show its curves" if one else "Compare",
            key="runs_compare",
            type="secondary" if one else "primary",
            icon=":material/south:",
            help="Scrolls to the pictures, curves and figures below the table.",
        )
        if healthy and st.button(
            "By one evaluation",
            key="runs_evaluate",
            icon=":material/leaderboard:",
            help="Opens the page Compare with the chosen runs: samples, measures with their noise, tables to copy.",
        ):
            open_page("compare", runs=",".join(one.name for one in healthy))
    st.session_state[TIMES] = st.session_state.get(TIMES, 0) + bool(clicked)
    return str(st.session_state[TIMES]) if clicked else ""


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
            "Validation": "damaged",
            "Time": "",
            "Started": "",
            "Samples": None,
            "Settings": run.error,
        }
    status = run.status
    state = STATE_WORDS.get(status["state"], status["state"]) if place is None else "queued" if place else "training"
    live = place == 0
    figure, weights, at = (None, "", None) if live else _shown(run)
    elbo = None if live else figures.by_key(figures.of_test(run)).get("negative_elbo")
    return {
        "Run": run.name,
        "State": state,
        "Validation": state if figure is None else _in_few_words(figure),
        **({"Test −ELBO": elbo.value} if elbo else {}),
        **({"Weights": weights} if weights else {}),
        "Time": "" if live else duration(status["seconds"]),
        "Started": format_time(status.get("created")),
        **({"Owner": label(run.owner)} if run.owner else {}),
        "Samples": thumbnail(run, at) if pictured else None,
        "Settings": run.summary(),
    }


def _shown(run: Run) -> tuple[Figure | None, str, float | None]:
    """The run's figure, the words for the weights it belongs to, and their epoch; None for the newest."""
    done, at, best = epoch(run.status["epoch"]), run.status.get("best_epoch"), figures.best(run)
    if best is not None and shown_weights(run) == "last":
        return figures.last(run), f"last, epoch {done} of {done}", None
    if best is None or at is None:
        return best, f"epoch {done}" if run.status["epoch"] else "", at
    return best, f"best, epoch {epoch(at)} of {done}", at


def _in_few_words(figure: Figure) -> str:
    """A figure for a narrow column: `109.7 nats`, `127.1 nats (β = 2)`, `Fréchet 36.3`."""
    if not figure.unit:
        return f"{figure.name.split()[0]} {amount(figure)}"
    unit = figure.unit.removesuffix(" per image").replace("squared error", "squ. error")
    weights = figure.name[figure.name.index("(") :].replace(" ", "\N{NO-BREAK SPACE}") if "(" in figure.name else ""
    return " ".join(filter(None, (amount(figure), unit, weights)))

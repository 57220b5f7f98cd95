"""Table that compares runs: a row for each, sortable by every column, the first column in view at every width.

Nothing is explained twice: what a column measures, and why a value is missing, stands beside the pointer or the focus.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from ui.components.base import register

_mount = register(
    __file__,
    "comparison_table",
    """
<div class="lab comparison-table">
  <div class="scroll" tabindex="0" role="region" aria-label="Measures of the runs"><table></table></div>
  <div class="about" role="tooltip" hidden></div>
</div>
""",
)


@dataclass(frozen=True)
class Heading:
    """A column.

    Attributes:
        key: what a click on it sends. name, unit: above the column. better: `lower` or `higher`, empty for neither.
        about: sentences that explain it.
        sorted: `ascending`, `descending`, or empty where the rows are not in its order.
    """

    key: str
    name: str
    unit: str = ""
    better: str = ""
    about: str = ""
    sorted: str = ""


@dataclass(frozen=True)
class TableCell:
    """A value, its ± (empty for none), what is said about it, and whether it is the best of its column."""

    text: str
    spread: str = ""
    about: str = ""
    best: bool = False


@dataclass(frozen=True)
class TableRow:
    """A row. reference: whether it is something to compare with rather than a run."""

    name: str
    about: str
    cells: tuple[TableCell, ...]
    reference: bool = False


def comparison_table(
    *, key: str, headings: Sequence[Heading], rows: Sequence[TableRow], on_sort: Callable[[str], None]
) -> None:
    """Show the table.

    Args:
        headings: of the columns, that of the rows' names first. on_sort: called with the key of a heading that was
            clicked.
    """
    keys = {heading.key for heading in headings}

    def clicked() -> None:
        value = (st.session_state.get(key) or {}).get("sort")
        if value in keys:
            on_sort(value)

    _mount(
        key=key,
        on_sort_change=clicked,
        data={
            "headings": [asdict(heading) for heading in headings],
            "rows": [asdict(row) | {"cells": [list(asdict(cell).values()) for cell in row.cells]} for row in rows],
        },
    )

"""The traversal sheet: one row per latent dimension, that dimension running from −3 σ to 3 σ, all else held still.

It is also the stock from which the sliders of `latent_board` draw while they are dragged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from ui.components.base import pack, register, rounded
from ui.components.latent.latent_board import SHOWN, SPAN

_mount = register(
    __file__,
    "traversal",
    """
<figure class="lab traversal">
  <div class="scale number" aria-hidden="true"><span></span><span></span><span></span></div>
  <div class="rows"></div>
  <figcaption></figcaption>
</figure>
""",
)


def steps_for(rows: int) -> int:
    """Pictures in one row: an odd number, so that the middle one is zero; fewer where there are many rows, so that
    the whole sheet stays below about 4,000 pictures."""
    return 25 if rows <= 64 else 13 if rows <= 256 else 7


def wish(key: str, dims: int) -> tuple[int, int] | None:
    """What the browser asks for in the message that started this run: (first row of the slice, rows in all), or None.

    The sheet is decoded in slices, each asked for after the last one came, so that a key press never waits behind
    more than one of them.
    """
    asked = (st.session_state.get(key) or {}).get("wish")
    if not isinstance(asked, dict) or not isinstance(asked.get("first"), int):
        return None
    rows = dims if asked.get("all") or dims <= SHOWN + 4 else SHOWN
    return (asked["first"], rows) if 0 <= asked["first"] < rows else None


def traversal(
    *,
    key: str,
    run: str,
    base: Sequence[float],
    order: Sequence[int],
    dead: Sequence[bool],
    rows: int,
    first: int = 0,
    tiles: np.ndarray | None = None,
    on_wish: Callable[[], None] | None = None,
) -> None:
    """Shows the sheet and fills it up slice by slice.

    Args:
        run: as in `latent_board`.
        base: the point in units of σ that all rows pass through, [d].
        order, dead: see `core.latent.axes.Axes`; the sheet shows the first `rows` of `order`.
        first: the row the slice begins with.
        tiles: the slice, `uint8` [n · steps_for(rows), 28, 28], row by row; None sends no pictures, and the browser
            asks for what it lacks.
        on_wish: called before the script runs for a slice.
    """
    _mount(
        key=key,
        on_wish_change=on_wish or _nothing,
        data={
            "run": run,
            "base": rounded(base),
            "order": [int(k) for k in order][:rows],
            "dims": len(order),
            "dead": [bool(x) for x in dead],
            "steps": steps_for(rows),
            "span": SPAN,
            "first": first,
            "tiles": None if tiles is None else pack(tiles),
        },
    )


def _nothing() -> None:
    """Streamlit reports only those messages of a component that have a callback."""

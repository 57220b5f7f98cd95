"""A sheet of a conditional model: a row for each class, a column for each style. A click goes to a point."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from ui.components.base import message_shape, pack, register, rounded, shape_of

_mount = register(
    __file__,
    "style_sheet",
    """
<figure class="lab style-sheet">
  <div class="grid" tabindex="0" role="application"></div>
  <p class="number read" aria-live="polite"></p>
</figure>
""",
)


def style_sheet(
    *,
    key: str,
    run: str,
    names: Sequence[str],
    tiles: np.ndarray,
    style: Sequence[float],
    row: int | None,
    on_pick: Callable[[int, int], None],
) -> None:
    """Show the sheet. Its first column follows the sliders of `latent_board`: once they rest elsewhere, it asks for new
    images, and this function is called again.

    Args:
        run: as in `latent_board`. names: of the classes, plain text.
        tiles: `uint8` [classes · columns, H, W(, 3)], row by row.
        style: the point in units of σ whose style the first column has, [d]. row: its class; None for a mixture.
        on_pick: called with row and column of the image that was clicked.
    """

    def picked() -> None:
        place = (st.session_state.get(key) or {}).get("pick")
        columns = len(tiles) // max(1, len(names))
        if not isinstance(place, list) or len(place) != 2 or not all(isinstance(k, int) for k in place):
            return  # it comes from a browser
        row, column = place
        if 0 <= row < len(names) and 0 <= column < columns:
            on_pick(row, column)

    _mount(
        key=key,
        on_pick_change=picked,
        on_stale_change=lambda: None,
        data={
            "run": run,
            "names": list(names),
            "shape": message_shape(shape_of(tiles)),
            "tiles": pack(tiles),
            "style": rounded(style),
            "row": row,
        },
    )

"""The traversal sheet: a row for each slider of `latent_board`, which runs through its range while all others are held.

The sliders of `latent_board` show images of this sheet while they are dragged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from core.images.shape import GREY_28, ImageShape
from ui.components.base import MESSAGE_BYTES, fitting, message_shape, pack, register, rounded
from ui.components.latent.latent_board import DIMENSIONS, SHOWN, SPAN, SliderSet

_mount = register(
    __file__,
    "traversal",
    """
<figure class="lab traversal">
  <div class="scale number" aria-hidden="true"><span></span><span></span><span></span></div>
  <div class="rows" tabindex="0" role="application"></div>
  <p class="number read" aria-live="polite"></p>
  <figcaption></figcaption>
</figure>
""",
    also=("../shared/axes", "../shared/sigma_range", "sliders"),
)

MOST_BYTES = 12_000_000
"""Pixels of a whole sheet, which comes in several messages, as long as a row keeps 7 images."""


def steps_for(rows: int, shape: ImageShape = GREY_28) -> int:
    """Images in one row: an odd number, so that the middle one is at zero; fewer where there are many rows, so that the
    whole sheet stays below about 4,000 images, and fewer of large images."""
    most = 25 if rows <= 64 else 13 if rows <= 256 else 7
    return fitting([n * rows for n in (25, 13, 7) if n <= most], shape, MOST_BYTES) // rows


def rows_for(images: int, steps: int, shape: ImageShape = GREY_28) -> int:
    """Rows of one slice, at least one: as many as are decoded in time (`images`) and as one message holds."""
    return max(1, min(images, MESSAGE_BYTES // shape.values) // steps)


def requested_slice(key: str, dims: int) -> tuple[int, int] | None:
    """The request in the message that started this run: (first row of the slice, rows of the whole sheet), or None.
    `dims`: number of sliders.

    The sheet is decoded in slices, each requested after the last one came, so that a key press never waits behind more
    than one of them.
    """
    request = (st.session_state.get(key) or {}).get("slice")
    if not isinstance(request, dict) or not isinstance(request.get("first"), int):
        return None
    rows = dims if request.get("all") or dims <= SHOWN + 4 else SHOWN
    return (request["first"], rows) if 0 <= request["first"] < rows else None


def traversal(
    *,
    key: str,
    run: str,
    shape: ImageShape = GREY_28,
    base: Sequence[float],
    order: Sequence[int],
    dead: Sequence[bool],
    rows: int,
    span: float = SPAN,
    first: int = 0,
    tiles: np.ndarray | None = None,
    on_request: Callable[[], None] | None = None,
    sliders: SliderSet = DIMENSIONS,
) -> None:
    """Show the sheet, filled up slice by slice.

    Args:
        run: as in `latent_board`.
        shape: of every image.
        base: the point in units of σ that all rows pass through, [d].
        order, dead: see `core.latent.axes.Axes`; the sheet shows the first `rows` of `order`. For directions, `order`
            has their numbers.
        span: how far the rows reach to either side, in σ.
        first: the row the slice begins with.
        tiles: the slice, `uint8` [n · steps_for(rows, shape), H, W(, 3)], row by row; None sends no images, and the
            browser requests those it lacks.
        on_request: called before the script runs for a slice.
        sliders: what the rows move along.
    """
    _mount(
        key=key,
        on_slice_change=on_request or _nothing,
        data={
            "run": run,
            "shape": message_shape(shape),
            "set": sliders.name,
            "names": None if sliders.directions is None else list(sliders.names)[:rows],
            "base": rounded(base),
            "order": [int(k) for k in order][:rows],
            "dims": len(order),
            "dead": [bool(x) for x in dead],
            "steps": steps_for(rows, shape),
            "span": float(span),
            "first": first,
            "tiles": None if tiles is None else pack(tiles),
        },
    )


def _nothing() -> None:
    """Streamlit sends only those messages of a component that have a callback."""

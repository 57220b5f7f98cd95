"""Images in named rows, as a wall, or one by one with their names below, all at a whole-number scale.

The scale is kept at every width of the page; images that do not fit into a row are left out. An image under the
pointer, or reached by the arrow keys, is enlarged with a line on what it is; a click enlarges it further and keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.images.shape import GREY_28
from ui.components.base import MESSAGE_BYTES, message_shape, pack, register, shape_of

_mount = register(
    __file__,
    "class_sheet",
    """
<figure class="lab class-sheet">
  <div class="rows"></div>
</figure>
""",
)


@dataclass(frozen=True)
class Row:
    """Images `uint8` [n, H, W(, 3)] with a name and a small note, shown as plain text; all rows share one shape."""

    name: str
    note: str
    images: np.ndarray
    about: tuple[str, ...] = ()
    """What each image is, shown beside it while it is enlarged; by default the row's name."""


def class_sheet(
    rows: Sequence[Row],
    *,
    key: str,
    layout: Literal["rows", "wall", "singles"] = "rows",
    lines: int = 1,
    every: bool = False,
) -> None:
    """Show the images; of large ones no more of each row than one message holds.

    Args:
        layout: `rows`: up to `lines` lines per row, its name beside it (above it on a narrow page).
            `wall`: all images of the first row, line after line.
            `singles`: the first image of each row, larger, its name below.
        every: whether all images of each row are shown, in as many lines as that takes.
    """
    shape = next((shape_of(row.images) for row in rows if row.images.size), GREY_28)
    most = max(1, MESSAGE_BYTES // shape.values // max(1, len(rows)))
    rows = [Row(row.name, row.note, row.images[:most], row.about[:most]) for row in rows]
    _mount(
        key=key,
        data={
            "layout": layout,
            "lines": lines,
            "every": every,
            "shape": message_shape(shape),
            "rows": [
                {
                    "name": row.name,
                    "note": row.note,
                    "count": len(row.images),
                    "tiles": pack(row.images),
                    "about": list(row.about or (row.name,) * len(row.images)),
                }
                for row in rows
            ],
        },
    )

"""A crisp sheet of pictures in named rows, or as a wall, or one by one with their names below.

The pictures keep a whole-number scale at every width of the page; what does not fit into a row is left out.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ui.components.base import register

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
    """Pictures `uint8` [n, 28, 28] with a name and a small note; the name may be anything, it is shown as
    text.
    """

    name: str
    note: str
    images: np.ndarray


def class_sheet(
    rows: Sequence[Row], *, key: str, layout: Literal["rows", "wall", "singles"] = "rows", lines: int = 1
) -> None:
    """Shows the pictures.

    Args:
        layout: `rows`: up to `lines` lines per row, its name beside it (above it on a narrow page).
            `wall`: all pictures of the first row, line after line.
            `singles`: the first picture of each row, larger, its name below.
    """
    _mount(
        key=key,
        data={
            "layout": layout,
            "lines": lines,
            "rows": [
                {
                    "name": row.name,
                    "note": row.note,
                    "count": len(row.images),
                    "tiles": base64.b64encode(np.ascontiguousarray(row.images, dtype=np.uint8).tobytes()).decode(
                        "ascii"
                    ),
                }
                for row in rows
            ],
        },
    )

"""A training step in slow motion: one stage at a time, forward and back in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from core.images.shape import GREY_28
from ui.components.base import message_shape, pack, pack_numbers, register, shape_of

_mount = register(
    __file__,
    "gan_steps",
    """
<figure class="lab steps" aria-label="A training step in slow motion">
  <div class="bar">
    <div class="which" role="group" aria-label="Whose step"></div>
    <ol class="stages"></ol>
    <div class="turn">
      <button type="button" class="back">Back</button>
      <button type="button" class="next">Next</button>
    </div>
  </div>
  <div class="stage" aria-live="polite">
    <p class="caption"></p>
    <div class="rows"></div>
    <p class="number facts"></p>
  </div>
</figure>
""",
    also=("../shared/axes",),
)


@dataclass(frozen=True)
class Row:
    """One row of a stage, a column per image.

    Attributes:
        kind: `image`: pictures, `uint8` [n, H, W(, 3)]. `heat`: signed values [n, H, W(, 3)], scaled to their largest;
            of colour images on grey, which stands for 0, so that a change of the hue alone shows as well.
            `stems`: vectors [n, m]. `bars`: (name, length) pairs instead of columns.
        role: of its colour. spread: half-widths [n, m] of bands round `stems`, which are then dots: μ ± σ.
        notes: a short text for each column. marks: a number from 0 to 1 for each, drawn as a bar
            with a line at ½; a pair (before, after) where it changed.
    """

    name: str
    kind: Literal["image", "heat", "stems", "bars"]
    role: str
    values: np.ndarray | Sequence[tuple[str, float]]
    notes: Sequence[str] = ()
    marks: Sequence[tuple[float, ...]] = ()
    spread: np.ndarray | None = None


@dataclass(frozen=True)
class Stage:
    """A stage: its name on the button, the role of its colour, a caption of one or two sentences, rows, and a line with
    the numbers of this step."""

    name: str
    role: str
    caption: str
    rows: Sequence[Row]
    facts: str = ""


def gan_steps(
    walks: dict[str, Sequence[Stage]],
    *,
    key: str,
    colours: dict[str, str],
    start: str,
    at: int,
    query: str,
    titles: dict[str, tuple[str, str]] | None = None,
) -> None:
    """Show the walks, by name, one stage at a time; arrow keys go forward and back. No message is sent.

    For tests: the figure's `data-walk` and `data-at` are the stage shown.

    Args:
        colours: of every role used, and `more` and `less` for the two signs of a heat row.
        start, at: walk and stage to begin with. query: the parameter in the page's address that follows the stage: the
            name of the walk and the number of the stage. titles: button and role of the colour of each walk; not needed
            for a single walk, whose button is not shown.
    """
    pictures = (
        row.values for stages in walks.values() for stage in stages for row in stage.rows if row.kind == "image"
    )
    _mount(
        key=key,
        data={
            "shape": message_shape(next((shape_of(np.asarray(values)) for values in pictures), GREY_28)),
            "colours": colours,
            "start": start,
            "at": at,
            "query": query,
            "titles": {name: list(title) for name, title in (titles or {}).items()},
            "walks": {
                name: [{**asdict(stage), "rows": [_packed(row) for row in stage.rows]} for stage in stages]
                for name, stages in walks.items()
            },
        },
    )


def _packed(row: Row) -> dict:
    values: Any = row.values
    if row.kind == "image":
        values = pack(values)
    elif row.kind == "heat":
        most = float(np.abs(values).max(initial=0.0)) or 1.0
        levels = np.rint(127 * np.asarray(values, np.float64) / most).astype(np.int8)
        values = pack_numbers(levels, np.int8)
    elif row.kind == "stems":
        values = _short(values)
    else:
        values = [[name, float(f"{length:.4g}")] for name, length in values]
    return {
        "name": row.name,
        "kind": row.kind,
        "role": row.role,
        "values": values,
        "notes": list(row.notes),
        "count": len(row.values),
        "spread": None if row.spread is None else _short(row.spread),
        "marks": [[round(float(m), 3) for m in mark] for mark in row.marks],
    }


def _short(vectors: Any) -> list[list[float]]:
    return [[round(float(v), 2) for v in vector] for vector in vectors]

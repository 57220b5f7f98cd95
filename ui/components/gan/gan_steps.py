"""A step of training in slow motion: stages one at a time, next and back, all of them in the browser."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from ui.components.base import pack, register

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
)


@dataclass(frozen=True)
class Row:
    """One row of a stage, a column per image.

    Attributes:
        kind: `image`: grey levels `uint8` [n, 28, 28]. `heat`: signed values [n, 28, 28], scaled to their largest.
            `stems`: vectors [n, m]. `bars`: (name, length) pairs instead of columns.
        role: names its colour. said: a short text for each column. marks: a number from 0 to 1 for each, drawn as
            a bar with a line at ½; a pair (before, after) for each where it moved.
    """

    name: str
    kind: Literal["image", "heat", "stems", "bars"]
    role: str
    values: np.ndarray | Sequence[tuple[str, float]]
    said: Sequence[str] = ()
    marks: Sequence[tuple[float, ...]] = ()


@dataclass(frozen=True)
class Stage:
    """A stage: its name on the button, the role that colours it, a caption of a sentence or two, rows, and a line with
    the numbers of this step."""

    name: str
    role: str
    caption: str
    rows: Sequence[Row]
    facts: str = ""


def gan_steps(
    walks: dict[str, Sequence[Stage]], *, key: str, colours: dict[str, str], start: str, at: int, on_rest: str
) -> None:
    """Shows the walks, by name, one stage at a time; arrow keys turn the pages. It never speaks to the server.

    For tests: the figure's `data-walk` and `data-at` say which stage is shown.

    Args:
        colours: of every role named, and `more` and `less` for the two signs of a heat row.
        start, at: the walk and the stage to begin with. on_rest: the name of the query parameter in the address that
            follows the stage, as `walk-number`.
    """
    _mount(
        key=key,
        data={
            "colours": colours,
            "start": start,
            "at": at,
            "query": on_rest,
            "walks": {
                name: [{**asdict(stage), "rows": [_packed(row) for row in stage.rows]} for stage in stages]
                for name, stages in walks.items()
            },
        },
    )


def _packed(row: Row) -> dict:
    values = row.values
    if row.kind == "image":
        values = pack(values)
    elif row.kind == "heat":
        most = float(np.abs(values).max(initial=0.0)) or 1.0
        levels = np.rint(127 * np.asarray(values, np.float64) / most).astype(np.int8)
        values = base64.b64encode(np.ascontiguousarray(levels).tobytes()).decode("ascii")
    elif row.kind == "stems":
        values = [[round(float(v), 2) for v in vector] for vector in values]
    else:
        values = [[name, float(f"{length:.4g}")] for name, length in values]
    return {
        "name": row.name,
        "kind": row.kind,
        "role": row.role,
        "values": values,
        "said": list(row.said),
        "count": len(row.values),
        "marks": [[round(float(m), 3) for m in mark] for mark in row.marks],
    }

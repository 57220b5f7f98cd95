"""Paths from one image to another: large images, strips and curves under one scrubber, all in the browser."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from ui.components.base import message_shape, pack, register, shape_of

_mount = register(
    __file__,
    "path",
    """
<figure class="lab path">
  <div class="heroes"></div>
  <div class="controls">
    <button type="button" class="end" title="To A"><canvas role="img"></canvas>A</button>
    <div class="scrub">
      <div class="row">
        <button type="button" class="play" title="Play or pause (Space)">Play</button>
        <input type="range" min="0" max="1" value="0" aria-label="Position between A and B">
      </div>
      <p class="number read"></p>
    </div>
    <button type="button" class="end" title="To B"><canvas role="img"></canvas>B</button>
  </div>
  <div class="strips"></div>
  <div class="plots"></div>
</figure>
""",
    also=("../shared/axes", "../shared/plot", "../shared/marks", "scrubber"),
)


@dataclass(frozen=True)
class Strip:
    """One path from A to B.

    Attributes:
        key: its name in messages. name: as the page shows it.
        colour, dash: of its curves; dash: lengths of strokes and gaps in pixels, empty for a solid line.
        images: `uint8` [N, H, W(, 3)].
        notes: one short text per frame, shown below the large image; may be empty.
        leads: whether a point of it can be taken to another page.
    """

    key: str
    name: str
    colour: str
    dash: tuple[int, ...]
    images: np.ndarray
    notes: Sequence[str] = ()
    leads: bool = False


@dataclass(frozen=True)
class Panel:
    """A small chart under the strips: one curve per path over the position.

    Attributes:
        title: what is measured, with its unit.
        values: [paths, N]; None while they are unknown, for the reason in `waiting`.
        reference: a value with a name, drawn as a dotted line to compare with.
        span: lowest and highest value of the axis; None: fitted to the curves.
    """

    title: str
    values: np.ndarray | None
    reference: tuple[float, str] | None = None
    span: tuple[float, float] | None = None
    waiting: str = ""


def path(
    *,
    key: str,
    strips: Sequence[Strip],
    ends: tuple[np.ndarray, np.ndarray],
    notes: tuple[str, str],
    panels: Sequence[Panel],
    on_go: Callable[[str, int], None],
    t: float | None = None,
) -> None:
    """Show the paths. Everything moves without a message to the server; only "Generate here" sends one.

    For tests: the figure's `data-at` is the frame shown, each large canvas's `data-way` the key of its path.

    Args:
        ends: the two originals, `uint8` [H, W(, 3)]; notes: what they are.
        on_go: called with a path's key and the number of a frame that exists.
        t: where the scrubber begins, 0 at A and 1 at B; None for the middle. The browser keeps it as `t` in the
            address.
    """
    frames = len(strips[0].images)
    tiles = np.concatenate([s.images for s in strips])

    def went() -> None:
        value = (st.session_state.get(key) or {}).get("go")
        way, at = (value.get("way"), value.get("at")) if isinstance(value, dict) else (None, None)
        if not isinstance(way, str) or not isinstance(at, int) or isinstance(at, bool):
            return
        if 0 <= at < frames and any(s.key == way and s.leads for s in strips):
            on_go(way, at)

    _mount(
        key=key,
        on_go_change=went,
        data={
            "id": hashlib.blake2b(tiles.tobytes() + repr(tiles.shape).encode(), digest_size=8).hexdigest(),
            "frames": frames,
            "shape": message_shape(shape_of(tiles)),
            "tiles": pack(tiles),
            "ends": [pack(image) for image in ends],
            "notes": list(notes),
            "ways": [
                {
                    "key": s.key,
                    "name": s.name,
                    "colour": s.colour,
                    "dash": list(s.dash),
                    "notes": list(s.notes),
                    "leads": s.leads,
                }
                for s in strips
            ],
            "panels": [_packed(panel) for panel in panels],
            "t": t,
        },
    )


def _packed(panel: Panel) -> dict[str, Any]:
    values = None if panel.values is None else [[float(f"{v:.4g}") for v in row] for row in np.asarray(panel.values)]
    return {
        "title": panel.title,
        "values": values,
        "reference": panel.reference,
        "span": panel.span,
        "waiting": panel.waiting,
    }

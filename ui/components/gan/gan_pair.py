"""A walk through latents: each z decoded by two decoders, beside the nearest real image, under one scrubber."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ui.components.base import message_shape, pack, register, shape_of

_mount = register(
    __file__,
    "gan_pair",
    """
<figure class="lab pair">
  <div class="heroes"></div>
  <div class="controls">
    <button type="button" class="play" title="Play or pause (Space)">Play</button>
    <input type="range" min="0" max="1" value="0" aria-label="Position on the walk through all z">
  </div>
  <p class="number read"></p>
  <div class="strips"></div>
</figure>
""",
    also=("../playback/scrubber",),
)


@dataclass(frozen=True)
class Lane:
    """One row: its name and colour, its images along the walk `uint8` [N, H, W(, 3)], and a short text for each."""

    key: str
    name: str
    colour: str
    images: np.ndarray
    notes: Sequence[str] = ()


def gan_pair(lanes: Sequence[Lane], steps: int, *, key: str) -> None:
    """Show large images at the walk's position, and below them each lane at the z that the walk visits.

    Everything moves in the browser. For tests: the figure's `data-at` is the frame, each large canvas's `data-lane`
    the key of its lane.

    Args:
        lanes: N = (stops − 1) · steps + 1 images each. steps: frames from one z to the next.
    """
    tiles = np.concatenate([lane.images for lane in lanes])
    _mount(
        key=key,
        data={
            "id": hashlib.blake2b(tiles.tobytes(), digest_size=8).hexdigest(),
            "frames": len(lanes[0].images),
            "steps": steps,
            "shape": message_shape(shape_of(tiles)),
            "tiles": pack(tiles),
            "lanes": [
                {"key": lane.key, "name": lane.name, "colour": lane.colour, "notes": list(lane.notes)} for lane in lanes
            ],
        },
    )

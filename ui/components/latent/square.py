"""Four pictures at the corners of a square and everything between them, to move over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ui.components.base import pack, register

SIDE = 33
"""Pictures along one side; every second one, or every fourth, is drawn on the map."""

_mount = register(
    __file__,
    "square",
    """
<figure class="lab square">
  <div class="map" tabindex="0" role="application"><canvas class="ground"></canvas><i></i></div>
  <div class="side">
    <canvas class="peek" width="28" height="28" role="img"></canvas>
    <p class="number read"></p>
    <div class="corners"></div>
  </div>
</figure>
""",
)


def square(*, key: str, tiles: np.ndarray, corners: np.ndarray, notes: Sequence[str]) -> None:
    """Pointer, finger and arrow keys move over the square without a message to the server.

    Args:
        tiles: `uint8` [SIDE², 28, 28], row by row from the top (`core.latent.interpolation.square`).
        corners: the four originals `uint8` [4, 28, 28]: A and B above, C and D below; notes: what they are.
    """
    _mount(key=key, data={"side": SIDE, "tiles": pack(tiles), "corners": pack(corners), "notes": list(notes)})

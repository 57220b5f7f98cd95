"""Four images at the corners of a square and the interpolations between them, to move over."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np

from core.images.shape import GREY_28, ImageShape
from ui.components.base import MESSAGE_BYTES, fitting, message_shape, pack, register, shape_of

SIDES = (33, 25, 17, 9, 5)
"""Images along one side, fewer of large images; every second one, or every fourth, is drawn on the map."""

_mount = register(
    __file__,
    "square",
    """
<figure class="lab square">
  <div class="map" tabindex="0" role="application"><canvas class="ground"></canvas><i></i></div>
  <div class="side">
    <canvas class="preview" role="img"></canvas>
    <p class="number read"></p>
    <div class="corners"></div>
  </div>
</figure>
""",
)


def side_for(shape: ImageShape = GREY_28) -> int:
    """Images along one side of a square of images of this shape, one of `SIDES`."""
    return isqrt(fitting([side * side for side in SIDES], shape, MESSAGE_BYTES))


def square(*, key: str, tiles: np.ndarray, corners: np.ndarray, notes: Sequence[str]) -> None:
    """Show the square. Pointer, finger and arrow keys move over it without a message to the server.

    Args:
        tiles: `uint8` [side², H, W(, 3)], row by row from the top (`core.latent.interpolation.square`), with `side` of
            `side_for`.
        corners: the four originals, [4, H, W(, 3)]: A and B above, C and D below; notes: what they are.
    """
    _mount(
        key=key,
        data={
            "shape": message_shape(shape_of(tiles)),
            "side": isqrt(len(tiles)),
            "tiles": pack(tiles),
            "corners": pack(corners),
            "notes": list(notes),
        },
    )

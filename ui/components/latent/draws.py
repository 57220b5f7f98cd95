"""The image under the pointer of a plane, and samples of its model, each marked on the plane where it lies."""

from __future__ import annotations

import numpy as np

from ui.components.base import message_shape, pack, register, shape_of

COLUMNS = 5

_mount = register(
    __file__,
    "draws",
    """
<figure class="lab draws">
  <canvas class="preview" role="img"></canvas>
  <canvas class="samples" role="img" tabindex="0"></canvas>
</figure>
""",
    also=("plane_store",),
)


def draws(*, key: str, slot: str, tiles: np.ndarray, z: np.ndarray, about: str) -> None:
    """Show the image under the pointer of the `manifold` of the same slot, and samples, which it marks where they lie;
    nothing is sent to the server.

    Args:
        tiles: `uint8` [N, H, W(, 3)], shown in rows of `COLUMNS`. z: their latents, [N, 2].
        about: what the samples are, for screen readers.
    """
    _mount(
        key=key,
        data={
            "slot": slot,
            "shape": message_shape(shape_of(tiles)),
            "tiles": pack(tiles),
            "columns": COLUMNS,
            "about": about,
            "positions": np.round(z, 3).tolist(),
        },
    )

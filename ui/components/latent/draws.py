"""Samples of a model, each marked on its plane where it lies."""

from __future__ import annotations

import numpy as np

from ui.components.base import message_shape, pack, register, shape_of

COLUMNS = 5

_mount = register(
    __file__,
    "draws",
    """
<figure class="lab draws">
  <canvas class="samples" role="img" tabindex="0"></canvas>
</figure>
""",
    also=("plane_store",),
)


def draws(*, key: str, slot: str, tiles: np.ndarray, z: np.ndarray, about: str) -> None:
    """Show samples, which the planes of the same slot mark where they lie; nothing is sent to the server.

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

"""Below a plane: the picture under the pointer, and samples of the model, each marked where it lies."""

from __future__ import annotations

import numpy as np

from ui.components.base import pack, register

COLUMNS = 5

_mount = register(
    __file__,
    "draws",
    """
<figure class="lab draws">
  <canvas class="peek" width="28" height="28" role="img"></canvas>
  <canvas class="samples" role="img" tabindex="0"></canvas>
</figure>
""",
    also=("plane_shelf",),
)


def draws(*, key: str, slot: str, tiles: np.ndarray, z: np.ndarray, about: str) -> None:
    """Shows what the `manifold` of the same slot has under the pointer, and samples, of which it tells where they lie;
    nothing is sent to the server.

    Args:
        tiles: `uint8` [N, 28, 28], shown in rows of `COLUMNS`. z: where they were drawn, [N, 2].
        about: what there is to see, for screen readers.
    """
    _mount(
        key=key,
        data={
            "slot": slot,
            "tiles": pack(tiles),
            "columns": COLUMNS,
            "about": about,
            "places": np.round(z, 3).tolist(),
        },
    )

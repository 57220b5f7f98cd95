"""The latent plane of a model with two dimensions, to stand beside those of other models: what one shows under the
pointer, the others show at the same z."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from core.images import class_colors
from ui.components.base import pack, register

SIDE = 37
"""Pictures along one side. Four planes travel at once: 1.4 MB each; 36 can be divided in many ways."""

_mount = register(
    __file__,
    "manifold",
    """
<figure class="lab manifold">
  <div class="map" tabindex="0" role="application">
    <canvas class="ground"></canvas><canvas class="cloud"></canvas><canvas class="over"></canvas>
  </div>
  <p class="number read"></p>
  <p class="number reach"></p>
</figure>
""",
    also=("plane_shelf", "tilemap"),
)


def manifold(
    *,
    key: str,
    slot: str,
    name: str,
    dataset: str,
    tiles: np.ndarray,
    centre: np.ndarray,
    half: float,
    points: np.ndarray | None,
    labels: np.ndarray | None,
    classes: Sequence[str],
) -> None:
    """Pointer, finger and arrow keys move over it without a message to the server. `plane_key` switches what is laid
    over the pictures; `draws` of the same slot shows the picture under the pointer, and tells where its samples lie.

    For tests: the figure's `data-at` is the z shown, empty where it lies outside of this plane.

    Args:
        slot: the plane's place on the page. name: the model, for screen readers.
        dataset: classes are shown and hidden by data set and number.
        tiles: `uint8` [SIDE², 28, 28] over the window, row by row from the top (`core.latent.planes.lattice`).
        centre, half: the window in units of z: [2], and half its side.
        points, labels: μ of training images [N, 2] and their classes [N] (−1: none). classes: a name per class.
    """
    _mount(
        key=key,
        data={
            "id": hashlib.blake2b(tiles.tobytes() + repr((slot, name)).encode(), digest_size=8).hexdigest(),
            "slot": slot,
            "name": name,
            "dataset": dataset,
            "side": SIDE,
            "tiles": pack(tiles),
            "centre": [float(x) for x in centre],
            "span": float(half),
            "points": None if points is None else np.round(points, 3).ravel().tolist(),
            "labels": None if labels is None else [int(k) for k in labels],
            "classes": list(classes),
            "colours": list(class_colors.CLASSES),
        },
    )

"""The latent plane of a model with two dimensions, beside those of other models: all planes of a page show the same z
under the pointer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import isqrt

import numpy as np

from core.images import class_colors
from core.images.shape import GREY_28, ImageShape
from ui.components.base import fitting, message_shape, pack, register, shape_of

SIDES = (37, 25, 19, 13)
"""Images along one side. Four planes are sent at once, of 28 × 28 pixels 1.4 MB each; one less has many divisors, for
maps of smaller screens."""

MOST_BYTES = 4_300_000
"""Pixels of a whole plane; larger images come with fewer of them."""

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
    also=("../shared/plot", "../shared/marks", "plane_store", "tilemap"),
)


def side_for(shape: ImageShape = GREY_28) -> int:
    """Images along one side of a plane of images of this shape, one of `SIDES`."""
    return isqrt(fitting([side * side for side in SIDES], shape, MOST_BYTES))


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
    """Show the plane. Pointer, finger and arrow keys move over it without a message to the server. `plane_key` switches
    what is drawn over the images; `draws` of the same slot shows the image under the pointer, and marks its samples.

    For tests: the figure's `data-at` is the z shown, empty where it lies outside this plane.

    Args:
        slot: the plane's place on the page. name: the model, for screen readers.
        dataset: classes are shown and hidden by data set and number.
        tiles: `uint8` [side², H, W(, 3)] over the window, row by row from the top (`core.latent.planes.lattice`), with
            `side` of `side_for`.
        centre, half: the window in units of z: [2], and half its side.
        points, labels: μ of training images [N, 2] and their classes [N] (−1: none). classes: a name per class.
    """
    _mount(
        key=key,
        data={
            "id": hashlib.blake2b(
                tiles.tobytes() + repr((slot, name, tiles.shape)).encode(), digest_size=8
            ).hexdigest(),
            "slot": slot,
            "name": name,
            "dataset": dataset,
            "shape": message_shape(shape_of(tiles)),
            "side": isqrt(len(tiles)),
            "tiles": pack(tiles),
            "centre": [float(x) for x in centre],
            "span": float(half),
            "points": None if points is None else np.round(points, 3).ravel().tolist(),
            "labels": None if labels is None else [int(k) for k in labels],
            "classes": list(classes),
            "colours": list(class_colors.CLASSES),
        },
    )

"""A small plane of a model with two latent dimensions, one of several: each holds the data of its model, also for the
enlarged plane (`plane_stage`), and shows where the linked image lies in it and how its model reconstructs it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from math import isqrt
from typing import Any

import numpy as np

from core.images import class_colors
from core.images.shape import GREY_28, ImageShape
from core.latent.planes import Density
from ui.components.base import MESSAGE_BYTES, fitting, message_shape, pack, pack_numbers, register, shape_of

SIDES = (37, 25, 19, 13, 9, 7, 5)
"""Images along one side. Several planes are sent at once, of 28 × 28 pixels 1.4 MB each; one less has many divisors,
for maps of smaller screens."""

MOST_BYTES = 2_100_000
"""Pixels of a whole plane; larger images come with fewer of them."""

LINKED = 600
"""Images that are drawn as points and linked from plane to plane, at most."""

LINKED_BYTES = MESSAGE_BYTES - MOST_BYTES
"""Pixels of the reconstructions of linked images; of larger images fewer are linked."""

MAP = """
<{tag} class="map"{attributes}>
  <canvas class="ground"></canvas><canvas class="cloud"></canvas><canvas class="over"></canvas>
</{tag}>
"""

PAINT = ("../shared/axes", "../shared/plot", "../shared/marks", "plane_store", "tilemap", "circles", "plane_paint")
"""Scripts of everything that paints planes."""

_mount = register(
    __file__,
    "manifold",
    '<figure class="lab manifold"><figcaption><span class="digit"></span><span class="title"></span>'
    '<span class="number span" title="Half the width of the plane, in units of z"></span></figcaption>'
    + MAP.format(tag="button", attributes=' type="button"')
    + '<div class="below"><canvas class="recon" role="img"></canvas><span class="number read"></span></div></figure>',
    also=PAINT,
)


def side_for(shape: ImageShape = GREY_28) -> int:
    """Images along one side of a plane of images of this shape, one of `SIDES`."""
    return isqrt(fitting([side * side for side in SIDES], shape, MOST_BYTES))


def linked_for(shape: ImageShape = GREY_28) -> int:
    """Number of images of this shape that are linked from plane to plane, at most."""
    return max(16, min(LINKED, LINKED_BYTES // shape.values))


def message(
    *,
    slot: str,
    name: str,
    dataset: str,
    tiles: np.ndarray,
    centre: np.ndarray,
    half: float,
    own: float,
    index: np.ndarray,
    points: np.ndarray,
    labels: np.ndarray,
    recon: np.ndarray,
    errors: np.ndarray,
    classes: Sequence[str],
    density: Density | None,
    circles: Sequence[tuple[float, float, float | None]],
) -> dict[str, Any]:
    """The data of one plane as the browser gets them: computed once for each version of the model's weights.

    Args:
        slot: the plane's identity on the page. name: of the model.
        dataset: images are linked, and classes hidden, by data set and number.
        tiles: `uint8` [side², H, W(, 3)] over the window, row by row from the top (`core.latent.planes.lattice`), with
            `side` of `side_for`.
        centre, half: the window in units of z: [2], and half its side. own: half the side of the window of the model's
            own latents about the same centre, which `density` and decision regions cover.
        index, points, labels: training images: their numbers [N], μ [N, 2] and classes [N] (−1: none). classes: a name
            per class.
        recon, errors: their reconstructions `uint8` [N, H, W(, 3)] and the mean squared errors per pixel [N].
        density: of the classes, on the own window. circles: (radius, share of N(0, I) inside, share of q(z) inside).
    """
    grids = None
    if density is not None and len(density.labels):
        grids = {
            "side": density.values.shape[1],
            "labels": [int(k) for k in density.labels],
            "values": pack_numbers(density.values, np.uint8),
            "levels": [int(level) for level in density.levels],
        }
    state = hashlib.blake2b(tiles.tobytes(), digest_size=8)
    state.update(repr((slot, name, tiles.shape, index.tolist(), points.tolist(), labels.tolist())).encode())
    return {
        "id": state.hexdigest(),
        "slot": slot,
        "name": name,
        "dataset": dataset,
        "shape": message_shape(shape_of(tiles)),
        "side": isqrt(len(tiles)),
        "tiles": pack(tiles),
        "centre": [float(x) for x in centre],
        "span": float(half),
        "own": float(own),
        "index": [int(k) for k in index],
        "points": np.round(points.astype(float), 3).ravel().tolist(),
        "labels": [int(k) for k in labels],
        "recon": pack(recon),
        "errors": [float(f"{x:.3g}") for x in errors],
        "classes": list(classes),
        "colours": list(class_colors.CLASSES),
        "density": grids,
        "circles": [list(circle) for circle in circles],
    }


def manifold(*, key: str, data: Mapping[str, Any], title: str, number: int) -> None:
    """Show a small plane; a click enlarges it, without a message to the server.

    For tests: the figure's `data-linked` is where the linked image lies on it, empty where it does not.

    Args:
        data: of `message`. title: the model in a few words.
        number: its place in the row; up to 9 it is also the key that enlarges it.
    """
    _mount(key=key, data={**data, "title": title, "number": number})

"""The enlarged one of several planes, with ticks, class names and a line that reads off what is under the pointer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ui.components.base import message_shape, pack, register, shape_of
from ui.components.latent.manifold import MAP, PAINT

_mount = register(
    __file__,
    "plane_stage",
    '<figure class="lab plane-stage"><div class="frame"><canvas class="axes" aria-hidden="true"></canvas>'
    + MAP.format(tag="div", attributes=' tabindex="0" role="application"')
    + '</div><p class="number read"></p><p class="number holds"></p>'
    '<div class="legend" role="group" aria-label="Classes"></div></figure>',
    also=(*PAINT, "class_legend"),
)


@dataclass(frozen=True)
class LinkedImages:
    """Training images of one data set that are linked from plane to plane: their numbers [N] and pixels, `uint8`
    [N, H, W(, 3)]. first: number of the one that is marked until another is chosen, or None."""

    dataset: str
    index: np.ndarray
    tiles: np.ndarray
    first: int | None = None


def plane_stage(*, key: str, slots: Sequence[str], first: str, sets: Sequence[LinkedImages]) -> None:
    """Show one of the page's planes large: that of the address (`?plane=`), else the last one, else `first`.

    Pointer, finger and arrow keys move over it: the image near them is marked on all planes; where there is none, the
    picture decoded there is shown (`plane_peek`). A click or Enter chooses an image (`?image=`), to which the planes
    return when the pointer leaves. Nothing is sent to the server.

    For tests: the figure's `data-slot` is the plane shown; the map's `data-at` is the place under the pointer, and
    `data-image` the linked image, empty where none is near.

    Args:
        slots: the planes of the page in their order. sets: the linked images of each data set.
    """
    state = hashlib.blake2b(repr((tuple(slots), first)).encode(), digest_size=8)
    for images in sets:
        state.update(repr((images.dataset, images.index.tolist(), images.tiles.shape, images.first)).encode())
    _mount(
        key=key,
        data={
            "id": state.hexdigest(),
            "order": list(slots),
            "first": first,
            "sets": [
                {
                    "dataset": images.dataset,
                    "index": [int(k) for k in images.index],
                    "first": images.first,
                    "shape": message_shape(shape_of(images.tiles)),
                    "tiles": pack(images.tiles),
                }
                for images in sets
            ],
        },
    )

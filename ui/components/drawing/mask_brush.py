"""A brush that hides pixels of an image: what lies under its stripes a model does not see."""

from __future__ import annotations

import numpy as np

from core.images import masks
from ui.components.base import pack, register
from ui.components.drawing import pad

_mount = register(__file__, "mask_brush", pad.SURFACE % ("", ""), also=("pad", "../playback/pen"))


def mask_brush(
    image: np.ndarray, mask: np.ndarray | None = None, *, key: str, label: str = "The image, to hide parts of it"
) -> np.ndarray:
    """Shows an image whose pixels mouse, finger or keys hide and show again. One message comes after each stroke.

    Args:
        image: `uint8` [28, 28]; it may change while the mask stays.
        mask: with what it begins, `bool` [28, 28], True visible (None: everything). Later changes come from the
            visitor and from `set_mask`.
        key: the mask is kept under it for the whole visit, however often the component comes and goes.
        label: what is shown, for screen readers.
    Returns:
        The mask as it is now, `bool` [28, 28], True visible.
    """
    here = pad.held(key, masks.to_bytes(masks.whole() if mask is None else mask))
    visible = masks.from_bytes(here.pixels)
    _mount(
        key=key,
        on_said_change=pad.listener(key, lambda pixels: max(pixels) <= 1),
        data={
            "name": key,
            "label": label,
            "stamp": here.stamp,
            "image": pack(image),
            "pixels": pack(visible),
        },
    )
    return visible


def set_mask(key: str, mask: np.ndarray) -> None:
    """Another mask instead of the one there, from a button's callback; the visitor can undo that."""
    pad.put(key, masks.to_bytes(mask))

"""A brush that hides pixels of an image from a model."""

from __future__ import annotations

import numpy as np

from core.images.shape import ImageShape
from ui.components.base import message_shape, pack, register
from ui.components.drawing import pad

_mount = register(
    __file__,
    "mask_brush",
    pad.SKELETON % ("", ""),
    also=("../shared/plot", "../shared/marks", "strokes", "pad"),
)


def mask_brush(
    image: np.ndarray, mask: np.ndarray | None = None, *, key: str, label: str = "The image, to hide parts of it"
) -> np.ndarray:
    """Show an image whose pixels mouse, finger or keys hide and show again. One message comes after each stroke.

    Args:
        image: `uint8` [H, W] or [H, W, 3]; it may change while the mask stays. An image of another size has a mask of
            its own.
        mask: the first mask, `bool` [H, W], True visible (None: everything). Later changes come from the visitor and
            from `set_mask`.
        key: the mask is kept under it for the whole visit, however often the component comes and goes.
        label: what is shown, for screen readers.
    Returns:
        The mask now, `bool` [H, W], True visible. A hidden pixel is hidden in all channels.
    """
    shape = ImageShape.of_picture(image.shape)
    size = (shape.height, shape.width)
    first = np.ones(size, bool) if mask is None else mask
    state = pad.state_of(key, size, _bytes(first))
    visible = np.frombuffer(state.pixels, np.uint8).reshape(size).astype(bool)
    _mount(
        key=pad.mount_key(key, size),
        on_painted_change=pad.receiver(key, size, lambda pixels: max(pixels) <= 1),
        data={
            "name": pad.mount_key(key, size),
            "label": label,
            "shape": message_shape(shape),
            "stamp": state.stamp,
            "image": pack(image),
            "pixels": pack(visible),
        },
    )
    return visible


def set_mask(key: str, mask: np.ndarray) -> None:
    """Replace the mask on a surface, `bool` [H, W], from a button's callback; the visitor can undo that."""
    pad.replace(key, mask.shape, _bytes(mask))


def _bytes(mask: np.ndarray) -> bytes:
    return np.ascontiguousarray(mask, np.uint8).tobytes()

"""Masks of visible pixels.

A mask is a `bool` array [H, W]: True is visible, False is hidden. A hidden pixel is hidden in all its channels. It
carries no information to a model and no gradient; what a picture shows in its place is the caller's choice.
"""

from __future__ import annotations

import math

import numpy as np

from core.images.shape import GREY_28, ImageShape

SIDES = ("left", "right", "top", "bottom")


class MaskError(ValueError):
    """A mask that is not possible: one sentence on what is wrong and what is allowed."""


def whole(shape: ImageShape = GREY_28) -> np.ndarray:
    """A mask that hides nothing."""
    return np.ones((shape.height, shape.width), bool)


def half(side: str, shape: ImageShape = GREY_28) -> np.ndarray:
    """Hides one half; of an odd number of pixels, the right or lower half is the larger one.

    Args:
        side: the half that is hidden, one of `SIDES`.
    Raises:
        MaskError: another word.
    """
    if side not in SIDES:
        raise MaskError(f"There is no half '{side}'. The halves are {', '.join(SIDES)}.")
    visible = whole(shape)
    middle = (shape.width if side in ("left", "right") else shape.height) // 2
    part = slice(None, middle) if side in ("left", "top") else slice(middle, None)
    visible[(slice(None), part) if side in ("left", "right") else (part, slice(None))] = False
    return visible


def box(top: int, left: int, height: int, width: int, shape: ImageShape = GREY_28) -> np.ndarray:
    """Hides a rectangle, in pixels from the upper left corner; what lies outside the image is cut off.

    Raises:
        MaskError: a negative height or width.
    """
    if height < 0 or width < 0:
        raise MaskError(f"A box of {height} × {width} pixels is not possible: height and width are 0 or more.")
    visible = whole(shape)
    visible[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)] = False
    return visible


def random(p: float, seed: int, shape: ImageShape = GREY_28) -> np.ndarray:
    """Hides exactly round(p H W) pixels, each set of that size equally likely.

    The pixels hidden at one p stay hidden at every larger p of the same seed, so that a sweep over p only ever hides
    more.

    Args:
        p: the share to hide, 0 … 1. seed: 0 or more; the same one hides the same pixels on every machine.
    Raises:
        MaskError: p or seed out of range.
    """
    if not (math.isfinite(p) and 0.0 <= p <= 1.0):
        raise MaskError(f"A share of {p:g} cannot be hidden: it lies between 0 and 1.")
    if seed < 0:
        raise MaskError(f"The seed {seed} cannot be used: it is 0 or more.")
    count = shape.pixels
    order = np.random.RandomState(seed % 2**32).permutation(count)  # numpy promises never to change its numbers
    visible = np.ones(count, bool)
    visible[order[: round(p * count)]] = False
    return visible.reshape(shape.height, shape.width)


def from_bytes(data: bytes, shape: ImageShape = GREY_28) -> np.ndarray:
    """The mask that `to_bytes` wrote: one byte a pixel, row by row, 1 visible, 0 hidden.

    Raises:
        MaskError: another length or another value.
    """
    values = np.frombuffer(data, np.uint8)
    if values.size != shape.pixels or values.max() > 1:
        raise MaskError(
            f"A mask is {shape.pixels} bytes of 0 or 1; these are {values.size} up to {values.max(initial=0)}."
        )
    return values.astype(bool).reshape(shape.height, shape.width)


def to_bytes(visible: np.ndarray) -> bytes:
    """One byte a pixel, row by row, 1 visible, 0 hidden."""
    return np.asarray(visible, bool).astype(np.uint8).tobytes()

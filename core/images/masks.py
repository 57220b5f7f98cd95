"""Which pixels of an image may be looked at.

A mask is a `bool` array [28, 28]: True is visible, False is hidden. What is hidden carries no information to a model
and no gradient; what a picture has in its place is for the caller to say.
"""

from __future__ import annotations

import math

import numpy as np

from core.images.convert import SIDE

PIXELS = SIDE * SIDE
SIDES = ("left", "right", "top", "bottom")


class MaskError(ValueError):
    """A mask that cannot be: one sentence on what is wrong and what is allowed."""


def whole() -> np.ndarray:
    """Everything is visible."""
    return np.ones((SIDE, SIDE), bool)


def half(side: str) -> np.ndarray:
    """Hides one half.

    Args:
        side: the half that is hidden, one of `SIDES`.
    Raises:
        MaskError: another word.
    """
    if side not in SIDES:
        raise MaskError(f"There is no half '{side}'. The halves are {', '.join(SIDES)}.")
    visible = whole()
    part = slice(None, SIDE // 2) if side in ("left", "top") else slice(SIDE // 2, None)
    visible[(slice(None), part) if side in ("left", "right") else (part, slice(None))] = False
    return visible


def box(top: int, left: int, height: int, width: int) -> np.ndarray:
    """Hides a rectangle, in pixels from the upper left corner; what of it lies outside of the image is cut off.

    Raises:
        MaskError: a negative height or width.
    """
    if height < 0 or width < 0:
        raise MaskError(f"A box of {height} × {width} pixels cannot be: height and width are 0 or more.")
    visible = whole()
    visible[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)] = False
    return visible


def random(p: float, seed: int) -> np.ndarray:
    """Hides exactly round(784 p) pixels, each set of so many equally likely.

    The pixels hidden at one p are hidden at every larger p of the same seed too, so that a sweep over p only ever
    takes away.

    Args:
        p: the share to hide, 0 … 1. seed: 0 or more; the same one hides the same pixels on every machine.
    Raises:
        MaskError: p or seed out of range.
    """
    if not (math.isfinite(p) and 0.0 <= p <= 1.0):
        raise MaskError(f"A share of {p:g} cannot be hidden: it lies between 0 and 1.")
    if seed < 0:
        raise MaskError(f"The seed {seed} cannot be used: it is 0 or more.")
    order = np.random.RandomState(seed % 2**32).permutation(PIXELS)  # the generator whose numbers numpy never changes
    visible = np.ones(PIXELS, bool)
    visible[order[: round(p * PIXELS)]] = False
    return visible.reshape(SIDE, SIDE)


def from_bytes(data: bytes) -> np.ndarray:
    """The mask that `to_bytes` wrote: 784 bytes row by row, 1 visible, 0 hidden.

    Raises:
        MaskError: another length or another value.
    """
    levels = np.frombuffer(data, np.uint8)
    if levels.size != PIXELS or levels.max() > 1:
        raise MaskError(f"A mask is {PIXELS} bytes of 0 or 1; these are {levels.size} up to {levels.max(initial=0)}.")
    return levels.astype(bool).reshape(SIDE, SIDE)


def to_bytes(visible: np.ndarray) -> bytes:
    """784 bytes row by row, 1 visible, 0 hidden."""
    return np.asarray(visible, bool).astype(np.uint8).tobytes()

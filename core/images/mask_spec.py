"""What is hidden of an image, as a short text: the same in an address, on the command line and in a cache's key.

half-left                 one half (left, right, top, bottom)
box-8-8-12-12             a rectangle: upper and left edge, height and width in pixels
random-50-3               exactly 50 % of the pixels, by seed 3
mask-…                    any mask: its 784 bits in URL-safe base64 (what a brush has painted)
"""

from __future__ import annotations

import base64
import binascii
import re

import numpy as np

from core.images import masks
from core.images.masks import PIXELS, SIDES, MaskError

WHOLE = ""
"""Nothing is hidden."""

BOX = "box-8-8-12-12"
"""A box in the middle."""

ALLOWED = (
    "half-left (right, top, bottom), box-TOP-LEFT-HEIGHT-WIDTH, random-PERCENT-SEED, or 50% for half of all "
    "pixels at random"
)
_SHORT = {"half": "half-left", "box": BOX, "random": "random-50-0", "": WHOLE}


def normal(text: str) -> str:
    """The full form of what a person may type: `half`, `box`, `random`, `50%`.

    Raises:
        MaskError: it is none of them.
    """
    text = text.strip()
    if share := re.fullmatch(r"(\d{1,3})\s?%", text):
        text = f"random-{share[1]}-0"
    text = _SHORT.get(text, text)
    mask_of(text)
    return text


def mask_of(text: str) -> np.ndarray:
    """The mask that a text stands for, `bool` [28, 28], True visible.

    Raises:
        MaskError: it is none of the forms above.
    """
    if text == WHOLE:
        return masks.whole()
    kind, _, rest = text.partition("-")
    numbers = [int(n) for n in rest.split("-")] if re.fullmatch(r"\d{1,6}(-\d{1,6})*", rest, re.ASCII) else None
    if kind == "half" and rest in SIDES:
        return masks.half(rest)
    if kind == "box" and numbers and len(numbers) == 4 and max(numbers) <= masks.SIDE:
        return masks.box(*numbers)
    if kind == "random" and numbers and len(numbers) == 2 and numbers[0] <= 100:
        return masks.random(numbers[0] / 100, numbers[1])
    if kind == "mask" and (painted := _painted(rest)) is not None:
        return painted
    raise MaskError(f"'{text[:40]}' does not say what to hide. Use {ALLOWED}.")


def text_of(visible: np.ndarray, known: str = WHOLE) -> str:
    """The text of a mask: `known` where it still stands for this mask, `WHOLE` where nothing is hidden."""
    visible = np.asarray(visible, bool)
    if visible.all():
        return WHOLE
    if np.array_equal(mask_of(known), visible):
        return known
    return "mask-" + base64.urlsafe_b64encode(np.packbits(visible).tobytes()).decode("ascii").rstrip("=")


def words(visible: np.ndarray) -> str:
    """`392 of 784 pixels hidden (50 %)`."""
    hidden = int((~np.asarray(visible, bool)).sum())
    return f"{hidden} of {PIXELS} pixels hidden ({100 * hidden / PIXELS:.0f} %)"


def _painted(text: str) -> np.ndarray | None:
    try:
        bits = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(bits) != PIXELS // 8:
        return None
    return np.unpackbits(np.frombuffer(bits, np.uint8)).astype(bool).reshape(masks.SIDE, masks.SIDE)

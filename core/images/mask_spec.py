"""Masks as short texts: the same in an address, on the command line and in the key of a cache.

half-left                 one half (left, right, top, bottom)
box-8-8-12-12             a rectangle: upper and left edge, height and width in pixels
random-50-3               exactly 50 % of the pixels, by seed 3
mask-…                    any mask, such as one painted with a brush: its bits, row by row, in URL-safe base64
mask-20x36.…              the same with its height and width, for images that are not 28 × 28
"""

from __future__ import annotations

import base64
import binascii
import re

import numpy as np

from core.images import masks
from core.images.masks import SIDES, MaskError
from core.images.shape import GREY_28, ImageShape

WHOLE = ""
"""Nothing is hidden."""

ALLOWED = (
    "half-left (right, top, bottom), box-TOP-LEFT-HEIGHT-WIDTH, random-PERCENT-SEED, or 50% for half of all "
    "pixels at random"
)
_SHORT = {"half": "half-left", "random": "random-50-0", "": WHOLE}


def middle_box(shape: ImageShape = GREY_28) -> str:
    """The text of a box in the middle, 3/7 of the image's height and width: `box-8-8-12-12` for 28 × 28 pixels."""
    top, left = round(2 * shape.height / 7), round(2 * shape.width / 7)
    return f"box-{top}-{left}-{shape.height - 2 * top}-{shape.width - 2 * left}"


def normal(text: str, shape: ImageShape = GREY_28) -> str:
    """The full form of what a person may type: `half`, `box`, `random`, `50%`.

    Raises:
        MaskError: none of the forms above.
    """
    text = text.strip()
    if share := re.fullmatch(r"(\d{1,3})\s?%", text):
        text = f"random-{share[1]}-0"
    text = middle_box(shape) if text == "box" else _SHORT.get(text, text)
    mask_of(text, shape)
    return text


def mask_of(text: str, shape: ImageShape = GREY_28) -> np.ndarray:
    """The mask that a text describes, `bool` [H, W], True visible.

    Raises:
        MaskError: none of the forms above, or a mask painted on an image of another height and width.
    """
    if text == WHOLE:
        return masks.whole(shape)
    kind, _, rest = text.partition("-")
    numbers = [int(n) for n in rest.split("-")] if re.fullmatch(r"\d{1,6}(-\d{1,6})*", rest, re.ASCII) else None
    if kind == "half" and rest in SIDES:
        return masks.half(rest, shape)
    if kind == "box" and numbers and len(numbers) == 4 and max(numbers) <= max(shape.height, shape.width):
        top, left, height, width = numbers
        return masks.box(top, left, height, width, shape)
    if kind == "random" and numbers and len(numbers) == 2 and numbers[0] <= 100:
        return masks.random(numbers[0] / 100, numbers[1], shape)
    if kind == "mask" and (painted := _painted(rest, shape)) is not None:
        return painted
    raise MaskError(f"'{text[:40]}' does not say what to hide. Use {ALLOWED}.")


def text_of(visible: np.ndarray, known: str = WHOLE) -> str:
    """The text of a mask [H, W]: `known` if it describes this mask, `WHOLE` if nothing is hidden."""
    visible = np.asarray(visible, bool)
    if visible.all():
        return WHOLE
    height, width = visible.shape
    try:
        if np.array_equal(mask_of(known, ImageShape(1, height, width)), visible):
            return known
    except MaskError:
        pass  # a text for images of another size
    bits = base64.urlsafe_b64encode(np.packbits(visible).tobytes()).decode("ascii").rstrip("=")
    return "mask-" + (bits if (height, width) == _DEFAULT_SIZE else f"{height}x{width}.{bits}")


_DEFAULT_SIZE = (GREY_28.height, GREY_28.width)
"""Height and width of a painted mask whose text names none: addresses made before images had other sizes."""


def _painted(text: str, shape: ImageShape) -> np.ndarray | None:
    size, dot, bits = text.rpartition(".")
    named = re.fullmatch(r"(\d{1,3})x(\d{1,3})", size, re.ASCII) if dot else None
    if dot and not named:
        return None
    height, width = (int(named[1]), int(named[2])) if named else _DEFAULT_SIZE
    try:
        packed = base64.b64decode(bits + "=" * (-len(bits) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    unpacked = np.unpackbits(np.frombuffer(packed, np.uint8)).astype(bool)
    if len(packed) != -(-height * width // 8) or unpacked[height * width :].any():
        return None
    if (height, width) != (shape.height, shape.width):
        raise MaskError(
            f"This mask was painted on an image of {height} × {width} pixels; "
            f"here they have {shape.height} × {shape.width}."
        )
    return unpacked[: height * width].reshape(height, width)

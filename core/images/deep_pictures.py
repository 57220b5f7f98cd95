"""Values of picture files with more than 8 bits, of which Pillow keeps only the upper 8 or none.

Pillow reads 16-bit grey as it is, and floats and whole numbers of 32 bits where a file is usual. Of 16-bit colours it
keeps the upper bytes, so such a file is decoded twice; TIFF files of other numbers are made known to it here.
"""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

from core.images.convert import ImageError
from core.images.levels import LUMINANCE

SAMPLE = 2_048
"""Values kept of a picture with more than 8 bits, from which the range of the set is found."""

NO_VALUE = 1e30
"""Floats at least as large mark pixels without a value, such as the −3.4 · 10³⁸ of maps and telescopes."""

WHITE_16 = 65535.0

_LITTLE, _BIG = b"II", b"MM"
_UNSIGNED, _SIGNED, _FLOAT = (1,), (2,), (3,)

# Grey TIFF files that Pillow's tables lack or read wrongly: floats of 64 bits not at all, unsigned numbers of 32 bits
# and signed ones of 8 bits with a false sign.
TiffImagePlugin.OPEN_INFO |= {
    (_LITTLE, 1, _FLOAT, 1, (64,), ()): ("F", "F;64F"),
    (_BIG, 1, _FLOAT, 1, (64,), ()): ("F", "F;64BF"),
    (_LITTLE, 1, _UNSIGNED, 1, (32,), ()): ("F", "F;32"),
    (_BIG, 1, _UNSIGNED, 1, (32,), ()): ("F", "F;32B"),
    (_LITTLE, 1, _SIGNED, 1, (8,), ()): ("F", "F;8S"),
    (_BIG, 1, _SIGNED, 1, (8,), ()): ("F", "F;8S"),
}

_PHOTOMETRIC, _PLANES, _NODATA = 262, 284, 42113  # tags of TIFF
_SIXTEEN_BITS = ("RGB;16", "RGBA;16", "RGBX;16", "RGBa;16", "LA;16")


def layout_of(picture: Any) -> str:
    """Pillow's name of the layout of 16-bit colours, or of 16-bit grey with opacity, in a file; else empty.

    Frames of an animated PNG are laid upon each other in 8 bits: they have none.

    Raises:
        ImageError: the colours lie in planes of their own, which Pillow would take for 8 bits.
    """
    tile = getattr(picture, "tile", None)
    if picture.mode not in ("RGB", "RGBA") or not tile or (picture.format == "PNG" and picture.is_animated):
        return ""
    tags = getattr(picture, "tag_v2", None)
    if tags and tags.get(_PLANES) == 2 and tags.get(258, (8,))[0] > 8:
        raise ImageError("is a TIFF of 16 bits with separate planes, which is not read (save it with mixed channels)")
    args = tile[0][3]
    layout = args if isinstance(args, str) else args[0] if args else ""
    return layout if isinstance(layout, str) and layout[:-1] in _SIXTEEN_BITS else ""


def prepare(picture: Image.Image, layout: str) -> None:
    """Let a picture that is about to be decoded keep its bytes as the file has them.

    Grey with opacity arrives as the upper and the lower byte of both; colours that are multiplied by their opacity
    already stay so.
    """
    if layout.startswith("LA"):
        _decode_as(picture, "RGBA")
    elif layout.startswith("RGBa"):
        _decode_as(picture, layout.replace("RGBa", "RGBA"))


def low_bytes(picture: Image.Image, source: bytes | str | Path, layout: str) -> Image.Image | None:
    """The lower bytes of 16-bit colours: the same page decoded as if its bytes stood in the other order.

    None where `prepare` has seen to both bytes, or where there are none.
    """
    if not layout or layout.startswith("LA"):
        return None
    order = layout[-1].replace("N", "L" if sys.byteorder == "little" else "B")
    other = layout[:-1].replace("RGBa", "RGBA") + ("B" if order == "L" else "L")
    kinds = (picture.format,) if picture.format else None
    with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=kinds) as again:
        if page := picture.tell():
            again.seek(page)
        _decode_as(again, other)
        again.load()
        return again.copy()


def _decode_as(picture: Any, layout: str) -> None:
    picture.tile = [
        tile._replace(args=layout if isinstance(tile.args, str) else (layout, *(tile.args or ())[1:]))
        for tile in picture.tile
    ]


def missing_values(picture: Image.Image) -> Any:
    """The value, or the three of a colour, that marks pixels without a value in a file; None where there is none."""
    tags = getattr(picture, "tag_v2", None)
    if tags and _NODATA in tags:
        try:
            return float(str(tags[_NODATA]).strip(" \0"))
        except ValueError:
            return None
    return picture.info.get("transparency")


def white_is_zero(picture: Image.Image) -> bool:
    """Whether a TIFF file of 16 bits counts from white to black, which Pillow turns round in files of 8 bits only."""
    tags = getattr(picture, "tag_v2", None)
    return bool(tags and picture.mode.startswith("I") and tags.get(_PHOTOMETRIC) == 0)


def grey_values(part: Image.Image, missing: Any, inverted: bool, colour: bool) -> list[Image.Image]:
    """Values of a strip as floats, 0 where they are no numbers or transparent, and where they are numbers."""
    values = np.asarray(part, dtype=np.float32)
    with np.errstate(invalid="ignore"):
        valid = np.abs(values) < NO_VALUE
    if isinstance(missing, int | float) and not math.isnan(missing):
        valid &= values != np.float32(missing)
    values = np.where(valid, WHITE_16 - values if inverted else values, np.float32(0)).astype(np.float32)
    grey = Image.fromarray(values)
    return [*[grey] * (3 if colour else 1), Image.fromarray(valid.astype(np.float32))]


def colour_values(
    part: Image.Image, low: Image.Image | None, layout: str, missing: Any, colour: bool
) -> list[Image.Image]:
    """Values of a strip of 16-bit colours as floats, multiplied by the opacity, and the opacity.

    Args:
        low: the lower bytes; None for a layout that `prepare` has made ready.
    """
    upper = np.asarray(part)
    if low is None:
        grey, opacity = (upper[..., c].astype(np.float32) * 256 + upper[..., c + 1] for c in (0, 2))
        opacity /= WHITE_16
        channels = [grey] * (3 if colour else 1)
    else:
        values = upper[..., :3].astype(np.float32) * 256 + np.asarray(low)[..., :3]
        opacity = np.ones(upper.shape[:2], np.float32)
        if upper.shape[2] == 4:
            opacity = upper[..., 3] / np.float32(255)
        elif isinstance(missing, Sequence) and len(missing) == 3:
            opacity = (values != np.array(missing, np.float32)).any(-1).astype(np.float32)
        channels = [values[..., c] for c in range(3)] if colour else [values @ LUMINANCE]
    factor = 1.0 if layout.startswith("RGBa") else opacity
    return [Image.fromarray(np.ascontiguousarray(c * factor, np.float32)) for c in channels] + [
        Image.fromarray(np.ascontiguousarray(opacity, np.float32))
    ]


def sample(values: np.ndarray) -> np.ndarray:
    """Some of the values, always the same, with the least and the greatest."""
    if not values.size:
        return values
    ends = np.array([values.min(), values.max()], np.float32)
    if values.size > SAMPLE:
        values = values[np.random.RandomState(0).randint(0, values.size, SAMPLE)]
    return np.concatenate([ends, values])

"""Pictures as arrays: into bytes that a browser shows, out of files that a user brings.

The lab's image is a `uint8` array of 28 × 28 grey levels, 0 black, 255 white. Everything that crosses the
border to a file or a browser passes through here.
"""

from __future__ import annotations

import base64
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

SIDE = 28
"""Height and width of every image in the lab, in pixels."""

MAX_PIXELS = 64_000_000
MAX_BYTES = 50_000_000

# Pillow warns above 90 million pixels; the limit here is lower and ends in a sentence instead.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class ImageError(ValueError):
    """A file that is no picture the lab can use: says why in a few words."""


def to_uint8(images: Any) -> np.ndarray:
    """Grey levels 0…255 from floats in [0, 1].

    Args:
        images: array or torch tensor on any device, of any shape; values outside [0, 1] are clipped, NaN is
            black.
    Returns:
        `uint8` array of the same shape.
    """
    if hasattr(images, "detach"):
        images = images.detach().float().cpu().numpy()
    levels = np.nan_to_num(np.asarray(images, dtype=np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    return np.rint(np.clip(levels, 0.0, 1.0) * 255.0).astype(np.uint8)


def tile(images: np.ndarray, columns: int, gap: int = 0, ground: int = 0) -> np.ndarray:
    """One sheet, row by row; the last row is filled up with `ground`.

    Args:
        images: `uint8` [N, h, w]. columns: tiles in a row. gap: pixels between tiles (none round the sheet).
    Returns:
        `uint8` [H, W]; for no images at all one empty tile of 28 × 28.
    """
    images = np.asarray(images, dtype=np.uint8)
    if images.size == 0:
        return np.full((SIDE, SIDE), ground, dtype=np.uint8)
    count, height, width = images.shape
    columns = max(1, columns)
    rows = -(-count // columns)
    cells = np.full((rows * columns, height + gap, width + gap), ground, dtype=np.uint8)
    cells[:count, :height, :width] = images
    sheet = cells.reshape(rows, columns, height + gap, width + gap).swapaxes(1, 2)
    return sheet.reshape(rows * (height + gap), columns * (width + gap))[
        : rows * (height + gap) - gap, : columns * (width + gap) - gap
    ]


def png(array: np.ndarray, scale: int = 1) -> bytes:
    """PNG file of a `uint8` array [H, W] or [H, W, 3 or 4]; `scale` repeats pixels, so that they stay
    crisp.
    """
    array = np.asarray(array, dtype=np.uint8)
    if scale > 1:
        array = array.repeat(scale, axis=0).repeat(scale, axis=1)
    buffer = io.BytesIO()
    # Level 3 costs a third of the default's time for about a tenth more bytes: sheets are made while somebody
    # waits.
    Image.fromarray(np.ascontiguousarray(array)).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def data_url(array: np.ndarray, scale: int = 1) -> str:
    """The same PNG as text that goes straight into a page (`<img src=…>`), with no file to lose."""
    return "data:image/png;base64," + base64.b64encode(png(array, scale)).decode("ascii")


def from_png(data: bytes) -> np.ndarray:
    """`uint8` [H, W] of a greyscale PNG that `png` wrote, in its own size.

    Raises:
        ImageError: not a picture.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            return np.asarray(picture.convert("L"))
    except Exception as error:
        raise ImageError("is not a readable picture") from error


def from_file(source: bytes | str | Path) -> np.ndarray:
    """Any picture that Pillow opens as the lab's 28 × 28 grey levels.

    The whole picture is kept, in its own proportions and the way up its camera says; the strips beside it
    take the colour of its border. A transparent ground becomes white under dark ink and black under light
    ink.

    Args:
        source: a path, or the bytes of an uploaded file.
    Returns:
        `uint8` [28, 28].
    Raises:
        ImageError: not a picture, damaged, or too large (over 50 MB or 64 million pixels).
    """
    size = len(source) if isinstance(source, bytes) else _file_size(Path(source))
    if size == 0:
        raise ImageError("is empty")
    if size > MAX_BYTES:
        raise ImageError(f"is too large ({size / 1e6:,.0f} MB; up to {MAX_BYTES / 1e6:.0f} MB are read)")
    try:
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        with Image.open(file, formats=_formats()) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise Image.DecompressionBombError
            # A camera's JPEG is decoded at an eighth of its size: thousands of photos in seconds.
            picture.draft("L", (4 * SIDE, 4 * SIDE))
            return _fit(_grey(ImageOps.exif_transpose(picture)))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"has too many pixels (up to {MAX_PIXELS / 1e6:.0f} million are read)") from error
    except Image.UnidentifiedImageError as error:
        raise ImageError("is not a picture that can be opened") from error
    except MemoryError as error:
        raise ImageError("needs more memory than there is") from error
    except PermissionError as error:
        raise ImageError("may not be read (no permission)") from error
    except Exception as error:  # Pillow's decoders raise nearly every type there is when fed with rubbish.
        raise ImageError("is a damaged picture") from error


def _file_size(path: Path) -> int:
    try:
        if not path.is_file():  # a pipe or a device would never end
            raise ImageError("is not a file")
        return path.stat().st_size
    except OSError as error:
        raise ImageError("cannot be read") from error


def _formats() -> list[str]:
    """Every format Pillow knows but PostScript, which it hands to another program to run."""
    Image.init()
    return [name for name in Image.ID if name != "EPS"]


def _grey(picture: Image.Image) -> Image.Image:
    """Mode `L`, with alpha laid on a ground and deep grey levels scaled instead of cut off."""
    if picture.mode == "F" or picture.mode.startswith("I"):
        levels = np.nan_to_num(np.asarray(picture, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        low, high = float(levels.min()), float(levels.max())
        # The depth is written in the file only for I;16; else take the smallest usual one that holds every
        # value.
        usual = {"F": (1.0, 255.0, 65535.0), "I": (255.0, 65535.0)}.get(picture.mode, (65535.0,))
        top = next((t for t in usual if high <= t), high)
        low = min(low, 0.0)
        return Image.fromarray(np.rint((levels - low) / max(top - low, 1e-12) * 255.0).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        alpha = np.asarray(picture.getchannel("A"), dtype=np.float64) / 255.0
        ink = np.asarray(picture.convert("RGB").convert("L"), dtype=np.float64)
        dark = alpha.sum() == 0 or (ink * alpha).sum() / alpha.sum() < 128.0
        ground = 255.0 if dark else 0.0
        return Image.fromarray(np.rint(ink * alpha + ground * (1.0 - alpha)).astype(np.uint8))
    return picture.convert("L")


def _fit(grey: Image.Image) -> np.ndarray:
    """Shrunk or enlarged to fit 28 × 28, centred on a ground of the border's median grey."""
    width, height = grey.size
    if (width, height) == (SIDE, SIDE):
        return np.array(grey, dtype=np.uint8)
    scale = SIDE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(grey.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0), dtype=np.uint8)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    canvas = np.full((SIDE, SIDE), int(np.median(border)), dtype=np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = small
    return canvas

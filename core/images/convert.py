"""Conversions between pictures, tensors and files: uint8 ↔ float, channels last ↔ channels first, PNG, sheets of tiles.

A *picture* is `uint8` [H, W] (grey) or [H, W, 3] (RGB), 0 black to 255 white, as Pillow and the browser have it;
several are [N, H, W] or [N, H, W, 3]. A *tensor* of images is float [N, C, H, W] in [0, 1], as PyTorch has it. Every
image that goes to a file, a browser or a model is converted here; `core.images.picture_files` reads those of users.
torch is imported only where a tensor is made.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from core.images.shape import ImageShape

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class ImageError(ValueError):
    """A file that cannot be used as a picture. The message ends a sentence that begins with the file's name."""


# Pictures and tensors


def is_colour(pictures: np.ndarray) -> bool:
    """Whether an array of pictures [.., H, W, 3] is RGB; [.., H, W] is grey, since no image is 3 pixels wide."""
    return pictures.ndim >= 3 and pictures.shape[-1] == 3


def shape_of(pictures: np.ndarray) -> ImageShape:
    """The shape of each of some pictures [.., H, W] or [.., H, W, 3]."""
    return ImageShape.of_picture(pictures.shape[-3:] if is_colour(pictures) else pictures.shape[-2:])


def channels_first(pictures: np.ndarray) -> np.ndarray:
    """[.., H, W] as [.., 1, H, W] and [.., H, W, 3] as [.., 3, H, W], of any type of number: a view."""
    return np.moveaxis(pictures, -1, -3) if is_colour(pictures) else pictures[..., None, :, :]


def channels_last(images: Any) -> np.ndarray:
    """[.., 1, H, W] as [.., H, W] and [.., 3, H, W] as [.., H, W, 3]: an array of the same numbers.

    Args:
        images: array, or torch tensor on any device (bfloat16 becomes float32, which numpy has).
    """
    array = _array(images)
    return array[..., 0, :, :] if array.shape[-3] == 1 else np.moveaxis(array, -3, -1)


def to_byte_tensor(pictures: np.ndarray, device: torch.device | str | None = None) -> Tensor:
    """Pictures as a uint8 tensor [.., C, H, W], a quarter of the memory of floats; `scale_bytes` makes floats of it."""
    import torch

    # A copy: the arrays of data sets are read-only, and a tensor cannot be.
    return torch.from_numpy(np.array(channels_first(np.asarray(pictures, np.uint8)), order="C")).to(device)


def scale_bytes(images: Tensor) -> Tensor:
    """A uint8 tensor 0…255 as floats in [0, 1], of the same shape."""
    return images.float().div_(255.0)


def to_tensor(pictures: np.ndarray, device: torch.device | str | None = None) -> Tensor:
    """Pictures `uint8` [.., H, W] or [.., H, W, 3] as floats [.., C, H, W] in [0, 1] on a device (None: the CPU)."""
    return scale_bytes(to_byte_tensor(pictures, device))


def to_pictures(images: Any) -> np.ndarray:
    """Floats [.., C, H, W] in [0, 1] as pictures `uint8` [.., H, W] or [.., H, W, 3]; the inverse of `to_tensor`.

    Args:
        images: array, or torch tensor on any device; values outside [0, 1] are clipped, NaN is black.
    """
    return channels_last(to_uint8(images))


def to_uint8(images: Any) -> np.ndarray:
    """Floats in [0, 1] as levels 0…255, of the same shape.

    Args:
        images: array, or torch tensor on any device, of any shape; values outside [0, 1] are clipped, NaN is black.
    """
    levels = np.nan_to_num(np.asarray(_array(images), dtype=np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    rounded: np.ndarray = np.rint(np.clip(levels, 0.0, 1.0) * 255.0)
    return rounded.astype(np.uint8)


def _array(images: Any) -> np.ndarray:
    if hasattr(images, "detach"):
        images = images.detach().cpu()
        images = images.float() if images.is_floating_point() and images.element_size() < 4 else images
        return np.asarray(images.numpy())
    return np.asarray(images)


# Sheets and bytes for the browser


def tile(pictures: np.ndarray, columns: int, gap: int = 0, ground: int = 0) -> np.ndarray:
    """A sheet of pictures, row by row; the last row is filled up with `ground`.

    Args:
        pictures: `uint8` [N, h, w] or [N, h, w, 3]. columns: tiles in a row. gap: pixels between tiles (none around the
            sheet). ground: grey level between and after the tiles.
    Returns:
        `uint8` [H, W] or [H, W, 3]; without pictures one empty tile [h, w].
    """
    pictures = np.asarray(pictures, dtype=np.uint8)
    count, height, width, *channels = pictures.shape
    if count == 0:
        return np.full(pictures.shape[1:], ground, dtype=np.uint8)
    columns = max(1, columns)
    rows = -(-count // columns)
    cells = np.full((rows * columns, height + gap, width + gap, *channels), ground, dtype=np.uint8)
    cells[:count, :height, :width] = pictures
    sheet = cells.reshape(rows, columns, height + gap, width + gap, *channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * (height + gap), columns * (width + gap), *channels)
    return sheet[: rows * (height + gap) - gap, : columns * (width + gap) - gap]


def untile(sheet: np.ndarray, shape: ImageShape) -> np.ndarray:
    """The pictures of a sheet without gaps, row by row: the inverse of `tile`.

    Args:
        sheet: `uint8` [rows · H, columns · W] or [rows · H, columns · W, 3].
    Raises:
        ValueError: the sheet is not made of tiles of this shape.
    """
    if shape.colour != is_colour(sheet) or sheet.shape[0] % shape.height or sheet.shape[1] % shape.width:
        size = f"{sheet.shape[0]} × {sheet.shape[1]} pixels{' in colour' if is_colour(sheet) else ''}"
        raise ValueError(f"A sheet of {size} cannot be cut into images of {shape}.")
    rows, columns = sheet.shape[0] // shape.height, sheet.shape[1] // shape.width
    cells = sheet.reshape(rows, shape.height, columns, *shape.picture[1:]).swapaxes(1, 2)
    return cells.reshape(rows * columns, *shape.picture)


def pack(pictures: np.ndarray) -> str:
    """Raw levels as base64 text, for a message to the browser: picture by picture, row by row, channels last.

    1 byte a pixel for grey, 3 for colour; the message carries the shape beside it.
    """
    return base64.b64encode(np.ascontiguousarray(pictures, np.uint8).tobytes()).decode("ascii")


def png(picture: np.ndarray, scale: int = 1) -> bytes:
    """PNG file of `uint8` [H, W] or [H, W, 3 or 4]; `scale` repeats pixels, so that they stay crisp."""
    picture = np.asarray(picture, dtype=np.uint8)
    if scale > 1:
        picture = picture.repeat(scale, axis=0).repeat(scale, axis=1)
    buffer = io.BytesIO()
    # Level 3 takes a third of the default's time for about a tenth more bytes: sheets are made while a visitor waits.
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def data_url(picture: np.ndarray, scale: int = 1) -> str:
    """The PNG of `png` as a data URL, for an `<img src=…>` without a file."""
    return "data:image/png;base64," + base64.b64encode(png(picture, scale)).decode("ascii")


# Files


def from_png(data: bytes) -> np.ndarray:
    """The picture in a PNG file in its own size: `uint8` [H, W] if the file is grey, [H, W, 3] if it has colours.

    Raises:
        ImageError: not a PNG, or damaged.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            grey = picture.mode in ("1", "L", "LA", "I", "I;16")
            return np.asarray(picture.convert("L" if grey else "RGB"))
    except Exception as error:
        raise ImageError("is not a readable picture") from error

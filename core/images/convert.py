"""Conversions between pictures, tensors and files: uint8 ↔ float, channels last ↔ channels first, PNG, sheets of tiles.

A *picture* is `uint8` [H, W] (grey) or [H, W, 3] (RGB), 0 black to 255 white, as Pillow and the browser have it;
several are [N, H, W] or [N, H, W, 3]. A *tensor* of images is float [N, C, H, W] in [0, 1], as PyTorch has it. Every
image that comes from a file or goes to a file, a browser or a model is converted here. torch is imported only where a
tensor is made.
"""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from core.images.shape import GREY_28, ImageShape

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MAX_PIXELS = 64_000_000
"""Pixels of a picture file, at most."""

MAX_BYTES = 50_000_000
"""Bytes of a picture file, at most."""

# Pillow warns above 90 million pixels; the limit here is lower and ends in an `ImageError` instead.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


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


def from_file(source: bytes | str | Path, shape: ImageShape = GREY_28) -> np.ndarray:
    """A picture file of any format, size and colour mode that Pillow reads, fitted into `shape`.

    The whole picture is kept in its own proportions and turned upright as its EXIF orientation says; the strips beside
    it take the median colour of its border. A transparent background becomes white behind dark content and black behind
    light content.

    Args:
        source: a path, or the bytes of an uploaded file. shape: of the result; a grey one turns colours to grey levels.
    Returns:
        `uint8` [H, W] or [H, W, 3].
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
            # Decodes a camera's JPEG at a fraction of its size: thousands of photos in seconds.
            picture.draft("RGB" if shape.colour else "L", (4 * shape.width, 4 * shape.height))
            return _fit(_flatten(ImageOps.exif_transpose(picture), shape.colour), shape)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"has too many pixels (up to {MAX_PIXELS / 1e6:.0f} million are read)") from error
    except UnidentifiedImageError as error:
        raise ImageError("is not a picture that can be opened") from error
    except MemoryError as error:
        raise ImageError("needs more memory than there is") from error
    except PermissionError as error:
        raise ImageError("may not be read (no permission)") from error
    except Exception as error:  # Pillow's decoders raise nearly every type of exception on damaged files.
        raise ImageError("is a damaged picture") from error


def _file_size(path: Path) -> int:
    try:
        if not path.is_file():  # reading from a pipe or a device might never end
            raise ImageError("is not a file")
        return path.stat().st_size
    except OSError as error:
        raise ImageError("cannot be read") from error


def _formats() -> list[str]:
    """Every format of Pillow except PostScript, which Pillow passes to another program to run."""
    Image.init()
    return [name for name in Image.ID if name != "EPS"]


def _flatten(picture: Image.Image, colour: bool) -> Image.Image:
    """Mode `L` or `RGB`: alpha composited onto a background, more than 8 bits a pixel scaled instead of cut off."""
    mode = "RGB" if colour else "L"
    if picture.mode == "F" or picture.mode.startswith("I"):
        levels = np.nan_to_num(np.asarray(picture, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        low, high = float(levels.min()), float(levels.max())
        # The file states its depth for I;16 only; otherwise the smallest usual one that holds every value is taken.
        usual: Sequence[float] = {"F": (1.0, 255.0, 65535.0), "I": (255.0, 65535.0)}.get(picture.mode, (65535.0,))
        top = next((t for t in usual if high <= t), high)
        low = min(low, 0.0)
        scaled = np.rint((levels - low) / max(top - low, 1e-12) * 255.0).astype(np.uint8)
        return Image.fromarray(scaled).convert(mode)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        alpha = np.asarray(picture.getchannel("A"), dtype=np.float64) / 255.0
        opaque = picture.convert("RGB")
        luminance = np.asarray(opaque.convert("L"), dtype=np.float64)
        dark = alpha.sum() == 0 or (luminance * alpha).sum() / alpha.sum() < 128.0
        ground = 255.0 if dark else 0.0
        levels = np.asarray(opaque, dtype=np.float64) if colour else luminance
        alpha = alpha[..., None] if colour else alpha
        return Image.fromarray(np.rint(levels * alpha + ground * (1.0 - alpha)).astype(np.uint8))
    if picture.mode == "LAB":
        from PIL import ImageCms  # Pillow's own `convert` does not read this mode

        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        picture = ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB") or picture
    return picture.convert(mode)


def _fit(picture: Image.Image, shape: ImageShape) -> np.ndarray:
    """Shrunk or enlarged to fit `shape`, centred on a ground of the border's median colour."""
    width, height = picture.size
    if (width, height) == (shape.width, shape.height):
        return np.array(picture, dtype=np.uint8)
    scale = min(shape.width / width, shape.height / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0), dtype=np.uint8)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    canvas = np.empty(shape.picture, dtype=np.uint8)
    canvas[:] = np.median(border, axis=0).astype(np.uint8)
    top, left = (shape.height - size[1]) // 2, (shape.width - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = small
    return canvas

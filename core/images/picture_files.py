"""Picture files of any format, size and depth, shrunk to fit an image shape in bounded memory.

A file is decoded in the mode it is stored in, within the memory that all pictures share (`decoding_memory.py`), then
shrunk (`shrinking.py`).
"""

from __future__ import annotations

import io
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from core.images import decoding_memory, deep_pictures, foreign_files, levels, original, shrinking
from core.images.convert import ImageError
from core.images.levels import Decoded
from core.images.original import Original
from core.images.pixel_choices import PAD, PixelChoices
from core.images.shape import GREY_28, ImageShape

MAX_PIXELS = 64_000_000
"""Pixels of a picture, at most."""

MAX_BYTES = 50_000_000
"""Bytes of a picture file, at most."""

MAX_PAGES = 10_000
"""Pages of a file that are read, at most."""

MAX_PAGE_PIXELS = 1_000_000_000
"""Pixels of all pages of a file that are read, at most: a small file can hold thousands of empty ones."""

SERIES = ("TIFF", "DCX", "SPIDER")
"""Formats whose pages are pictures of their own."""

ANIMATIONS = ("GIF", "WEBP", "PNG", "AVIF", "FLI")
"""Formats whose frames are moments of one picture: it counts by its first. What other formats hold beside a picture is
previews, layers and sizes of it."""

# Pillow warns above 90 million pixels; the limit here is lower and ends in an `ImageError` instead.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def from_file(
    source: bytes | str | Path, shape: ImageShape = GREY_28, choices: PixelChoices | None = None
) -> np.ndarray:
    """A picture file of any format, size and colour mode that Pillow reads, fitted into `shape`; the first of several.

    The picture is turned upright as its EXIF orientation says. Unless the choices say otherwise, the whole of it is
    kept in its own proportions, and the strips beside it take the median colour of its border.

    Args:
        source: a path, or the bytes of an uploaded file. shape: of the result; a grey one turns colours to grey levels.
        choices: of the set that the picture is compared with; what is `auto` is chosen for this picture alone.
    Returns:
        `uint8` [H, W] or [H, W, 3].
    Raises:
        ImageError: not a picture, damaged, or too large (over 50 MB or 64 million pixels).
    """
    choices = choices or PixelChoices()
    page = next(pages(source, shape, every=False, fit=choices.fit))
    if isinstance(page, str):
        raise ImageError(page)
    return levels.picture(page, choices, shape)


def from_array(values: np.ndarray, shape: ImageShape, fit: str = PAD) -> Decoded:
    """A picture `uint8` [h, w] or [h, w, C], shrunk to fit `shape`. C: 2 grey and opacity, 3 colour, 4 with opacity."""
    page = shrinking.shrunk(Image.fromarray(np.ascontiguousarray(values)), None, "", shape, fit)
    return replace(page, original=Original(original.of_array(values), *values.shape[:2]))


class _Square(NamedTuple):
    """A square frame of any size."""

    height: int
    width: int
    colour: bool


def large(source: bytes | str | Path, side: int, colour: bool, choices: PixelChoices | None = None) -> np.ndarray:
    """A picture file in its own proportions and size, shrunk only where a side is longer than `side`; the first of
    several.

    Args:
        colour: whether colours stay, else they become grey levels. choices: as in `from_file`, but nothing is inverted.
    Returns:
        `uint8` [h, w] or [h, w, 3].
    Raises:
        ImageError: as in `from_file`.
    """
    with _opened(source) as (file, name, head), _reasons(name, head), Image.open(file, formats=_formats()) as picture:
        longer = min(side, max(picture.size))
        page = _page(picture, source, _Square(longer, longer, colour))
    return levels.flat(page, levels.settle([page], choices or PixelChoices()))


def pages(
    source: bytes | str | Path, shape: ImageShape, every: bool = True, name: str = "", fit: str = PAD
) -> Iterator[Decoded | str]:
    """The pages of a picture file, shrunk to fit `shape`; in place of one that cannot be used, the reason. Of an
    animation its first frame, and a sentence that says so.

    Args:
        every: whether to go on after the first page. name: of the file whose bytes these are, by which other kinds of
            files are known. fit: one of `pixel_choices.FITS`.
    Raises:
        ImageError: nothing in the file can be used. MemoryError is one of the reasons.
    """
    with _opened(source, name) as (file, name, head):
        with _reasons(name, head):
            picture = Image.open(file, formats=_formats())
        with picture:
            with _reasons(name, head):
                several = every and picture.format in (*SERIES, *ANIMATIONS)
                count = int(getattr(picture, "n_frames", 1)) if several else 1
            if count > 1 and picture.format in SERIES:
                yield from _series(picture, source, shape, count, fit)
                return
            with _reasons(name, head):
                page = _page(picture, source, shape, fit)
            yield replace(page, original=replace(page.original, frames=count))
            if count > 1:
                yield f"is an animation of {count:,} frames, of which the first is used"


def _series(
    picture: Image.Image, source: bytes | str | Path, shape: ImageShape, count: int, fit: str
) -> Iterator[Decoded | str]:
    pixels = 0
    for number in range(count):
        try:
            with _reasons("", b""):
                picture.seek(number)
                if _preview(picture):
                    continue
                pixels += picture.width * picture.height
                if number >= MAX_PAGES or (number and pixels > MAX_PAGE_PIXELS):
                    yield f"has {count:,} pages, of which the first {number:,} are read"
                    return
                page: Decoded | str = _page(picture, source, shape, fit)
        except ImageError as error:
            page = f"page {number + 1} {error}"
        yield page


def _preview(picture: Image.Image) -> bool:
    """Whether a page of a TIFF file is a smaller copy or a mask of another page (bits 0 and 2 of NewSubfileType)."""
    tags = getattr(picture, "tag_v2", None)
    return bool(tags and int(tags.get(254, 0)) & 5)


@contextmanager
def _reasons(name: str, head: bytes) -> Iterator[None]:
    """Turn what a decoder raises into an `ImageError` with the reason.

    Args:
        name, head: of the file: its name and its first bytes, from which other kinds of files are known.
    """
    try:
        yield
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"has too many pixels (up to {MAX_PIXELS / 1e6:.0f} million are read)") from error
    except UnidentifiedImageError as error:
        raise ImageError(foreign_files.reason(name, head)) from error
    except MemoryError as error:
        raise ImageError("needs more memory than there is") from error
    except PermissionError as error:
        raise ImageError("may not be read (no permission)") from error
    except Exception as error:  # Pillow's decoders raise nearly every type of exception on damaged files.
        raise ImageError("is a damaged picture") from error


@contextmanager
def _opened(source: bytes | str | Path, name: str = "") -> Iterator[tuple[IO[bytes], str, bytes]]:
    """A file that may be read as a picture, its name and its first bytes.

    Raises:
        ImageError: no file, empty, too large, or of a kind that is known not to be a picture.
    """
    if isinstance(source, bytes):
        _check(name, len(source), source[: foreign_files.HEAD])
        yield io.BytesIO(source), name, source[: foreign_files.HEAD]
        return
    name = os.path.basename(source)
    try:
        found = os.stat(source)
        if not stat.S_ISREG(found.st_mode):  # reading from a pipe or a device might never end
            raise ImageError("is not a file")
        file = open(source, "rb")  # noqa: SIM115
    except FileNotFoundError as error:
        raise ImageError("is not a file") from error
    except PermissionError as error:
        raise ImageError("may not be read (no permission)") from error
    except (OSError, ValueError) as error:
        raise error if isinstance(error, ImageError) else ImageError("cannot be read") from error
    with file:
        with _reasons(name, b""):
            head = file.read(foreign_files.HEAD)
            file.seek(0)
        _check(name, found.st_size, head)
        yield file, name, head


def _check(name: str, size: int, head: bytes) -> None:
    if size == 0:
        raise ImageError("is empty")
    if other := foreign_files.kind(name, head):
        raise ImageError(other)
    if reason := too_large(size):
        raise ImageError(reason)


def too_large(size: int) -> str:
    """Why a picture file of so many bytes is not read, or ""."""
    return f"is too large ({size / 1e6:,.0f} MB; up to {MAX_BYTES / 1e6:.0f} MB are read)" if size > MAX_BYTES else ""


@lru_cache
def _formats() -> tuple[str, ...]:
    """Every format of Pillow except PostScript, which Pillow passes to another program to run.

    The usual ones come first: each is tried in turn, and to try all for each JPEG takes longer than to decode a small
    one.
    """
    Image.init()
    usual = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
    return tuple(sorted((name for name in Image.ID if name != "EPS"), key=lambda name: name not in usual))


def _page(picture: Image.Image, source: bytes | str | Path, shape: shrinking.Frame, fit: str = PAD) -> Decoded:
    if picture.width * picture.height > MAX_PIXELS:
        raise Image.DecompressionBombError
    size = picture.size
    # Decodes a camera's JPEG at a fraction of its size: thousands of photos in seconds.
    picture.draft("RGB" if shape.colour else "L", (4 * shape.width, 4 * shape.height))
    with decoding_memory.reserve(picture):
        layout = deep_pictures.layout_of(picture)
        low = deep_pictures.low_bytes(picture, source, layout)
        deep_pictures.prepare(picture, layout)
        picture.load()
        digest = original.of_picture(picture, source)
        width, height = size[::-1] if shrinking.turned(picture) else size
        page = shrinking.shrunk(picture, low, layout, shape, fit)
    found = picture.info.get("icc_profile")
    profile = _profile_name(found) if isinstance(found, bytes) and found else ""
    return replace(page, original=Original(digest, height, width, profile=profile))


@lru_cache(maxsize=64)
def _profile_name(profile: bytes) -> str:
    """The name of a colour profile; empty for sRGB, which pictures are taken to have anyway."""
    from PIL import ImageCms

    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip()
    except Exception:  # of a damaged profile, which is ignored as all are
        return ""
    return "" if name.lower().startswith("srgb") else name[:60] or "without a name"

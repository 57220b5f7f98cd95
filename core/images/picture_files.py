"""Picture files of any format, size and depth, shrunk to fit an image shape in bounded memory.

A file is decoded in the mode it is stored in, then reduced strip by strip, so that a picture takes little more than its
own pixels. Pictures that are decoded at the same time share `MEMORY`, however many threads ask for one.
"""

from __future__ import annotations

import io
import os
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, NamedTuple, Protocol

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from core.images import deep_pictures, foreign_files, levels
from core.images.convert import ImageError
from core.images.levels import Decoded
from core.images.pixel_choices import PixelChoices
from core.images.shape import GREY_28, ImageShape

MAX_PIXELS = 64_000_000
"""Pixels of a picture, at most."""

MAX_BYTES = 50_000_000
"""Bytes of a picture file, at most."""

MAX_PAGES = 10_000
"""Pages of a file that are read, at most."""

MAX_PAGE_PIXELS = 1_000_000_000
"""Pixels of all pages of a file that are read, at most: a small file can hold thousands of empty ones."""

MEMORY = 600_000_000
"""Bytes for decoding, shared by all threads; a picture that needs more is decoded alone."""

STRIP = 2_000_000
"""Pixels that are converted at once."""

SERIES = ("TIFF", "GIF", "WEBP", "PNG", "AVIF", "DCX", "FLI", "SPIDER")
"""Formats whose pages or frames are pictures of their own; those of others are previews, layers and sizes of one."""

# Pillow warns above 90 million pixels; the limit here is lower and ends in an `ImageError` instead.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

_SMALL = 4_000_000  # pixels of a picture that is turned upright before it is reduced

_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}
_DECODERS = {"WEBP": 4, "AVIF": 8, "JPEG2000": 12}  # bytes a pixel that the library behind Pillow takes besides

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by the orientation in its EXIF data."""


def from_file(
    source: bytes | str | Path, shape: ImageShape = GREY_28, choices: PixelChoices | None = None
) -> np.ndarray:
    """A picture file of any format, size and colour mode that Pillow reads, fitted into `shape`; the first of several.

    The whole picture is kept in its own proportions and turned upright as its EXIF orientation says; the strips beside
    it take the median colour of its border.

    Args:
        source: a path, or the bytes of an uploaded file. shape: of the result; a grey one turns colours to grey levels.
        choices: of the set that the picture is compared with; what is `auto` is chosen for this picture alone.
    Returns:
        `uint8` [H, W] or [H, W, 3].
    Raises:
        ImageError: not a picture, damaged, or too large (over 50 MB or 64 million pixels).
    """
    page = next(pages(source, shape, every=False))
    if isinstance(page, str):
        raise ImageError(page)
    return levels.picture(page, choices or PixelChoices(), shape)


class Frame(Protocol):
    """What a picture is shrunk to fit: an image shape, or a size to work with."""

    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def colour(self) -> bool: ...


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


def pages(source: bytes | str | Path, shape: ImageShape, every: bool = True) -> Iterator[Decoded | str]:
    """The pages of a picture file, shrunk to fit `shape`; in place of one that cannot be used, the reason.

    Args:
        every: whether to go on after the first page.
    Raises:
        ImageError: nothing in the file can be used. MemoryError is one of the reasons.
    """
    with _opened(source) as (file, name, head):
        with _reasons(name, head):
            picture = Image.open(file, formats=_formats())
        with picture:
            with _reasons(name, head):
                count = int(getattr(picture, "n_frames", 1)) if every and picture.format in SERIES else 1
            if count > 1:
                yield from _series(picture, source, shape, count)
                return
            with _reasons(name, head):
                page = _page(picture, source, shape)
            yield page


def _series(picture: Image.Image, source: bytes | str | Path, shape: ImageShape, count: int) -> Iterator[Decoded | str]:
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
                page: Decoded | str = _page(picture, source, shape)
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
def _opened(source: bytes | str | Path) -> Iterator[tuple[IO[bytes], str, bytes]]:
    """A file that may be read as a picture, its name and its first bytes.

    Raises:
        ImageError: no file, empty, too large, or of a kind that is known not to be a picture.
    """
    if isinstance(source, bytes):
        _check("", len(source), source[: foreign_files.HEAD])
        yield io.BytesIO(source), "", source[: foreign_files.HEAD]
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
    if size > MAX_BYTES:
        raise ImageError(f"is too large ({size / 1e6:,.0f} MB; up to {MAX_BYTES / 1e6:.0f} MB are read)")


@lru_cache
def _formats() -> tuple[str, ...]:
    """Every format of Pillow except PostScript, which Pillow passes to another program to run."""
    Image.init()
    return tuple(name for name in Image.ID if name != "EPS")


# Memory


class _Memory:
    """Bytes that threads take before they decode a picture; who finds too few left waits."""

    def __init__(self) -> None:
        self._taken, self._changed = 0, threading.Condition()

    @contextmanager
    def take(self, wanted: int) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: self._taken == 0 or self._taken + wanted <= MEMORY)
            self._taken += wanted
        try:
            yield
        finally:
            with self._changed:
                self._taken -= wanted
                self._changed.notify_all()


_memory = _Memory()


def _bytes_needed(picture: Image.Image) -> int:
    """Estimate of the bytes that decoding takes: the pixels, what the decoder holds besides, one strip."""
    a_pixel = _BYTES.get(picture.mode, 4) + _DECODERS.get(picture.format or "", 0)
    if picture.info.get("progressive") or picture.info.get("progression"):
        a_pixel += 6  # a progressive JPEG is held as coefficients until its last scan
    if deep_pictures.layout_of(picture):
        a_pixel *= 2
    return picture.width * picture.height * a_pixel + 16 * min(STRIP, picture.width * picture.height)


# One page


def _page(picture: Image.Image, source: bytes | str | Path, shape: Frame) -> Decoded:
    if picture.width * picture.height > MAX_PIXELS:
        raise Image.DecompressionBombError
    # Decodes a camera's JPEG at a fraction of its size: thousands of photos in seconds.
    picture.draft("RGB" if shape.colour else "L", (4 * shape.width, 4 * shape.height))
    with _memory.take(_bytes_needed(picture)):
        layout = deep_pictures.layout_of(picture)
        low = deep_pictures.low_bytes(picture, source, layout)
        deep_pictures.prepare(picture, layout)
        picture.load()
        return _shrunk(picture, low, layout, shape)


def _shrunk(picture: Image.Image, low: Image.Image | None, layout: str, shape: Frame) -> Decoded:
    """A decoded picture, turned upright and shrunk to fit.

    Args:
        low: the lower bytes of its values, where the picture holds the upper bytes of 16-bit colours.
        layout: of 16-bit colours, or "" (`deep_pictures.layout_of`).
    """
    turn = _UPRIGHT.get(picture.getexif().get(_ORIENTATION, 1))
    if turn is not None and not layout and picture.width * picture.height <= _SMALL:
        picture, turn = ImageOps.exif_transpose(picture), None
    width, height = picture.size
    turned = turn in (_UPRIGHT[5], _UPRIGHT[6], _UPRIGHT[7], _UPRIGHT[8])
    box = (shape.height, shape.width) if turned else (shape.width, shape.height)
    scale = min(box[0] / width, box[1] / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # As `reducing_gap=3` of Pillow's `resize` does it: whole blocks first, then a smooth filter.
    factor = (int(width / size[0] / 3.0) or 1, int(height / size[1] / 3.0) or 1)
    convert, parts = _conversion(picture, layout, shape.colour)
    reduced = _reduced(picture, low, convert, factor)
    if picture.mode == "F" or parts == "deep":
        return _deep(picture, reduced, size, factor, turn)
    (whole,) = reduced
    small = np.asarray(_resized(whole, picture.size, size, factor, turn), dtype=np.uint8)
    if parts == "plain":
        return Decoded(small)
    opacity = small[..., -1].astype(np.float32) / np.float32(255)
    values = small[..., :3] if shape.colour else small[..., 0]
    return Decoded(values) if opacity.min() == 1.0 else Decoded(values, opacity, transparent=True)


_Conversion = Callable[[Image.Image, Image.Image | None], list[Image.Image]]


def _conversion(picture: Image.Image, layout: str, colour: bool) -> tuple[_Conversion, str]:
    """How a strip becomes what is averaged, and of which kind that is: plain, clear (with transparency) or deep."""
    mode = "RGB" if colour else "L"
    if layout:
        missing = deep_pictures.missing_values(picture)
        return (lambda part, lower: deep_pictures.colour_values(part, lower, layout, missing, colour)), "deep"
    if picture.mode == "F" or picture.mode.startswith("I"):
        missing, inverted = deep_pictures.missing_values(picture), deep_pictures.white_is_zero(picture)
        return (lambda part, _: deep_pictures.grey_values(part, missing, inverted, colour)), "deep"
    if picture.has_transparency_data:
        # Multiplied by the opacity, so that colours of transparent pixels do not bleed into their neighbours.
        if colour:
            return (lambda part, _: [part.convert("RGBA").convert("RGBa")]), "clear"
        return (lambda part, _: [part.convert("RGBA").convert("LA").convert("La")]), "clear"
    if picture.mode == "LAB":
        return (lambda part, _: [_from_lab(part).convert(mode)]), "plain"
    return (lambda part, _: [part.convert(mode)]), "plain"


def _from_lab(part: Image.Image) -> Image.Image:
    from PIL import ImageCms  # Pillow's own `convert` does not read this mode

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(part, lab, srgb, outputMode="RGB") or part


def _reduced(
    picture: Image.Image, low: Image.Image | None, convert: _Conversion, factor: tuple[int, int]
) -> list[Image.Image]:
    """The converted picture with blocks of `factor` averaged, a strip at a time."""
    width, height = picture.size
    rows = max(1, STRIP // width // factor[1]) * factor[1]
    whole: list[Image.Image] = []
    for top in range(0, height, rows):
        area = (0, top, width, min(height, top + rows))
        strip = picture if rows >= height else picture.crop(area)
        strips = convert(strip, low.crop(area) if low is not None else None)
        strips = [part.reduce(factor) if factor != (1, 1) else part for part in strips]
        if rows >= height:
            return strips
        if not whole:
            full = (-(-width // factor[0]), -(-height // factor[1]))
            whole = [Image.new(part.mode, full) for part in strips]
        for part, target in zip(strips, whole, strict=True):
            target.paste(part, (0, top // factor[1]))
    return whole


def _resized(
    reduced: Image.Image,
    before: tuple[int, int],
    size: tuple[int, int],
    factor: tuple[int, int],
    turn: Image.Transpose | None,
) -> Image.Image:
    """A reduced picture in its final size, upright.

    Args:
        before: width and height before the blocks were averaged.
    """
    area = (0.0, 0.0, before[0] / factor[0], before[1] / factor[1])
    small = reduced.resize(size, Image.Resampling.BICUBIC, box=area)
    return small if turn is None else small.transpose(turn)


# More than 8 bits


def _deep(
    picture: Image.Image,
    reduced: list[Image.Image],
    size: tuple[int, int],
    factor: tuple[int, int],
    turn: Image.Transpose | None,
) -> Decoded:
    """A picture of more than 8 bits from its averaged channels and opacity."""
    *channels, opacity = (np.asarray(part) for part in reduced)
    known = opacity > 0.5
    seen = np.concatenate([channel[known] / opacity[known] for channel in channels[:: 1 if len(channels) == 3 else 3]])
    small = [np.asarray(_resized(part, picture.size, size, factor, turn)) for part in reduced]
    share = np.clip(small[-1], 0.0, 1.0)
    ends = {"F": (1.0, 255.0, 65535.0), "I": (255.0, 65535.0)}.get(picture.mode, (65535.0,))
    return Decoded(
        values=np.stack(small[:-1], axis=-1) if len(small) > 2 else small[0],
        opacity=None if share.min() >= 1.0 else share,
        transparent=picture.mode not in ("F", "I") and bool(share.min() < 1.0),
        sample=deep_pictures.sample(seen),
        ends=ends,
    )

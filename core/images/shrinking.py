"""Decoded pictures of any size and depth, turned upright and shrunk to fit an image shape a strip at a time.

A strip is converted, its blocks are averaged, and only then comes the next: a picture takes little more than its own
pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from PIL import Image, ImageOps

from core.images import deep_pictures
from core.images.levels import Decoded
from core.images.pixel_choices import CROP, PAD, STRETCH

STRIP = 2_000_000
"""Pixels that are converted at once."""

_SMALL = 4_000_000  # pixels of a picture that is turned upright before it is reduced

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


class Frame(Protocol):
    """What a picture is shrunk to fit: an image shape, or a size to work with."""

    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def colour(self) -> bool: ...


def turned(picture: Image.Image) -> bool:
    """Whether a picture's EXIF data say that its rows are columns of what was seen."""
    return picture.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)


def shrunk(picture: Image.Image, low: Image.Image | None, layout: str, shape: Frame, fit: str = PAD) -> Decoded:
    """A decoded picture, turned upright and shrunk: to fit into the shape with its own proportions (`PAD`), or to fill
    it, either its middle (`CROP`) or the whole, distorted (`STRETCH`).

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
    size, area = _placed(picture.size, box, fit)
    # As `reducing_gap=3` of Pillow's `resize` does it: whole blocks first, then a smooth filter.
    factor = (int((area[2] - area[0]) / size[0] / 3.0) or 1, int((area[3] - area[1]) / size[1] / 3.0) or 1)
    area = (area[0] / factor[0], area[1] / factor[1], area[2] / factor[0], area[3] / factor[1])
    convert, parts = _conversion(picture, layout, shape.colour)
    reduced = _reduced(picture, low, convert, factor)
    if picture.mode == "F" or parts == "deep":
        return _deep(picture, reduced, area, size, turn)
    (whole,) = reduced
    small = np.asarray(_resized(whole, area, size, turn), dtype=np.uint8)
    if parts == "plain":
        return Decoded(small)
    opacity = small[..., -1].astype(np.float32) / np.float32(255)
    values = small[..., :3] if shape.colour else small[..., 0]
    return Decoded(values) if opacity.min() == 1.0 else Decoded(values, opacity, transparent=True)


_Area = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a picture, in pixels."""


def _placed(picture: tuple[int, int], box: tuple[int, int], fit: str) -> tuple[tuple[int, int], _Area]:
    """The size that a picture gets, and the part of it that is kept. All sizes are width and height."""
    (width, height), (wide, high) = picture, box
    if fit == STRETCH:
        return box, (0.0, 0.0, width, height)
    if fit == CROP:
        kept = min(width, height * wide / high), min(height, width * high / wide)
        left, top = (width - kept[0]) / 2, (height - kept[1]) / 2
        return box, (left, top, left + kept[0], top + kept[1])
    scale = min(wide / width, high / height)
    return (max(1, round(width * scale)), max(1, round(height * scale))), (0.0, 0.0, width, height)


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


def _resized(reduced: Image.Image, area: _Area, size: tuple[int, int], turn: Image.Transpose | None) -> Image.Image:
    """A part of a reduced picture in its final size, upright."""
    small = reduced.resize(size, Image.Resampling.BICUBIC, box=area)
    return small if turn is None else small.transpose(turn)


# More than 8 bits


def _deep(
    picture: Image.Image,
    reduced: list[Image.Image],
    area: _Area,
    size: tuple[int, int],
    turn: Image.Transpose | None,
) -> Decoded:
    """A picture of more than 8 bits from its averaged channels and opacity."""
    *channels, opacity = (np.asarray(part) for part in reduced)
    known = opacity > 0.5
    seen = np.concatenate([channel[known] / opacity[known] for channel in channels[:: 1 if len(channels) == 3 else 3]])
    small = [np.asarray(_resized(part, area, size, turn)) for part in reduced]
    share = np.clip(small[-1], 0.0, 1.0)
    ends = {"F": (1.0, 255.0, 65535.0), "I": (255.0, 65535.0)}.get(picture.mode, (65535.0,))
    return Decoded(
        values=np.stack(small[:-1], axis=-1) if len(small) > 2 else small[0],
        opacity=None if share.min() >= 1.0 else share,
        transparent=picture.mode not in ("F", "I") and bool(share.min() < 1.0),
        sample=deep_pictures.sample(seen),
        ends=ends,
    )

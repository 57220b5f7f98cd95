"""Film exports: a GIF that plays forth and back, a strip of frames, a zip of single pictures. Grey or colour.

A *film* is several pictures in order, `uint8` [N, H, W] or [N, H, W, 3].
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.images import convert

TITLE_HEIGHT = 22
"""Pixels of the line of titles above pictures."""


def titles(texts: Sequence[str], width: int, gap: int = 0) -> np.ndarray:
    """A line of titles, white on black, uint8 [TITLE_HEIGHT, N · width + (N − 1) · gap]: one above each of N pictures
    of that width, in a size at which the longest fits."""
    line = Image.new("L", (len(texts) * width + (len(texts) - 1) * gap, TITLE_HEIGHT), 0)
    pen = ImageDraw.Draw(line)
    size = next((s for s in range(15, 7, -1) if max(_length(text, s) for text in texts) <= width - 4), 7)
    for k, text in enumerate(texts):
        place = (k * (width + gap) + width / 2, TITLE_HEIGHT / 2)
        pen.text(place, text, fill=255, anchor="mm", font=ImageFont.load_default(size))
    return np.asarray(line)


def _length(text: str, size: int) -> float:
    return ImageFont.load_default(size).getlength(text)


def gif(film: np.ndarray, scale: int = 6, milliseconds: int = 50, above: np.ndarray | None = None) -> bytes:
    """An endless GIF that plays a film forth and back, each pixel a square of `scale`; `above`: a line of `titles` of
    the enlarged film's width.

    The 256 colours of a GIF hold every grey level exactly. Colours are reduced to the 256 nearest ones of each frame,
    without dithering, which would flicker.
    """
    large = np.asarray(film, np.uint8).repeat(scale, axis=1).repeat(scale, axis=2)
    if above is not None:
        line = above if large.ndim == 3 else above[..., None].repeat(large.shape[3], axis=2)
        large = np.concatenate([np.broadcast_to(line, (len(large), *line.shape)), large], axis=1)
    first, *rest = [_indexed(frame) for frame in np.concatenate([large, large[-2:0:-1]])]
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0, optimize=False)
    return buffer.getvalue()


def _indexed(frame: np.ndarray) -> Image.Image:
    picture = Image.fromarray(frame)
    if picture.mode == "L":
        return picture
    return picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def side_by_side(films: Sequence[np.ndarray], gap: int = 2) -> np.ndarray:
    """Films of equal length and height beside each other as one film, with black columns `gap` pixels wide between."""
    count, height, _, *channels = films[0].shape
    space = np.zeros((count, height, gap, *channels), np.uint8)
    return np.concatenate([part for film in films for part in (film, space)][:-1], axis=2)


def strip(films: Sequence[np.ndarray], columns: int, scale: int = 2, names: Sequence[str] = ()) -> bytes:
    """PNG with a row for each film: `columns` frames spread evenly from its first to its last, each film below its
    name where there are `names`."""
    count = len(films[0])
    shown = np.linspace(0, count - 1, min(columns, count)).round().astype(int)
    rows = [convert.tile(film[shown], len(shown)).repeat(scale, 0).repeat(scale, 1) for film in films]
    if names:
        lines = [titles([name], rows[0].shape[1]) for name in names]
        if rows[0].ndim == 3:
            lines = [line[..., None].repeat(3, axis=2) for line in lines]
        rows = [part for pair in zip(lines, rows, strict=True) for part in pair]
    return convert.png(np.concatenate(rows))


def zipped(films: dict[str, np.ndarray], scale: int = 1) -> bytes:
    """A zip with a folder for each film and a PNG for each frame, `lerp/000.png` and so on."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # PNG is compressed already
        for name, film in films.items():
            for k, frame in enumerate(film):
                archive.writestr(f"{name}/{k:03d}.png", convert.png(frame, scale))
    return buffer.getvalue()

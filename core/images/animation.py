"""Film exports: a GIF that plays forth and back, a strip of frames, a zip of single pictures. Grey or colour.

A *film* is several pictures in order, `uint8` [N, H, W] or [N, H, W, 3].
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import numpy as np
from PIL import Image

from core.images import convert


def gif(film: np.ndarray, scale: int = 6, milliseconds: int = 50) -> bytes:
    """An endless GIF that plays a film forth and back, each pixel a square of `scale`.

    The 256 colours of a GIF hold every grey level exactly. Colours are reduced to the 256 nearest ones of each frame,
    without dithering, which would flicker.
    """
    large = np.asarray(film, np.uint8).repeat(scale, axis=1).repeat(scale, axis=2)
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


def strip(films: Sequence[np.ndarray], columns: int, scale: int = 2) -> bytes:
    """PNG with a row for each film: `columns` frames spread evenly from its first to its last."""
    count = len(films[0])
    shown = np.linspace(0, count - 1, min(columns, count)).round().astype(int)
    return convert.png(convert.tile(np.concatenate([film[shown] for film in films]), len(shown)), scale)


def zipped(films: dict[str, np.ndarray], scale: int = 1) -> bytes:
    """A zip with a folder for each film and a PNG for each frame, `lerp/000.png` and so on."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # PNG is compressed already
        for name, film in films.items():
            for k, frame in enumerate(film):
                archive.writestr(f"{name}/{k:03d}.png", convert.png(frame, scale))
    return buffer.getvalue()

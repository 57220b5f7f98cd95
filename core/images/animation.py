"""Frames as files to take away: a GIF that plays forth and back, a strip, a zip of single pictures."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import numpy as np
from PIL import Image

from core.images import convert


def gif(frames: np.ndarray, scale: int = 6, milliseconds: int = 50) -> bytes:
    """An endless GIF of grey frames `uint8` [N, h, w], forth and back, each pixel a square of `scale`.

    Every grey level is kept: a GIF's 256 colours are enough for them.
    """
    large = np.asarray(frames, np.uint8).repeat(scale, axis=1).repeat(scale, axis=2)
    first, *rest = [Image.fromarray(frame) for frame in np.concatenate([large, large[-2:0:-1]])]
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0, optimize=False)
    return buffer.getvalue()


def side_by_side(films: Sequence[np.ndarray], gap: int = 2) -> np.ndarray:
    """Films of equal length, each `uint8` [N, h, w], as one film [N, h, W]."""
    space = np.zeros((*films[0].shape[:2], gap), np.uint8)
    return np.concatenate([part for film in films for part in (film, space)][:-1], axis=2)


def strip(films: Sequence[np.ndarray], columns: int, scale: int = 2) -> bytes:
    """PNG with a row per film [N, 28, 28]: `columns` frames spread evenly from its first to its last."""
    count = len(films[0])
    shown = np.linspace(0, count - 1, min(columns, count)).round().astype(int)
    return convert.png(convert.tile(np.concatenate([film[shown] for film in films]), len(shown)), scale)


def zipped(films: dict[str, np.ndarray], scale: int = 1) -> bytes:
    """A zip with a folder per film and a PNG per frame, `lerp/000.png` and so on."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # PNG is packed already
        for name, film in films.items():
            for k, frame in enumerate(film):
                archive.writestr(f"{name}/{k:03d}.png", convert.png(frame, scale))
    return buffer.getvalue()

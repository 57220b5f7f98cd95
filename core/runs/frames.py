"""The picture taken after every epoch: what a run's frames hold and how they are laid out.

One PNG sheet of 12 × 6 tiles: fixed test images, their reconstructions, and 48 samples from fixed latents. The same
images and latents in every frame, so that the frames of a run make a film.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from core.images.convert import SIDE, png, tile

COLUMNS = 12
SAMPLES = 48


def compose(originals: np.ndarray, reconstructions: np.ndarray, samples: np.ndarray) -> bytes:
    """A frame as PNG, from `uint8` [12, 28, 28], [12, 28, 28] and [48, 28, 28]."""
    return png(tile(np.concatenate([originals, reconstructions, samples]), COLUMNS))


def split(frame: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The inverse of `compose`.

    Raises:
        ValueError: no such picture.
    """
    try:
        sheet = np.asarray(Image.open(io.BytesIO(frame)).convert("L"))
    except (OSError, Image.DecompressionBombError) as error:
        raise ValueError(f"This frame is no picture ({error}).") from None
    rows = 2 + SAMPLES // COLUMNS
    if sheet.shape != (rows * SIDE, COLUMNS * SIDE):
        raise ValueError(
            f"This frame measures {sheet.shape[1]} × {sheet.shape[0]} pixels, not {COLUMNS * SIDE} × {rows * SIDE}."
        )
    tiles = sheet.reshape(rows, SIDE, COLUMNS, SIDE).transpose(0, 2, 1, 3).reshape(-1, SIDE, SIDE)
    return tiles[:COLUMNS], tiles[COLUMNS : 2 * COLUMNS], tiles[2 * COLUMNS :]

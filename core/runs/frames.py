"""The frame of an epoch: one PNG sheet of 12 × 6 tiles with test images, reconstructions and samples.

Row 1 holds 12 fixed test images (where there are fewer, they begin again), row 2 their reconstructions, rows 3 to 6 the
48 samples from fixed latents. Images and latents are the same in every frame, so that the frames of a run make a film.
Tiles have the run's image shape, grey or colour, and no gaps.
"""

from __future__ import annotations

import re
import struct

import numpy as np

from core.images.convert import ImageError, from_png, png, tile, untile
from core.images.shape import GREY_28, ImageShape

COLUMNS = 12
"""Tiles in a row; test images and reconstructions fill one row each."""

SAMPLES = 48
"""Samples from fixed latents, the rows below."""


ALL_KEPT = 200
"""Epochs that all keep their frame; later ones keep fewer (`is_kept`)."""


EARLY = (0.125, 0.25, 0.5)
"""Parts of the first epoch after which a long first epoch has a frame as well: a model learns most in it."""

LONG_EPOCH = 100
"""Batches from which on the first epoch is a long one."""

NAME = r"[0-9]{4,6}(?:\.(?:125|250|500))?\.png"
"""Pattern of a frame's file name: the epoch, with three decimals for a part of the first one."""


def file_name(epoch: float) -> str:
    """`0007.png`, or `0000.125.png` for a part of the first epoch."""
    return f"{epoch:04.0f}.png" if epoch == int(epoch) else f"{epoch:08.3f}.png"


def epoch_of(file: str) -> float | None:
    """The epoch of a frame by its file name, an int where it is whole; None for another file."""
    if not re.fullmatch(NAME, file):
        return None
    epoch = float(file.removesuffix(".png"))
    return int(epoch) if epoch == int(epoch) else epoch


def is_kept(epoch: float) -> bool:
    """Whether a run keeps the frame of that epoch once a newer one is there.

    The first 200 epochs all do, then every second up to 400, every fourth up to 800, and so on: a run of a million
    epochs has about 1,500 frames.
    """
    every = 1
    while epoch > ALL_KEPT * every:
        every *= 2
    return epoch < 1 or epoch % every == 0


def compose(originals: np.ndarray, reconstructions: np.ndarray, samples: np.ndarray) -> bytes:
    """A frame as PNG, from 12, 12 and 48 pictures, `uint8` [N, H, W] or [N, H, W, 3]."""
    return png(tile(np.concatenate([originals, reconstructions, samples]), COLUMNS))


def most_bytes(shape: ImageShape) -> int:
    """Largest size of a frame's file: somewhat more than its pixels, which PNG may fail to compress."""
    width, height = _size(shape)
    return 65_536 + height * (1 + width * shape.channels) * 5 // 4


def check(frame: bytes, shape: ImageShape) -> None:
    """Check that a frame is a whole PNG of the size that a run's frames have; its header is read before its pixels.

    Raises:
        ValueError: it is not; the message is a sentence.
    """
    split(frame, shape)


def split(frame: bytes, shape: ImageShape = GREY_28) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The originals, reconstructions and samples of a frame: the inverse of `compose`.

    Args:
        shape: of the run's images.
    Raises:
        ValueError: not a PNG, or one of another size or another number of channels.
    """
    width, height = _size(shape)
    header = frame[:24]  # signature, length and name of the first chunk, then width and height
    if len(header) == 24 and header[12:16] == b"IHDR":
        have = struct.unpack(">II", header[16:])
        if have != (width, height):
            raise ValueError(f"This frame measures {have[0]} × {have[1]} pixels, not {width} × {height}.")
    try:
        sheet = from_png(frame)
    except ImageError as error:
        raise ValueError(f"This frame is not a readable picture ({error.__cause__}).") from None
    tiles = untile(sheet, shape)
    return tiles[:COLUMNS], tiles[COLUMNS : 2 * COLUMNS], tiles[2 * COLUMNS :]


def different(originals: np.ndarray) -> int:
    """Number of the originals of a frame before they begin again, as they do where a set has fewer than 12."""
    repeats = (n for n in range(1, len(originals)) if np.array_equal(originals[n:], originals[:-n]))
    return next(repeats, len(originals))


def _size(shape: ImageShape) -> tuple[int, int]:
    """Width and height of a frame, in pixels."""
    return COLUMNS * shape.width, (2 + SAMPLES // COLUMNS) * shape.height

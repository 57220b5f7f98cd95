"""`digits`: scikit-learn's small handwritten digits, enlarged to any shape."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from core.data.image_set import DataError, ImageSet, spread
from core.data.registry import DIGIT_NAMES
from core.images.convert import to_uint8
from core.images.shape import GREY_28, ImageShape


@lru_cache(maxsize=4)
def make(shape: ImageShape = GREY_28) -> ImageSet:
    """scikit-learn's 1,797 digits, 1,500 training and 297 test images, in any shape.

    The originals have 8 × 8 pixels. A margin of one pixel, a bicubic enlargement and twice the contrast give them the
    soft but firm strokes of MNIST. The enlarged digit is a square in the middle of the image. In colour, each digit is
    drawn in a hue of its own, which has nothing to do with its class.
    """
    small, labels = _digits_table()
    side = min(shape.height, shape.width)
    top, left = (shape.height - side) // 2, (shape.width - side) // 2
    grey = np.zeros((len(small), shape.height, shape.width), dtype=np.uint8)
    for i, picture in enumerate(np.pad(small / np.float32(16), ((0, 0), (1, 1), (1, 1)))):
        large = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC))
        grey[i, top : top + side, left : left + side] = to_uint8(2.0 * large - 0.45)
    images = _inked(grey) if shape.colour else grey
    test = spread(labels, 297)
    train = np.setdiff1d(np.arange(len(labels)), test)
    return ImageSet("digits", images[train], labels[train], images[test], labels[test], DIGIT_NAMES)


def _inked(grey: np.ndarray) -> np.ndarray:
    """Grey pictures [N, H, W] in colour, [N, H, W, 3]: one hue for each, on black, the same on every machine."""
    hues = np.random.RandomState(0).randint(0, 256, len(grey))
    hsv = np.stack([hues, np.full(len(grey), 170), np.full(len(grey), 255)], axis=1).astype(np.uint8)
    colours = np.asarray(Image.fromarray(hsv[None], "HSV").convert("RGB"))[0]
    mixed: np.ndarray = np.rint(grey[..., None] * (colours[:, None, None] / np.float32(255)))
    return mixed.astype(np.uint8)


def _digits_table() -> tuple[np.ndarray, np.ndarray]:
    """Grey levels `float32` [1797, 8, 8] from 0 to 16 and labels `int64` [1797].

    `import sklearn.datasets` takes nearly three seconds, reading the table five milliseconds: so the file of
    `load_digits` is read directly, and `load_digits` is called only if that file is not found.
    """
    spec = find_spec("sklearn")
    try:
        folder = Path(next(iter((spec and spec.submodule_search_locations) or ())))
        table = np.loadtxt(folder / "datasets" / "data" / "digits.csv.gz", delimiter=",", dtype=np.float32)
        pixels, labels = table[:, :64].reshape(1_797, 8, 8), table[:, 64]
    except (StopIteration, OSError, ValueError, IndexError):
        try:
            from sklearn.datasets import load_digits
        except ImportError as error:
            raise DataError(
                "The digits come with scikit-learn, which is not installed. Run the build again."
            ) from error
        pixels, labels = (array.astype(np.float32) for array in (load_digits().images, load_digits().target))
    return pixels, labels.astype(np.int64)

"""Made-up pictures and their files, for the tests of images."""

import io

import numpy as np
from PIL import Image

from core.images.shape import ImageShape


def made_up(shape: ImageShape, n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape.picture), dtype=np.uint8)


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()

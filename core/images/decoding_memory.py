"""Memory for decoding pictures, shared by all threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from PIL import Image

from core.images import deep_pictures, shrinking

MEMORY = 600_000_000
"""Bytes for decoding, shared by all threads; a picture that needs more is decoded alone."""

_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}
_DECODERS = {"WEBP": 4, "AVIF": 8, "JPEG2000": 12}  # bytes a pixel that the library behind Pillow takes besides


def reserve(picture: Image.Image) -> AbstractContextManager[None]:
    """Hold what decoding a picture takes of `MEMORY`; waits while other pictures hold too much of it."""
    return _memory.take(_bytes_needed(picture))


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
    return picture.width * picture.height * a_pixel + 16 * min(shrinking.STRIP, picture.width * picture.height)

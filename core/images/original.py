"""What a picture was before it was fitted into an image shape: its size, and a digest by which it is known.

The digest follows the picture and not what becomes of it: it is the same in grey and in colour and at every size, under
every name, and for copies that other programs saved again without loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from PIL import Image

DIGEST_BYTES = 16
"""Bytes of a digest: two of a million pictures share one by chance with a probability of 10⁻²⁷."""

STRIP = 500_000
"""Pixels that are converted at once."""

_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
"""Modes of 8 bits, in which one picture has the same colours."""

_START, _SCAN, _ALONE = 0xD8, 0xDA, (0x01, *range(0xD0, 0xD9))
_METADATA = (*range(0xE0, 0xF0), 0xFE)


@dataclass(frozen=True, slots=True)
class Original:
    """A picture as its file holds it.

    Attributes:
        digest: 16 bytes that are the same for the same picture. height, width: upright, in pixels; 0: not known.
        frames: of the animation that it is the first of. profile: name of its colour profile; empty for none and sRGB.
    """

    digest: bytes = b""
    height: int = 0
    width: int = 0
    frames: int = 1
    profile: str = ""


def of_array(values: np.ndarray) -> bytes:
    """Digest of a picture in an array of numbers of any type; one of `uint8` is that of the same picture in a file."""
    if values.dtype == np.uint8:
        return of_pixels(Image.fromarray(np.ascontiguousarray(values)))
    found = blake2b(f"{values.dtype.kind} {values.shape}".encode(), digest_size=DIGEST_BYTES)
    found.update(np.ascontiguousarray(values, values.dtype.newbyteorder("=")).data)
    return found.digest()


def of_picture(picture: Image.Image, source: bytes | str | Path) -> bytes:
    """Digest of a picture that was loaded.

    Args:
        source: its file. Formats that Pillow decodes at a fraction of their size (JPEG) are known by their bytes.
    """
    if type(picture).draft is Image.Image.draft:
        return of_pixels(picture)
    content = source if isinstance(source, bytes) else Path(source).read_bytes()
    return blake2b(without_metadata(content), digest_size=DIGEST_BYTES).digest()


def of_pixels(picture: Image.Image) -> bytes:
    """Digest of a picture's colours and transparency; of one with more than 8 bits, of its values."""
    usual = picture.mode in _MODES
    width, height = picture.size
    found = blake2b(f"{'' if usual else picture.mode} {width} {height}".encode(), digest_size=DIGEST_BYTES)
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        strip = picture if rows >= height else picture.crop((0, top, width, min(height, top + rows)))
        found.update((strip.convert("RGBA") if usual and strip.mode != "RGBA" else strip).tobytes())
    return found.digest()


def without_metadata(content: bytes) -> bytes:
    """A JPEG file without its notes (EXIF, XMP, comments), which programs change when they turn or rate a picture; any
    other content as it is."""
    if content[:2] != bytes((0xFF, _START)):
        return content
    kept, at = [content[:2]], 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        kind = content[at + 1]
        if kind == 0xFF:  # filling
            at += 1
            continue
        if kind == _SCAN:  # the picture itself, to the end
            return b"".join([*kept, content[at:]])
        length = 2 if kind in _ALONE else 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if kind not in _METADATA:
            kept.append(content[at : at + length])
        at += length
    return content

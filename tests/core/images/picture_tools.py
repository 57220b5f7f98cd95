"""Made-up pictures and their files, for the tests of images."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from core.images.shape import ImageShape


def made_up(shape: ImageShape, n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape.picture), dtype=np.uint8)


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png_file(values: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of 16 bits, of grey, grey and opacity, or colours [H, W, 1 to 4], which Pillow does not write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, (0, 4, 2, 6)[channels - 1], 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def tiff_file(*pages: np.ndarray, planes: bool = False, **tags: int) -> bytes:
    """An uncompressed little-endian TIFF of pages [H, W] or [H, W, C], of any type of numbers.

    Args:
        planes: whether each channel is stored by itself. tags: further ones, as `t262=0`.
    """
    out, link = bytearray(b"II*\0\0\0\0\0"), 4
    for page in pages:
        height, width, *channels = page.shape
        count, kind = (channels or [1])[0], {"u": 1, "i": 2, "f": 3}[page.dtype.kind]
        pixels = (np.moveaxis(page, -1, 0) if planes else page).astype(page.dtype.newbyteorder("<")).tobytes()
        start, size, each = len(out), len(pixels), count if planes else 1
        fields = {256: [width], 257: [height], 258: [8 * page.dtype.itemsize] * count, 259: [1]}
        fields |= {262: [2 if count > 2 else 1], 273: [start + i * size // each for i in range(each)], 277: [count]}
        fields |= {278: [height], 279: [size // each] * each, 284: [2 if planes else 1], 339: [kind] * count}
        fields |= {int(name[1:]): [value] for name, value in tags.items()}
        out += pixels + bytes(size % 2)
        entries = b""
        for tag, values in sorted(fields.items()):
            body = struct.pack(f"<{len(values)}I", *values)
            if len(values) > 1:
                body, out = struct.pack("<I", len(out)), out + body
            entries += struct.pack("<HHI", tag, 4, len(values)) + body
        out[link : link + 4] = struct.pack("<I", len(out))
        out += struct.pack("<H", len(fields)) + entries + bytes(4)
        link = len(out) - 4
    return bytes(out)

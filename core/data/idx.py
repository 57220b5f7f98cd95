"""Reader of idx files, the format of MNIST: a short header, then raw bytes (yann.lecun.com/exdb/mnist)."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

MAX_ITEMS = 10_000_000
"""Items in a file, at most: a header that claims more is damaged."""

MAX_BYTES = 8_000_000_000
"""Bytes in a file, at most, unpacked."""


class IdxError(ValueError):
    """A file in another format than its name promises, or a damaged one: one sentence with its name."""


def read(path: Path, dimensions: int) -> np.ndarray:
    """The array in an idx file of unsigned bytes, plain or packed with gzip (by its name's `.gz`).

    Args:
        dimensions: 3 for images [N, rows, columns], 1 for labels [N].
    Returns:
        `uint8` array of that many dimensions.
    Raises:
        IdxError: another format, cut off, or too long. OSError: cannot be read at all.
    """
    length = 4 + 4 * dimensions
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        try:
            header = file.read(length)
            if len(header) < length or header[:4] != bytes((0, 0, 8, dimensions)):
                kind = "images" if dimensions == 3 else "labels"
                raise IdxError(f"{path.name} is not a file of {kind} in MNIST's format.")
            shape = tuple(int(n) for n in np.frombuffer(header, ">u4", offset=4))
            count = int(np.prod(shape, dtype=object))
            if shape[0] > MAX_ITEMS or count > MAX_BYTES:
                raise IdxError(f"{path.name} claims to hold {shape[0]:,} items, which cannot be true.")
            if path.suffix == ".gz":
                content = np.frombuffer(file.read(count + 1), np.uint8)
            else:  # directly into the array: 47 MB in about 10 ms
                content = np.fromfile(file, np.uint8, count + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise IdxError(f"{path.name} is damaged or cut off.") from error
    if content.size < count:
        raise IdxError(f"{path.name} is cut off: it should hold {count:,} bytes and holds {content.size:,}.")
    if content.size > count:
        raise IdxError(f"{path.name} is longer than its header says.")
    return content.reshape(shape)

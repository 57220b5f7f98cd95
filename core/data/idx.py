"""Reader of idx files, the format of MNIST: a short header, then raw bytes (yann.lecun.com/exdb/mnist)."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

MAX_ITEMS = 10_000_000
"""Items in a file, at most: a header that claims more is damaged."""

MAX_BYTES = 1_000_000_000
"""Bytes in a file, at most, unpacked."""


class IdxError(ValueError):
    """A file in another format than its name promises, or a damaged one: one sentence with its name."""


BYTES, INTEGERS = 8, 12
"""Third byte of a file of unsigned bytes, and of one of 32-bit integers."""

_TYPES: dict[int, np.dtype[Any]] = {BYTES: np.dtype(np.uint8), INTEGERS: np.dtype(">i4")}


def read(path: Path, dimensions: int, kind: int = BYTES) -> np.ndarray:
    """The array in an idx file, plain or packed with gzip.

    Args:
        dimensions: 3 for images [N, rows, columns], 1 for labels [N], 2 for a table [N, columns].
        kind: `BYTES` or `INTEGERS`.
    Returns:
        `uint8` array of that many dimensions, or one of big-endian 32-bit integers.
    Raises:
        IdxError: another format, cut off, or too long. OSError: cannot be read at all.
    """
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"  # by content: browsers unpack files and keep their names
        room = path.stat().st_size
        file.seek(0)
        try:
            if packed:
                with gzip.GzipFile(fileobj=file) as unpacked:
                    return _array(path.name, unpacked, dimensions, kind, MAX_BYTES)
            return _array(path.name, file, dimensions, kind, room)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise IdxError(f"{path.name} is damaged or cut off.") from error


def _array(name: str, file: BinaryIO | gzip.GzipFile, dimensions: int, kind: int, room: int) -> np.ndarray:
    """The array in an open file.

    Args:
        room: bytes of the file, at most: a header that claims more is not believed.
    """
    length = 4 + 4 * dimensions
    header = file.read(length)
    if len(header) < length or header[:4] != bytes((0, 0, kind, dimensions)):
        doubt = "is damaged: it " if name.endswith(".gz") and not isinstance(file, gzip.GzipFile) else ""
        raise IdxError(f"{name} {doubt}{_other(header, dimensions)}.")
    shape = tuple(int(n) for n in np.frombuffer(header, ">u4", offset=4))
    count = int(np.prod(shape, dtype=object)) * _TYPES[kind].itemsize
    if shape[0] > MAX_ITEMS or count > MAX_BYTES:
        raise IdxError(f"{name} claims to hold {shape[0]:,} items, which cannot be true.")
    if count > room:
        raise IdxError(f"{name} is cut off: it should hold {count:,} bytes and holds {room - length:,}.")
    if isinstance(file, gzip.GzipFile):
        content = np.frombuffer(file.read(count + 1), np.uint8)
    else:  # directly into the array: 47 MB in about 10 ms
        content = np.fromfile(file, np.uint8, count + 1)
    if content.size < count:
        raise IdxError(f"{name} is cut off: it should hold {count:,} bytes and holds {content.size:,}.")
    if content.size > count:
        raise IdxError(f"{name} is longer than its header says.")
    return np.frombuffer(content, _TYPES[kind]).reshape(shape)


def _other(header: bytes, dimensions: int) -> str:
    """What a file is whose header is not that of `dimensions` dimensions of bytes."""
    kind = {3: "images", 1: "labels"}
    what = f"is not a file of {kind.get(dimensions, 'numbers')} in MNIST's format"
    if header[:4] == bytes((dimensions, 8, 0, 0)):
        return f"{what}: the bytes of its header are in reversed order"
    if header[:3] == b"\0\0\x08" and header[3:4] in (b"\1", b"\3"):
        return f"{what} but one of {kind[header[3]]}"
    if header[:2] == b"\0\0" and header[2:3] in (b"\x09", b"\x0b", b"\x0c", b"\x0d", b"\x0e"):
        return f"{what}: it holds numbers of another type than bytes"
    return what

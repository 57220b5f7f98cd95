"""Images in one file of numbers: NumPy's `.npz` and `.npy`, or IDX files as MNIST has them, plain or packed.

Arrays of images are N × H × W or N × H × W × C, of any type of number. Parts of the set and labels are known by their
names (`x_train` and `y_train`, `test_images` and `test_labels`), those of IDX files by the files beside them. Nothing
is unpickled, and no array is read whose header states more than fits.
"""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import IO, cast

import numpy as np

from core.data import picture_source
from core.data.image_set import DataError
from core.data.layout import TRAIN, Place, part_of
from core.data.picture_source import Content, Entry, Numbers
from core.images import levels
from core.images.pixel_choices import EACH, PixelChoices, as_text
from core.system.user_paths import shown

MAX_BYTES = 8_000_000_000
"""Bytes of an array, at most, unpacked."""

SAMPLE = 1_000_000
"""Values from which the range of an array is found."""

_IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_LABELS = re.compile(r"(?:^|[^a-z])(?:y|labels?|targets?|class(?:es)?)(?:[^a-z]|$)", re.I)


@dataclass(frozen=True)
class _Array:
    """An array that was found: its name, the shape that its header states, its type, and what reads it."""

    name: str
    shape: tuple[int, ...]
    kind: np.dtype[np.generic]
    read: Callable[[], np.ndarray]

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=object)) * self.kind.itemsize

    @property
    def images(self) -> bool:
        """Whether it can hold images."""
        channels = len(self.shape) == 3 or (len(self.shape) == 4 and self.shape[3] in (1, 2, 3, 4))
        return channels and self.kind.kind in "buif" and min(self.shape) > 0

    @property
    def labels(self) -> bool:
        """Whether it can hold one label for each image."""
        return len(self.shape) == 1 or (len(self.shape) == 2 and self.shape[1] == 1)


def is_array_file(name: str, head: bytes) -> bool:
    """Whether a file is one of numbers that is read: by its content, or by its ending where it is packed."""
    ending = name.lower()
    packed = head.startswith(b"\x1f\x8b") and (ending.endswith(("ubyte.gz", "idx.gz")) or "idx" in ending)
    return head.startswith(b"\x93NUMPY") or ending.endswith((".npz", ".npy")) or packed or _is_idx(head)


def _is_idx(head: bytes) -> bool:
    return head[:2] == b"\0\0" and len(head) > 4 and head[2] in _IDX_TYPES and head[3] in (1, 3, 4)


@dataclass(frozen=True)
class ArrayFile:
    """A file of numbers, and for IDX files those beside it that belong to the same set."""

    place: Path
    kind = "file"
    factors = None

    @cached_property
    def mark(self) -> tuple[Entry, ...]:
        """See `PictureSource.mark`."""
        found = []
        for file in _idx_family(self.place):
            try:
                status = file.stat()
            except OSError as error:
                raise _damaged(file) from error
            found.append(Entry(file.name, picture_source.stamp(status), status.st_size))
        return tuple(found)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """See `PictureSource.entries`."""
        return _read(self.place, self.mark)[0]

    @property
    def places(self) -> tuple[list[Place], tuple[str, ...]]:
        """See `PictureSource.places`."""
        return _read(self.place, self.mark)[1:]

    @contextmanager
    def open(self, choices: PixelChoices) -> Iterator[Content]:
        """See `PictureSource.open`."""
        arrays = {array.name: _load(self.place, array) for array in _image_arrays(self.place, _arrays(self.place))}
        low, high = _range(list(arrays.values()), choices)

        def content(entry: Entry) -> np.ndarray | Numbers:
            values: np.ndarray = arrays[entry.name.rpartition("/")[0]][entry.mark]
            values = values.reshape(values.shape[:2]) if values.shape[2:] == (1,) else values
            if values.dtype == np.uint8:
                return values
            ends = _ends(values) if choices.levels == EACH else (low, high)
            return Numbers(_to_levels(values, *ends), values)

        yield content

    def settled(self, choices: PixelChoices) -> tuple[PixelChoices, tuple[str, ...]]:
        """See `PictureSource.settled`."""
        found = _image_arrays(self.place, _arrays(self.place))
        if all(array.kind == np.uint8 for array in found) or choices.levels == EACH:
            return choices, ()
        low, high = _range([_load(self.place, array) for array in found], choices)
        used = as_text(low, high)
        return replace(choices, levels=used), (
            f"The numbers are of type {found[0].kind.name}: {used} become black to white.",
        )


def _to_levels(values: np.ndarray, low: float, high: float) -> np.ndarray:
    scaled = (np.nan_to_num(values.astype(np.float64), nan=low) - low) * (255.0 / (high - low))
    rounded: np.ndarray = np.rint(np.clip(scaled, 0.0, 255.0))
    return rounded.astype(np.uint8)


def _ends(values: np.ndarray) -> tuple[float, float]:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return (low, high) if high > low else (low, low + 1.0)


def _range(arrays: Sequence[np.ndarray], choices: PixelChoices) -> tuple[float, float]:
    """The values that become black and white, one range for all arrays."""
    if choices.range:
        return choices.range
    parts = [array.reshape(-1)[:: max(1, array.size // SAMPLE)] for array in arrays]
    values = np.concatenate(parts).astype(np.float64)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    whole = all(array.dtype.kind != "f" for array in arrays)
    return levels.range_of(values, (255.0, 65535.0) if whole and arrays[0].dtype.kind != "b" else (1.0, 255.0, 65535.0))


@lru_cache(maxsize=2)
def _read(place: Path, mark: tuple[Entry, ...]) -> tuple[tuple[Entry, ...], list[Place], tuple[str, ...]]:
    """Entries of the images, their places, and notes; `mark` keys the cache."""
    arrays = _arrays(place)
    found = _image_arrays(place, arrays)
    parts = {array.name: part_of(_spaced(array.name)) for array in found}
    if len(found) == 1 or TRAIN not in parts.values():
        parts = dict.fromkeys(parts, "")
    entries, places, said = list[Entry](), list[Place](), list[str]()
    for array in found:
        names = _names(place, array, arrays)
        size = array.size // array.shape[0]
        entries += [Entry(f"{array.name}/{i}", i, size) for i in range(array.shape[0])]
        shared = {name: Place(parts[array.name], name) for name in dict.fromkeys(names)}
        places += [shared[name] for name in names]
        part = f": the {parts[array.name]} set" if parts[array.name] else ""
        said.append(
            f"“{shown(array.name)}” holds {array.shape[0]:,} images of {array.shape[1]} × {array.shape[2]}{part}."
        )
    return tuple(entries), places, tuple(said)


def _spaced(name: str) -> str:
    return name.replace("t10k", "test").replace("_", " ").replace("-", " ")


def _image_arrays(place: Path, arrays: Sequence[_Array]) -> list[_Array]:
    """The arrays of images: those of the parts of the set, or the largest one.

    Raises:
        DataError: there is none.
    """
    found = [array for array in arrays if array.images]
    if not found:
        held = ", ".join(f"{shown(a.name)}: {' × '.join(map(str, a.shape)) or 'one number'}" for a in arrays[:4])
        raise DataError(
            f"“{shown(place.name)}” holds no array of images ({held or 'no array at all'}). Save them as N × H × W or "
            "N × H × W × C."
        )
    parted = [array for array in found if part_of(_spaced(array.name))]
    return parted or [max(found, key=lambda array: array.shape[0])]


def _names(place: Path, array: _Array, arrays: Sequence[_Array]) -> list[str | None]:
    """The class of each image of an array, by the labels of the same part and length; None for all without them.

    Raises:
        DataError: the labels are no whole numbers or texts, or those of that part are of another number.
    """
    part, count = part_of(_spaced(array.name)), array.shape[0]
    same = [one for one in arrays if one.labels and one is not array and part_of(_spaced(one.name)) == part]
    fitting = [one for one in same if one.shape[0] == count and one.kind.kind in "buifUS"]
    if not fitting:
        if told := next((one for one in same if _LABELS.search(one.name)), None):
            raise DataError(
                f"“{shown(place.name)}” holds {told.shape[0]:,} labels ({shown(told.name)}) for {count:,} images. Give "
                "each image one label."
            )
        return [None] * count
    labels = _load(place, max(fitting, key=lambda one: bool(_LABELS.search(one.name)))).reshape(-1)
    if labels.dtype.kind == "f":
        if not np.array_equal(labels, np.rint(labels)):
            return [None] * count
        labels = labels.astype(np.int64)
    elif labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "replace")
    return [str(label) for label in labels.tolist()]


def _load(place: Path, array: _Array) -> np.ndarray:
    if array.size > MAX_BYTES:
        raise DataError(
            f"“{shown(place.name)}” states that {shown(array.name)} has {array.size / 1e9:,.0f} GB. Up to "
            f"{MAX_BYTES / 1e9:.0f} GB are read."
        )
    try:
        return array.read()
    except (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile, MemoryError) as error:
        raise _damaged(place) from error


def _damaged(place: Path) -> DataError:
    return DataError(f"“{shown(place.name)}” is damaged, cut off or of another kind than its name says. Save it anew.")


def _arrays(place: Path) -> list[_Array]:
    """The arrays of a file, by their headers."""
    try:
        with open(place, "rb") as file:
            head = file.read(8)
        if head.startswith(b"PK"):
            return _of_npz(place)
        if head.startswith(b"\x93NUMPY"):
            with open(place, "rb") as file:
                shape, kind = _header(file)
            return [_Array(place.stem, shape, kind, lambda: np.load(place, mmap_mode="r", allow_pickle=False))]
        return [_of_idx(file) for file in _idx_family(place)]
    except (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
        raise _damaged(place) from error


def _of_npz(place: Path) -> list[_Array]:
    def reader(name: str) -> Callable[[], np.ndarray]:
        def read() -> np.ndarray:
            with np.load(place, allow_pickle=False) as file:
                return np.asarray(file[name])

        return read

    found = []
    with zipfile.ZipFile(place) as archive:
        for info in archive.infolist():
            if info.filename.endswith(".npy"):
                with archive.open(info) as file:
                    name = info.filename.removesuffix(".npy")
                    found.append(_Array(name, *_header(file), reader(name)))
    return found


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(file)
    return tuple(int(n) for n in shape), kind


# IDX


def _idx_family(place: Path) -> list[Path]:
    """The file itself, and for a file of images the labels and the other part beside it, where they are."""
    stem = re.sub(r"\.gz$", "", place.name, flags=re.I)
    if not re.search(r"images|idx3", stem, re.I):
        return [place]
    wanted = [stem]
    for one, other in (("train", "t10k"), ("train", "test"), ("t10k", "train"), ("test", "train")):
        if one in stem:
            wanted.append(stem.replace(one, other))
    wanted += [name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1") for name in wanted]
    found = [place]
    for name in dict.fromkeys(wanted[1:]):
        beside = (place.with_name(name), place.with_name(name + ".gz"))
        found += [file for file in beside if file.is_file() and file not in found][:1]
    return found


def _of_idx(file: Path) -> _Array:
    def opened() -> IO[bytes]:
        with open(file, "rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
        return cast(IO[bytes], gzip.open(file, "rb") if packed else open(file, "rb"))

    with opened() as stream:
        head = stream.read(4)
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _IDX_TYPES or not 1 <= head[3] <= 4:
            raise ValueError("no IDX file")
        shape = tuple(int(n) for n in np.frombuffer(stream.read(4 * head[3]), ">u4"))
    kind = np.dtype(_IDX_TYPES[head[2]])
    if len(shape) != head[3]:
        raise EOFError
    count = int(np.prod(shape, dtype=object))

    def read() -> np.ndarray:
        with opened() as stream:
            stream.read(4 + 4 * len(shape))
            content = stream.read(count * kind.itemsize)
        if len(content) < count * kind.itemsize:
            raise EOFError
        return np.frombuffer(content, kind).reshape(shape).astype(kind.newbyteorder("="), copy=False)

    return _Array(re.sub(r"\.gz$", "", file.name, flags=re.I), shape, kind, read)

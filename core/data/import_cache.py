"""Cache of sets that take long to read: a set that was made of a folder or an archive, in one file.

The file holds a line of JSON and the arrays as they are in memory, so that 180 MB are there again in a third of a
second and are written without a copy. Images that would fill the memory (`memory.most_for_images`) are not read but
mapped: they stay on the disk, and the system reads those that are used and keeps as many of them as it has room for.
Its name is a digest of the source's files, of the image shape and of the pixel
choices.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np

from core.data.factors import Factor, Factors
from core.data.image_set import DataError, ImageSet
from core.data.picture_source import Entry
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from core.system import cache, memory, paths
from core.system.atomic_files import write_atomic

FORMAT = "latent-lab-images-3"

MOST, MOST_BYTES = 8, 8_000_000_000
"""Sets that are kept, and their bytes in all; the least recently used are deleted."""

BLOCK_BYTES = 4_000_000
"""Bytes of the images that `gathered` copies at once."""

_ENDING = ".images"
_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels", "held_out")
_FACTORS = ("train", "test")
_TYPES = {"train_images": "|u1", "test_images": "|u1"}  # all others are <i8


def file_of(place: Path, mark: Sequence[Entry], shape: ImageShape, choices: PixelChoices) -> Path:
    """Path of the file that holds this set, or would."""
    files = "\n".join(f"{entry.name}\t{entry.mark}\t{entry.size}" for entry in mark)
    asked = f"{FORMAT} {shape.chw} {sorted(asdict(choices).items())}"
    name = cache.digest(os.fsencode(place), files.encode("utf-8", "surrogateescape"), asked)
    return paths.cache_folder() / f"imported-{name}{_ENDING}"


def is_mapped(size: int) -> bool:
    """Whether images of so many bytes stay on the disk."""
    return size > memory.most_for_images()


def room(count: int, picture: tuple[int, ...]) -> np.ndarray:
    """A place for images that are about to be read, `uint8` [count, H, W] or [count, H, W, 3]: in memory, or, where
    they would fill it, in a file of the cache folder that goes with the array.

    Raises:
        OSError: the cache folder is full or cannot be written to.
    """
    shape = (count, *picture)
    size = int(np.prod(shape, dtype=object))
    if not is_mapped(size):
        return np.empty(shape, np.uint8)
    paths.cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=paths.cache_folder(), prefix=".imported-") as file:
        # A full disk is an error here; later, in memory that is mapped, it would end the process.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            _fill(file, size)
        return np.memmap(file, np.uint8, "r+", shape=shape)


def gathered(parts: Sequence[np.ndarray], places: np.ndarray) -> np.ndarray:
    """The images at some places of several arrays that follow each other, `uint8` [N, H, W] or [N, H, W, 3], in a place
    of their own (`room`). They are copied block by block: the arrays may be larger than the memory.

    Args:
        places: `int64` [N], counted through all the arrays.
    Raises:
        DataError: the cache folder is full or cannot be written to.
    """
    try:
        found = room(len(places), parts[0].shape[1:])
    except OSError as error:
        raise DataError(cache.not_kept("The images")) from error
    starts = np.cumsum([0, *(len(part) for part in parts)])
    step = max(1, BLOCK_BYTES // max(1, int(np.prod(parts[0].shape[1:]))))
    for first in range(0, len(places), step):
        block = places[first : first + step]
        for start, part in zip(starts[:-1], parts, strict=True):
            inside = (block >= start) & (block < start + len(part))
            if inside.any():
                found[first + np.flatnonzero(inside)] = part[block[inside] - start]
    return found


def _fill(file: IO[bytes], size: int) -> None:
    block = bytes(1_000_000)
    for start in range(0, size, len(block)):
        file.write(block[: size - start])
    file.flush()


def save(path: Path, images: ImageSet, also: Path) -> bool:
    """Keep a set; whether it is there now.

    Args:
        also: a second name of it, under which it is asked for once its pixel choices are settled.
    """
    arrays = [np.ascontiguousarray(getattr(images, name)) for name in _ARRAYS]
    if images.factors:
        arrays += [np.ascontiguousarray(getattr(images.factors, part), np.uint8) for part in _FACTORS]
    facts = {
        "format": FORMAT,
        "name": images.name,
        "classes": images.classes,
        "skipped": images.skipped,
        "notes": images.notes,
        "pixels": asdict(images.pixels),
        "factors": [asdict(factor) for factor in images.factors.about] if images.factors else [],
        "shapes": [array.shape for array in arrays],
        "checksum": cache.digest(*arrays),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(facts).encode() + b"\n", rest=arrays)
    except OSError:
        return path.is_file()
    with contextlib.suppress(OSError):  # some disks have no second names: then the set is read once more
        if not also.exists():
            os.link(path, also)
    _delete_oldest(path.parent)
    return True


def load(path: Path) -> ImageSet | None:
    """The set in a file; None where there is none or it is damaged, so that it is read anew."""
    try:
        with open(path, "rb") as file:
            facts: dict[str, Any] = json.loads(file.readline(100_000_000))
            if facts["format"] != FORMAT:
                return None
            mapped = is_mapped(sum(int(np.prod(shape)) for shape in (facts["shapes"][0], facts["shapes"][2])))
            arrays = {
                name: _read(file, _TYPES.get(name, "<i8"), shape, mapped and name in _TYPES)
                for name, shape in zip(_ARRAYS, facts["shapes"], strict=False)
            }
            known = [_read(file, "|u1", shape, False) for shape in facts["shapes"][len(_ARRAYS) :]]
        if not mapped and facts["checksum"] != cache.digest(*arrays.values(), *known):  # else all of it would be read
            return None
        with contextlib.suppress(OSError):
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        return ImageSet(
            name=facts["name"],
            train_images=arrays["train_images"],
            train_labels=arrays["train_labels"],
            test_images=arrays["test_images"],
            test_labels=arrays["test_labels"],
            held_out=arrays["held_out"],
            classes=tuple(facts["classes"]),
            skipped=tuple((file, reason) for file, reason in facts["skipped"]),
            notes=tuple(facts["notes"]),
            pixels=PixelChoices(**facts["pixels"]),
            factors=_factors(facts["factors"], known),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _factors(about: Sequence[dict[str, Any]], known: Sequence[np.ndarray]) -> Factors | None:
    if not known:
        return None
    train, test = known
    factors = (factor | {"values": tuple(factor["values"]), "repeats": tuple(factor["repeats"])} for factor in about)
    return Factors(tuple(Factor(**factor) for factor in factors), train, test, ())


def _read(file: IO[bytes], kind: str, shape: Sequence[int], mapped: bool) -> np.ndarray:
    if mapped and np.prod(shape):
        array: np.ndarray = np.memmap(file, kind, "r", file.tell(), tuple(shape))
        file.seek(array.nbytes, os.SEEK_CUR)
        return array
    array = np.fromfile(file, kind, int(np.prod(shape)))
    return array.reshape(shape)


def _delete_oldest(folder: Path) -> None:
    """Delete the least recently used sets beyond the limits, and what a writing that broke off has left a day ago. Two
    names of one file count once."""
    for file in folder.glob(".imported-*"):
        with contextlib.suppress(OSError):
            if file.stat().st_mtime < time.time() - cache.LEFTOVERS_KEPT:
                file.unlink()
    found: dict[int, tuple[float, int, list[Path]]] = {}
    for file in folder.glob(f"imported-*{_ENDING}"):
        with contextlib.suppress(OSError):
            status = file.stat()
            kept = found.setdefault(status.st_ino or hash(file), (status.st_atime, status.st_size, []))
            kept[2].append(file)
    taken = 0
    for number, (_, size, files) in enumerate(sorted(found.values(), key=lambda one: -one[0])):
        taken += size
        if number and (number >= MOST or taken > MOST_BYTES):
            for file in files:
                with contextlib.suppress(OSError):
                    file.unlink()

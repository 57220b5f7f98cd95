"""Cache of sets that take long to read: a set that was made of a folder or an archive, in one file.

The file holds a line of JSON and the arrays as they are in memory, so that 180 MB are there again in a third of a
second and are written without a copy. Its name is a digest of the source's files, of the image shape and of the pixel
choices.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.data.image_set import ImageSet
from core.data.picture_source import Entry
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from core.system import cache, paths
from core.system.atomic_files import write_atomic

FORMAT = "latent-lab-images-1"

MOST, MOST_BYTES = 8, 8_000_000_000
"""Sets that are kept, and their bytes in all; the least recently used are deleted."""

_ENDING = ".images"
_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels", "held_out")
_TYPES = {"train_images": "|u1", "test_images": "|u1"}  # all others are <i8


def file_of(place: Path, mark: Sequence[Entry], shape: ImageShape, choices: PixelChoices) -> Path:
    """Path of the file that holds this set, or would."""
    files = "\n".join(f"{entry.name}\t{entry.mark}\t{entry.size}" for entry in mark)
    asked = f"{FORMAT} {shape.chw} {sorted(asdict(choices).items())}"
    name = cache.digest(os.fsencode(place), files.encode("utf-8", "surrogateescape"), asked)
    return paths.cache_folder() / f"imported-{name}{_ENDING}"


def save(path: Path, images: ImageSet, also: Path) -> bool:
    """Keep a set; whether it is there now.

    Args:
        also: a second name of it, under which it is asked for once its pixel choices are settled.
    """
    arrays = [np.ascontiguousarray(getattr(images, name)) for name in _ARRAYS]
    facts = {
        "format": FORMAT,
        "name": images.name,
        "classes": images.classes,
        "skipped": images.skipped,
        "notes": images.notes,
        "pixels": asdict(images.pixels),
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
            arrays = {
                name: _read(file, _TYPES.get(name, "<i8"), shape)
                for name, shape in zip(_ARRAYS, facts["shapes"], strict=True)
            }
        if facts["checksum"] != cache.digest(*arrays.values()):
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
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _read(file: Any, kind: str, shape: Sequence[int]) -> np.ndarray:
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

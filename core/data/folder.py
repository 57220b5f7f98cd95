"""A user's folder of pictures as a data set.

Sub-folders are classes, as is usual; pictures outside sub-folders have no class. Files that cannot be used are skipped
and listed with the reason, since of two thousand photos some are always damaged.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.data.image_set import DataError, ImageSet, spread
from core.images.convert import ImageError, from_file
from core.images.shape import GREY_28, ImageShape

MAX_FILES = 50_000
"""Files below a folder, at most: more are probably a whole disk, chosen by mistake."""

MAX_MEMORY = 4_000_000_000
"""Bytes of the images in memory, at most."""

_NOISE = {"thumbs.db", "desktop.ini"}

_Entry = tuple[str, int, int]
"""Path below the folder, time of change in ns, bytes; a size of −1 marks a folder that may not be read."""


def load(folder: str, shape: ImageShape = GREY_28) -> ImageSet:
    """The pictures below a folder, fitted into `shape`: about 5/6 training and 1/6 test images, the same everywhere.

    Read again only after a file was added, removed or changed. A single picture is both training and test image.

    Raises:
        DataError: no such folder, no usable picture in it, or too many files.
    """
    root = _root(folder)
    entries = tuple(_entries(root))
    if (size := len(entries) * shape.values) > MAX_MEMORY:
        raise DataError(
            f"“{root}” holds {len(entries):,} files; images of {shape} would take {size / 1e9:.1f} GB of memory. "
            f"Choose a smaller shape or fewer images (up to {MAX_MEMORY / 1e9:.0f} GB)."
        )
    return read(root, entries, shape)


def _root(folder: str) -> Path:
    text = folder.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]  # "Copy as path" of Windows adds quotes
    if not text:
        raise DataError("No folder is given. Type the path of a folder of images.")
    try:
        root = Path(text).expanduser().resolve()
        if root.is_dir():
            return root
        exists = root.exists()
    except (OSError, ValueError, RuntimeError):
        exists = False
    if exists:
        raise DataError(f"“{text}” is a file. Give the folder that holds the images.")
    raise DataError(f"There is no folder “{text}” on the computer that runs the lab. Check the path.")


def _entries(root: Path) -> list[_Entry]:
    """Every file below the folder in natural order, without hidden ones and loops of links."""
    found: list[_Entry] = []
    seen: set[str] = set()
    waiting: list[Path] = [root]
    links: list[Path] = []
    while waiting or links:
        # Links come last, so that a real folder gives its own name to the class.
        here = waiting.pop() if waiting else links.pop(0)
        real = os.path.realpath(here)
        if real in seen:
            continue
        seen.add(real)
        try:
            with os.scandir(here) as listing:
                for item in sorted(listing, key=lambda item: _natural(item.name)):
                    if item.name.startswith(".") or item.name.lower() in _NOISE:
                        continue
                    if _is_dir(item):
                        (links if item.is_symlink() else waiting).append(Path(item.path))
                    else:
                        found.append((os.path.relpath(item.path, root), *_stamp(item)))
        except OSError as error:
            if here == root:
                raise DataError(f"The folder “{root}” cannot be read ({error.strerror}).") from error
            found.append((os.path.relpath(here, root), 0, -1))
        if len(found) + len(seen) > MAX_FILES:
            raise DataError(f"“{root}” holds more than {MAX_FILES:,} files. Choose a folder with only the images.")
    return sorted(found, key=lambda entry: _natural(entry[0]))


def _is_dir(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link to itself
        return False


def _stamp(item: os.DirEntry[str]) -> tuple[int, int]:
    try:
        stat = item.stat()
        return stat.st_mtime_ns, stat.st_size
    except OSError:  # a link to nowhere, or gone since the listing
        return 0, 0


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key that puts `2.png` before `10.png`."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


@lru_cache(maxsize=2)
def read(root: Path, entries: tuple[_Entry, ...], shape: ImageShape = GREY_28) -> ImageSet:
    """The pictures of these files as a set; files that cannot be read are listed in `skipped`."""

    def one(entry: _Entry) -> np.ndarray | str:
        if entry[2] < 0:
            return "is a folder that may not be read"
        try:
            return from_file(root / entry[0], shape)
        except ImageError as error:
            return str(error)

    # Pillow releases the GIL while it decodes, so that several threads read a folder of photos several times faster.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        pictures = list(pool.map(one, entries))
    results = [(entry[0], picture) for entry, picture in zip(entries, pictures, strict=True)]
    skipped = tuple((name, why) for name, why in results if isinstance(why, str))
    good = [(Path(name), image) for name, image in results if not isinstance(image, str)]
    if not good:
        if not skipped:
            raise DataError(f"The folder “{root}” is empty. Put images into it or choose another one.")
        first = f"{skipped[0][0]} {skipped[0][1]}"
        more = f", and {len(skipped) - 1:,} more" if len(skipped) > 1 else ""
        raise DataError(f"None of the files in “{root}” is a usable image ({first}{more}). Choose another folder.")

    class_names = [path.parts[0] if len(path.parts) > 1 else None for path, _ in good]
    classes = tuple(dict.fromkeys(name for name in class_names if name is not None))
    number = {name: i for i, name in enumerate(classes)}
    images = np.stack([image for _, image in good])
    labels = np.array([-1 if name is None else number[name] for name in class_names], dtype=np.int64)
    if len(images) == 1:
        train = test = np.array([0])
    else:
        test = spread(labels, max(1, round(len(images) / 6)))
        train = np.setdiff1d(np.arange(len(images)), test)
    return ImageSet("folder", images[train], labels[train], images[test], labels[test], classes, skipped)

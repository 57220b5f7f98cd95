"""A user's own folder of images as a data set.

Sub-folders are classes, as everywhere in the field; pictures that lie in no sub-folder have no class. What
cannot be used is named with its reason and skipped, since in a folder of two thousand photos three are always
broken.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.data.image_set import DataError, ImageSet, spread
from core.images.convert import SIDE, ImageError, from_file

MAX_FILES = 50_000
"""More files are refused: somebody chose a whole disk by mistake."""

_NOISE = {"thumbs.db", "desktop.ini"}

# (path below the folder, time of change in ns, bytes): what tells an unchanged folder from a changed one.
_Entry = tuple[str, int, int]


def load(folder: str) -> ImageSet:
    """The pictures below a folder, about five sixths to train and a sixth to test, the same on every machine.

    Read again only when a file was added, removed or changed. A single picture is both trained on and tested
    with.

    Raises:
        DataError: no such folder, nothing in it that is a picture, or far too much.
    """
    root = _root(folder)
    return read(root, tuple(_entries(root)))


def _root(folder: str) -> Path:
    text = folder.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]  # Windows' "Copy as path" brings quotes along
    if not text:
        raise DataError("No folder is given. Type the path of a folder of images.")
    try:
        root = Path(text).expanduser().resolve()
        if root.is_dir():
            return root
        there = root.exists()
    except (OSError, ValueError, RuntimeError):
        there = False
    if there:
        raise DataError(f"“{text}” is a file. Give the folder that holds the images.")
    raise DataError(f"There is no folder “{text}” on the computer that runs the lab. Check the path.")


def _entries(root: Path) -> list[_Entry]:
    """Every file below the folder in natural order, hidden ones and loops of links left out."""
    found: list[_Entry] = []
    seen: set[str] = set()
    waiting, links = [root], []
    while waiting or links:
        # Links come last: a folder that is there in its own right keeps its own name as its class.
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


def _is_dir(item: os.DirEntry) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link to itself
        return False


def _stamp(item: os.DirEntry) -> tuple[int, int]:
    try:
        stat = item.stat()
        return stat.st_mtime_ns, stat.st_size
    except OSError:  # a link to nowhere, or gone since the listing
        return 0, 0


def _natural(name: str) -> list[tuple[int, str]]:
    """`2.png` before `10.png`."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


@lru_cache(maxsize=2)
def read(root: Path, entries: tuple[_Entry, ...]) -> ImageSet:
    """The pictures of these entries as a set; what cannot be read is named in `skipped`."""

    def one(entry: _Entry) -> np.ndarray | str:
        if entry[2] < 0:
            return "is a folder that may not be read"
        try:
            return from_file(root / entry[0])
        except ImageError as error:
            return str(error)

    # Pillow lets go of the GIL while it decodes, so a few threads read a folder of photos several times
    # faster.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        results = list(pool.map(one, entries))
    results = [(entry[0], result) for entry, result in zip(entries, results, strict=True)]
    skipped = tuple((name, why) for name, why in results if isinstance(why, str))
    good = [(Path(name), image) for name, image in results if not isinstance(image, str)]
    if not good:
        if not skipped:
            raise DataError(f"The folder “{root}” is empty. Put images into it or choose another one.")
        first = f"{skipped[0][0]} {skipped[0][1]}"
        more = f", and {len(skipped) - 1:,} more" if len(skipped) > 1 else ""
        raise DataError(f"None of the files in “{root}” is a usable image ({first}{more}). Choose another folder.")

    belongs = [path.parts[0] if len(path.parts) > 1 else None for path, _ in good]
    classes = tuple(dict.fromkeys(name for name in belongs if name is not None))
    number = {name: i for i, name in enumerate(classes)}
    images = np.stack([image for _, image in good]).reshape(-1, SIDE, SIDE)
    labels = np.array([-1 if name is None else number[name] for name in belongs], dtype=np.int64)
    if len(images) == 1:
        train = test = np.array([0])
    else:
        test = spread(labels, max(1, round(len(images) / 6)))
        train = np.setdiff1d(np.arange(len(images)), test)
    return ImageSet("folder", images[train], labels[train], images[test], labels[test], classes, skipped)

"""A user's folder of pictures as a data set.

Sub-folders are classes, or the training and test set with the classes inside them (`core/data/layout.py`); pictures
outside sub-folders have no class. Every page of a file with several is an image. Files that cannot be used are skipped
and listed with the reason, since of two thousand photos some are always damaged.
"""

from __future__ import annotations

import os
import re
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.data import holdout
from core.data.fingerprint import digests, keys
from core.data.image_set import DataError, ImageSet
from core.data.layout import TEST, TRAIN, VALIDATION, Place, places
from core.images import foreign_files, levels, picture_files
from core.images.convert import ImageError
from core.images.levels import Decoded
from core.images.pixel_choices import PixelChoices
from core.images.shape import GREY_28, ImageShape
from core.system.user_paths import existing, shown

MAX_FILES = 300_000
"""Files below a folder, at most: more are probably a whole disk, chosen by mistake."""

MAX_MEMORY = 4_000_000_000
"""Bytes of the images in memory, at most."""

KEPT = 2
"""Sets that stay in memory."""

_NOISE = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
_NOISE_FOLDERS = {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found"}

_Entry = tuple[str, int, int]
"""Path below the folder, mark of its last change, bytes; a size of −1 marks a folder that may not be read."""

_Key = tuple[Path, tuple[_Entry, ...], ImageShape, PixelChoices]

_kept: OrderedDict[_Key, ImageSet] = OrderedDict()
_lock = threading.Lock()
_reading: dict[_Key, threading.Lock] = {}


def load(folder: str, shape: ImageShape = GREY_28, choices: PixelChoices | None = None) -> ImageSet:
    """The pictures below a folder, fitted into `shape`.

    Training and test images are those of its `train` and `test` folders, else about 5/6 and 1/6, chosen by the
    content of each (`holdout`), so that an image keeps its role when the folder grows.
    Read again only after a file was added, removed or changed. A single picture is both training and test image.

    Args:
        choices: what becomes black and white; the set's `pixels` says what was used.
    Raises:
        DataError: no such folder, no usable picture in it, or too many files.
    """
    root = find(folder)
    entries = tuple(_entries(root))
    if (size := len(entries) * shape.values) > MAX_MEMORY:
        raise DataError(
            f"“{shown(root)}” holds {len(entries):,} files; images of {shape} would take {size / 1e9:.1f} GB of "
            f"memory. Choose a smaller shape or fewer images (up to {MAX_MEMORY / 1e9:.0f} GB)."
        )
    key = (root, entries, shape, choices or PixelChoices())
    with _lock:
        waiting = _reading.setdefault(key, threading.Lock())
    with waiting:  # two visitors who open the same folder read it once
        with _lock:
            if key in _kept:
                _kept.move_to_end(key)
                return _kept[key]
        try:
            images = read(*key)
        finally:
            with _lock:
                _reading.pop(key, None)
        with _lock:
            _keep(key, images)
    return images


def _keep(key: _Key, images: ImageSet) -> None:
    """Keep a set in memory, also under the choices that were made for it, with which its runs ask for it."""
    for one in (key, (*key[:3], images.pixels)):
        _kept[one] = images
        _kept.move_to_end(one)
    while len({id(kept) for kept in _kept.values()}) > KEPT:
        _kept.popitem(last=False)


def find(folder: str) -> Path:
    """The folder that a visitor's text means, as an absolute path.

    Raises:
        DataError: there is none, or it is a file.
    """
    if not folder.strip():
        raise DataError("No folder is given. Type the path of a folder of images.")
    found = existing(folder)
    text = shown(folder.strip())
    if found is None:
        windows = os.name != "nt" and re.match(r"[A-Za-z]:[\\/]", folder.strip("\"' "))
        raise DataError(
            f"There is no folder “{text}” on the computer that runs the lab. "
            + ("It is a path of Windows, and the lab runs on another system. " if windows else "")
            + "Check the path."
        )
    if found.is_dir():
        return found.resolve()
    try:
        with open(found, "rb") as file:
            why = foreign_files.kind(found.name, file.read(foreign_files.HEAD)) if found.is_file() else ""
    except OSError:
        why = ""
    why = why or foreign_files.reason(found.name, b"")
    what = why if "(" in why else "is a file"
    raise DataError(f"“{text}” {what}. Give the folder that holds the images.")


def _entries(root: Path) -> list[_Entry]:
    """Every file below the folder in natural order, without hidden ones and loops of links."""
    found: list[_Entry] = []
    seen: set[str] = set()
    waiting: list[str] = [str(root)]
    links: list[str] = []
    while waiting or links:
        # Links come last, so that a real folder gives its own name to the class.
        here = waiting.pop() if waiting else links.pop(0)
        real = os.path.realpath(here)
        if real in seen:
            continue
        seen.add(real)
        below = os.path.relpath(here, root)
        start = "" if below == os.curdir else below + os.sep
        try:
            with os.scandir(here) as listing:
                for item in listing:
                    if item.name.startswith(".") or item.name.lower() in _NOISE:
                        continue
                    if _is_dir(item):
                        if item.name.lower() not in _NOISE_FOLDERS:
                            (links if item.is_symlink() else waiting).append(item.path)
                    else:
                        found.append((start + item.name, *_stamp(item)))
        except OSError as error:
            if here == str(root):
                raise DataError(f"The folder “{shown(root)}” cannot be read ({error.strerror}).") from error
            found.append((below, 0, -1))
        links.sort(key=_natural)
        if max(len(found), len(seen)) > MAX_FILES:
            raise DataError(
                f"“{shown(root)}” holds more than {MAX_FILES:,} files. Choose a folder with only the images, at most "
                f"{MAX_FILES:,} of them."
            )
    return sorted(found, key=lambda entry: _natural(entry[0]))


def _is_dir(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link to itself
        return False


def _stamp(item: os.DirEntry[str]) -> tuple[int, int]:
    try:
        stat = item.stat()
        # Unpacking and copying keep a file's time; that of its entry in the folder (not on Windows) cannot be kept.
        return stat.st_mtime_ns + stat.st_ctime_ns, stat.st_size
    except OSError:  # a link to nowhere, or gone since the listing
        return 0, 0


_DIGITS = re.compile(r"(\d+)")


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key that puts `2.png` before `10.png`."""
    parts = _DIGITS.split(name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


@dataclass(frozen=True, eq=False)
class _Found:
    """A page of a file: its picture or the reason why there is none, and its place."""

    file: str
    picture: Decoded | str
    place: Place


def read(
    root: Path, entries: Sequence[_Entry], shape: ImageShape = GREY_28, choices: PixelChoices | None = None
) -> ImageSet:
    """The pictures of these files as a set; files that cannot be read are listed in `skipped`."""
    files = [entry[0] for entry in entries]
    where, notes = places(files, _by_name(files))

    def one(entry: _Entry, place: Place) -> list[Decoded | str]:
        if entry[2] < 0:
            return ["is a folder that may not be read"]
        try:
            return [place.left_out] if place.left_out else list(picture_files.pages(root / entry[0], shape))
        except ImageError as error:
            return [str(error)]

    # Pillow releases the GIL while it decodes, so that several threads read a folder of photos several times faster.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        pages = list(pool.map(one, entries, where))
    found = [_Found(file, page, place) for file, place, all_ in zip(files, where, pages, strict=True) for page in all_]
    good = [one for one in found if not isinstance(one.picture, str)]
    skipped = tuple((shown(one.file), one.picture) for one in found if isinstance(one.picture, str))
    if not good:
        raise DataError(_nothing(root, skipped))
    notes += _several(pages)
    return _set(good, skipped, notes, shape, choices or PixelChoices())


def _by_name(files: Sequence[str]) -> list[bool]:
    """Which files are pictures by the ending of their names."""
    Image.init()
    return [os.path.splitext(file)[1].lower() in Image.EXTENSION for file in files]


def _several(pages: Sequence[Sequence[Decoded | str]]) -> tuple[str, ...]:
    many = [sum(not isinstance(page, str) for page in all_) for all_ in pages if len(all_) > 1]
    if not many:
        return ()
    files = "1 file holds" if len(many) == 1 else f"{len(many):,} files hold"
    return (f"{files} several pages or frames: each of these {sum(many):,} is an image of the set.",)


def _nothing(root: Path, skipped: Sequence[tuple[str, str]]) -> str:
    """Why a folder gives no image, with the remedy of a file that has one (in brackets in its reason)."""
    if not skipped:
        return f"The folder “{shown(root)}” is empty. Put images into it or choose another one."
    file, why = next((one for one in skipped if "(" in one[1]), skipped[0])
    more = f", and {len(skipped) - 1:,} more" if len(skipped) > 1 else ""
    advice = "" if "(" in why else " Choose another folder."
    return f"None of the files in “{shown(root)}” is a usable image ({file} {why}{more}).{advice}"


def _set(
    good: Sequence[_Found],
    skipped: tuple[tuple[str, str], ...],
    notes: tuple[str, ...],
    shape: ImageShape,
    choices: PixelChoices,
) -> ImageSet:
    """The images with their levels, classes and parts."""
    decoded = [one.picture for one in good if isinstance(one.picture, Decoded)]
    used = levels.settle(decoded, choices)
    pictures = [levels.picture(one, used, shape) for one in decoded]
    notes += levels.notes(decoded, pictures, used)
    names = [one.place.label for one in good]
    classes = list(dict.fromkeys(name for name in names if name is not None))
    number = {name: i for i, name in enumerate(classes)}
    labels = np.array([-1 if name is None else number[name] for name in names], dtype=np.int64)
    train, test, held_out, more = _parts([one.place.part for one in good], pictures, labels)

    def gathered(rows: np.ndarray) -> np.ndarray:
        images = np.empty((len(rows), *shape.picture), np.uint8)
        for place, row in enumerate(rows):
            images[place] = pictures[row]
        return images

    return ImageSet(
        "folder",
        gathered(train),
        labels[train],
        gathered(test),
        labels[test],
        _readable(classes),
        skipped,
        notes + more,
        used,
        held_out,
    )


def _parts(
    parts: Sequence[str], pictures: Sequence[np.ndarray], labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[str, ...]]:
    """Indices of training and test images, those of the training images that are held out, and notes."""
    said = np.array(parts)
    everyone, none = np.arange(len(parts)), np.array([], np.int64)
    if not said.astype(bool).any():
        return *_own_split(pictures, labels), none, ()
    test = np.flatnonzero(said == TEST)
    if not len(test):
        test, said = np.flatnonzero(said == VALIDATION), np.where(said == VALIDATION, TEST, said)
    if not (said == TRAIN).any() or not len(test):
        empty = "training" if len(test) else "test"
        train, test = _own_split(pictures, labels)
        return (
            train,
            test,
            none,
            (f"The folder of the {empty} set holds no usable picture: a sixth of the images is used for testing.",),
        )
    train = np.setdiff1d(everyone, test)
    return train, test, np.flatnonzero(said[train] == VALIDATION), _seen(pictures, train, test)


def _seen(pictures: Sequence[np.ndarray], train: np.ndarray, test: np.ndarray) -> tuple[str, ...]:
    """A note on test images of a folder that are among its training images."""
    of = keys(digests(pictures))
    learned = {of[row] for row in train}
    both = sum(of[row] in learned for row in test)
    if not both:
        return ()
    are = "is a training image as well" if both == 1 else "are training images as well"
    return (f"{both:,} of the {len(test):,} test images {are}: figures on the test set are too good because of that.",)


def _own_split(pictures: Sequence[np.ndarray], labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of training and test images by their own content (`holdout`); a single image is both."""
    everyone = np.arange(len(labels))
    if len(labels) == 1:
        return everyone, everyone
    test = holdout.test_rows(pictures, labels)
    return np.setdiff1d(everyone, test), test


def _readable(names: Sequence[str]) -> tuple[str, ...]:
    """Names of classes as text that any page and file can hold, all different."""
    found: dict[str, None] = {}
    for name in names:
        plain = unicodedata.normalize("NFC", shown(name)).strip() or "\ufffd"
        number, unique = 1, plain
        while unique in found:
            number += 1
            unique = f"{plain} ({number})"
        found[unique] = None
    return tuple(found)

"""A user's own pictures as a data set: those of a folder, of a zip archive or of a file of numbers.

Sub-folders are classes, or the training and test set with the classes inside them (`core/data/layout.py`); pictures
outside sub-folders have no class. Every page of a file with several is an image. Files that cannot be used are skipped
and listed with the reason, since of two thousand photos some are always damaged.

Pictures are decoded by a few threads and written into one array at once, so that reading a set takes little more memory
than the set. Only deep and transparent pictures wait until all are seen, since their levels are chosen for the whole.
"""

from __future__ import annotations

import os
import re
import threading
import unicodedata
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.data import array_file, drawn_source, holdout, import_cache
from core.data.archive import Archive
from core.data.array_file import ArrayFile
from core.data.fingerprint import digests, keys
from core.data.image_set import DataError, ImageSet
from core.data.layout import TEST, TRAIN, VALIDATION, Place
from core.data.picture_source import Content, Entry, Folder, PictureSource, natural
from core.images import foreign_files, levels, picture_files
from core.images.convert import ImageError
from core.images.levels import Decoded
from core.images.pixel_choices import PixelChoices
from core.images.shape import GREY_28, ImageShape
from core.system import cache
from core.system.user_paths import existing, shown

SPARE = 100_000_000
"""Bytes of the disk that an import leaves free."""

KEPT = 2
"""Sets that stay in memory."""

MANY_FILES, MANY_BYTES = 2_000, 100_000_000
"""Files, or their bytes, above which a set is imported by a job and kept in the cache: more than about a second."""

BLOCK = 64
"""Files that a thread decodes before it takes the next ones."""

Watch = Callable[[int, int], None]
"""Told how many files are read, of how many; what it raises ends the reading."""

_Key = tuple[PictureSource, tuple[Entry, ...], ImageShape, PixelChoices]

_kept: OrderedDict[_Key, ImageSet] = OrderedDict()
_lock = threading.Lock()
_reading: dict[_Key, threading.Lock] = {}


def load(
    folder: str, shape: ImageShape = GREY_28, choices: PixelChoices | None = None, watch: Watch | None = None
) -> ImageSet:
    """The pictures below a folder or in a zip archive, fitted into `shape`.

    Training and test images are those of its `train` and `test` folders, else about 5/6 and 1/6, chosen by the
    content of each (`holdout`), so that an image keeps its role when the folder grows.
    Read again only after a file was added, removed or changed. A single picture is both training and test image.

    Args:
        folder: path of the folder or the archive. choices: what becomes black and white; the set's `pixels` says what
            was used. watch: see `Watch`.
    Raises:
        DataError: no such folder, no usable picture in it, too many files, or no room for them.
    """
    source = find(folder)
    key = (source, source.mark, shape, choices or PixelChoices())
    with _lock:
        waiting = _reading.setdefault(key, threading.Lock())
    with waiting:  # two visitors who open the same folder read it once
        with _lock:
            if key in _kept:
                _kept.move_to_end(key)
                return _kept[key]
        try:
            images = _kept_or_read(key, watch)
        finally:
            with _lock:
                _reading.pop(key, None)
        with _lock:
            _keep(key, images)
    return images


@dataclass(frozen=True)
class Import:
    """A set that takes long to read and was not read yet.

    Attributes:
        files: their number, or that of the images in a file of numbers. what: `file` or `image`. size: their bytes.
        memory: bytes of the images. mapped: whether they stay on the disk, since they would fill the memory.
    """

    files: int
    what: str
    size: int
    memory: int
    mapped: bool = False


def waiting(folder: str, shape: ImageShape, choices: PixelChoices) -> Import | None:
    """What there is to read before the set can be loaded at once; None where that takes a second or less.

    Raises:
        DataError: as in `load`, as far as it is known before any picture is read.
    """
    source = find(folder)
    key = (source, source.mark, shape, choices)
    with _lock:
        if key in _kept:
            return None
    if import_cache.file_of(source.place, *key[1:]).is_file() or not _heavy(source, shape):
        return None
    _check_room(source, len(source.entries), shape)
    size = sum(entry.size for entry in source.entries)
    what, needed = "image" if source.kind == "file" else "file", len(source.entries) * shape.values
    return Import(len(source.entries), what, size, needed, import_cache.is_mapped(needed))


@dataclass(frozen=True, eq=False)
class Preview:
    """What some pictures of a set become, before all are read.

    Attributes:
        pictures: `uint8` [n, H, W] or [n, H, W, 3]. labels: the class of each, None: none. files: its name.
        skipped: files that were tried as well and cannot be read, with the reason.
        classes: names of all classes of the set, as far as its files say them. notes: how these were found.
    """

    pictures: np.ndarray
    labels: tuple[str | None, ...]
    files: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def preview(folder: str, shape: ImageShape, choices: PixelChoices, count: int = 24) -> Preview:
    """Up to `count` pictures of a set, spread over all of it; in place of files that cannot be read others are tried.

    What is `auto` is chosen for these pictures alone.

    Raises:
        DataError: as in `find`, or the source cannot be listed or opened.
    """
    return _previewed(folder, tuple(find(folder).mark), shape, choices, count)


@lru_cache(maxsize=4)
def _previewed(folder: str, mark: tuple[Entry, ...], shape: ImageShape, choices: PixelChoices, count: int) -> Preview:
    """`preview`; `mark` keys the cache."""
    source = find(folder)
    entries = source.entries
    places, notes = source.places
    used, more = source.settled(choices)
    profiles = _Profiles()
    found, skipped = dict[int, _Row](), list[tuple[str, str]]()
    with source.open(used) as content:
        for rows in _spread(len(entries), count):
            chosen = [row for row in rows if not places[row].table]
            decoded = _decoded(
                [entries[row] for row in chosen], [places[row] for row in chosen], content, shape, used, profiles
            )
            for row, (entry, _, pages) in zip(chosen, decoded, strict=True):
                page = next((page for page in pages if not isinstance(page, str)), None)
                if page is not None:
                    found[row] = page
                else:
                    skipped += [(shown(entry.name), reason) for reason in pages[:1] if isinstance(reason, str)]
            if len(found) >= count:
                break
    there = sorted(found)
    rows = sorted({there[round(i)] for i in np.linspace(0, len(there) - 1, min(count, len(there)))})
    used = levels.settle([one for row in rows if isinstance(one := found[row], Decoded)], used)
    pictures = [levels.picture(one, used, shape) if isinstance(one := found[row], Decoded) else one for row in rows]
    return Preview(
        np.stack(pictures) if pictures else np.empty((0, *shape.picture), np.uint8),
        tuple(None if (label := places[row].label) is None else shown(label) for row in rows),
        tuple(shown(entries[row].name) for row in rows),
        tuple(skipped),
        _readable(sorted({place.label for place in places if place.label is not None}, key=natural)),
        notes + more + profiles.notes,
    )


def _spread(length: int, count: int) -> Iterator[list[int]]:
    """Rows of a list of that length in groups: some spread over all of it, then those between them, a few times."""
    seen: set[int] = set()
    for number in (count, 2 * count, 4 * count, 8 * count):
        rows = [round(row) for row in np.linspace(0, length - 1, number)] if length else []
        yield sorted(set(rows) - seen)
        seen.update(rows)


def _heavy(source: PictureSource, shape: ImageShape) -> bool:
    """Whether reading the set takes longer than a page should wait, or its images stay on the disk."""
    count = len(source.entries)
    large = count > MANY_FILES or sum(entry.size for entry in source.entries) > MANY_BYTES
    return large or import_cache.is_mapped(count * shape.values)


def _kept_or_read(key: _Key, watch: Watch | None) -> ImageSet:
    """The set from the cache, or read and, where that takes long, kept there; by one process at a time."""
    source, mark, shape, choices = key
    path = import_cache.file_of(source.place, mark, shape, choices)
    if found := import_cache.load(path):
        return found
    if not _heavy(source, shape):
        return read(source, shape, choices, watch)
    with cache.computing(path):
        if found := import_cache.load(path):
            return found
        images = read(source, shape, choices, watch)
        kept = import_cache.save(path, images, import_cache.file_of(source.place, mark, shape, images.pixels))
        if isinstance(images.train_images, np.memmap):
            images = (import_cache.load(path) if kept else None) or images  # the file for reading is deleted
        return images


def _keep(key: _Key, images: ImageSet) -> None:
    """Keep a set in memory, also under the choices that were made for it, with which its runs ask for it."""
    for one in (key, (*key[:3], images.pixels)):
        _kept[one] = images
        _kept.move_to_end(one)
    while len({id(kept) for kept in _kept.values()}) > KEPT:
        _kept.popitem(last=False)


def find(folder: str) -> PictureSource:
    """The folder or archive that a visitor's text means.

    Raises:
        DataError: there is none, or it is a file of another kind.
    """
    if not folder.strip():
        raise DataError("No folder is given. Type the path of a folder of images, or of a zip archive.")
    found = existing(folder)
    text = shown(folder.strip())
    if found is None:
        if re.match(r"(https?|ftp)://", folder.strip("\"' "), re.IGNORECASE):
            raise DataError(
                f"“{text}” is an address on the web. The lab fetches nothing from there: "
                "download the images, then give the path of the folder or archive on this computer."
            )
        windows = os.name != "nt" and re.match(r"[A-Za-z]:[\\/]", folder.strip("\"' "))
        raise DataError(
            f"There is no folder “{text}” on the computer that runs the lab. "
            + ("It is a path of Windows, and the lab runs on another system. " if windows else "")
            + "Check the path."
        )
    if found.is_dir():
        return drawn_source.of(found) or Folder(found.resolve())
    head = b""
    try:
        if found.is_file():
            with open(found, "rb") as file:
                head = file.read(foreign_files.HEAD)
    except OSError:
        pass
    if found.is_file() and array_file.is_array_file(found.name, head):
        return ArrayFile(found.resolve())
    if found.is_file() and foreign_files.is_zip(found.name, head):
        return Archive(found.resolve())
    why = foreign_files.kind(found.name, head) or foreign_files.reason(found.name, b"")
    what = why if "(" in why else "is a file"
    raise DataError(
        f"“{text}” {what}. Give the folder that holds the images, or a zip archive, npz, npy or IDX file of them."
    )


_Row = np.ndarray | Decoded
"""A picture that is finished, or one whose levels depend on the others."""


def read(
    source: PictureSource,
    shape: ImageShape = GREY_28,
    choices: PixelChoices | None = None,
    watch: Watch | None = None,
) -> ImageSet:
    """The pictures of a folder or an archive as a set; files that cannot be read are listed in `skipped`.

    Raises:
        DataError: none can be used, or there is no room for them.
    """
    entries = source.entries
    _check_room(source, len(entries), shape)
    where, notes = source.places
    choices, said = source.settled(choices or PixelChoices())
    found, profiles = _Found(source, shape, choices, len(entries)), _Profiles()
    with source.open(choices) as content:
        for number, (entry, place, pages) in enumerate(
            _decoded(entries, where, content, shape, found.choices, profiles)
        ):
            found.add(entry, place, pages)
            if watch and number % BLOCK == 0:
                watch(number, len(entries))
    if not found.count:
        raise DataError(_nothing(source, found.skipped))
    return found.finished(notes + said + profiles.notes)


def _check_room(source: PictureSource, count: int, shape: ImageShape) -> None:
    """Refuse images that stay on the disk where it has no room for them, twice while they are read."""
    size = count * shape.values
    if not import_cache.is_mapped(size):
        return
    free = cache.free_space()
    if free is not None and 2 * size + SPARE > free:
        raise DataError(
            f"“{shown(source.place)}” holds {count:,} files; images of {shape} take {2 * size / 1e9:,.1f} GB of the "
            f"disk while they are read, and {free / 1e9:,.1f} GB are free. Choose a smaller shape or fewer images, or "
            "name a folder on a larger disk with LATENT_LAB_CACHE."
        )


class _Profiles:
    """Colour profiles of pictures, counted by several threads."""

    def __init__(self) -> None:
        self._counts, self._counting = Counter[str](), threading.Lock()

    def add(self, page: Decoded | str) -> None:
        """Count the profile of a picture that has one."""
        if isinstance(page, Decoded) and page.profile:
            with self._counting:
                self._counts[page.profile] += 1

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence on the profiles that were ignored, or none."""
        count, names = self._counts.total(), [f"“{shown(name)}”" for name, _ in self._counts.most_common(3)]
        if not count:
            return ()
        pictures = "1 picture has a colour profile" if count == 1 else f"{count:,} pictures have a colour profile"
        more = " and others" if len(self._counts) > len(names) else ""
        return (f"{pictures} ({', '.join(names)}{more}), which is ignored: their levels are taken as sRGB.",)


def _decoded(
    entries: Sequence[Entry],
    where: Sequence[Place],
    content: Content,
    shape: ImageShape,
    choices: PixelChoices,
    profiles: _Profiles,
) -> Iterator[tuple[Entry, Place, list[_Row | str]]]:
    """The pages of each file in order, with a few blocks of files on the way at once."""

    def one(entry: Entry, place: Place) -> list[_Row | str]:
        if place.table:
            return []
        if refusal := entry.refusal or place.left_out:
            return [refusal]
        try:
            found = content(entry)
            if isinstance(found, np.ndarray):
                return [_ready(picture_files.from_array(found, shape, choices.fit), shape, choices)]
            rows = []
            for page in picture_files.pages(found, shape, name=entry.name, fit=choices.fit):
                profiles.add(page)
                rows.append(_ready(page, shape, choices))
            return rows
        except ImageError as error:
            return [str(error)]

    def block(start: int) -> list[list[_Row | str]]:
        rows = slice(start, start + BLOCK)
        return [one(entry, place) for entry, place in zip(entries[rows], where[rows], strict=True)]

    # Pillow releases the GIL while it decodes, so that several threads read a folder of photos several times faster.
    threads = min(8, os.cpu_count() or 1)
    starts, working = deque(range(0, len(entries), BLOCK)), deque[Future[list[list[_Row | str]]]]()
    with ThreadPoolExecutor(threads) as pool:
        try:
            done = 0
            while starts or working:
                while starts and len(working) < 2 * threads:
                    working.append(pool.submit(block, starts.popleft()))
                for pages in working.popleft().result():
                    yield entries[done], where[done], pages
                    done += 1
        finally:
            for future in working:
                future.cancel()


def _ready(page: Decoded | str, shape: ImageShape, choices: PixelChoices) -> _Row | str:
    """A page in its final levels, where they do not depend on the other pictures of the set."""
    if isinstance(page, str) or page.sample is not None or page.opacity is not None:
        return page
    return levels.picture(page, choices, shape)


class _Found:
    """Pictures of a source as they come in, in one array that grows where files have several pages."""

    def __init__(self, source: PictureSource, shape: ImageShape, choices: PixelChoices, files: int):
        self.choices, self.count, self.skipped = choices, 0, list[tuple[str, str]]()
        self._source, self._shape = source, shape
        self._images = _room(files, shape)
        self._special: dict[int, Decoded] = {}
        self._labels, self._parts = list[int](), list[str]()
        self._classes: dict[str, int] = {}
        self._series = self._of_series = 0

    def add(self, entry: Entry, place: Place, pages: Sequence[_Row | str]) -> None:
        """Take up the pages of one file."""
        usable = 0
        for page in pages:
            if isinstance(page, str):
                self.skipped.append((shown(entry.name), page))
                continue
            usable += 1
            self._append(page)
            label = -1 if place.label is None else self._classes.setdefault(place.label, len(self._classes))
            self._labels.append(label)
            self._parts.append(place.part)
        if len(pages) > 1:
            self._series += 1
            self._of_series += usable

    def _append(self, page: _Row) -> None:
        if self.count == len(self._images):
            self._resize(self.count + max(16, self.count // 4))
        if isinstance(page, Decoded):
            self._special[self.count] = page
        else:
            self._images[self.count] = page
        self.count += 1

    def _resize(self, count: int) -> None:
        """Make room for so many images, or give back what is left; without a second array in memory."""
        large = import_cache.is_mapped(count * self._shape.values)
        if isinstance(self._images, np.memmap) and count <= len(self._images):
            self._images = self._images[:count]
        elif large or isinstance(self._images, np.memmap):
            _check_room(self._source, count, self._shape)
            before, self._images = self._images, _room(count, self._shape)
            self._images[: self.count] = before[: self.count]
        else:
            self._images.resize((count, *self._shape.picture), refcheck=False)

    def finished(self, notes: tuple[str, ...]) -> ImageSet:
        """The images with their levels, classes and parts."""
        self._resize(self.count)
        used = levels.settle(list(self._special.values()), self.choices)
        for row, decoded in self._special.items():
            self._images[row] = levels.picture(decoded, used, self._shape)
        if self._series:
            files = "1 file holds" if self._series == 1 else f"{self._series:,} files hold"
            notes += (f"{files} several pages or frames: each of these {self._of_series:,} is an image of the set.",)
        notes += levels.notes(self._special, self._images, used)
        # The order of a drawn set is its makers'; that in which labels come up in a table means nothing.
        classes = list(self._classes) if self._source.kind == "set" else sorted(self._classes, key=natural)
        number = {self._classes[name]: i for i, name in enumerate(classes)} | {-1: -1}
        labels = np.array([number[label] for label in self._labels], np.int64)
        train, test, held_out, more = _parts(self._parts, self._images, labels)
        images, self._images = self._images, self._images[:0]
        train_images, test_images = _divided(images, train, test)
        return ImageSet(
            "folder",
            train_images,
            labels[train],
            test_images,
            labels[test],
            _readable(classes),
            tuple(self.skipped),
            notes + more,
            used,
            held_out,
        )


def _room(count: int, shape: ImageShape) -> np.ndarray:
    try:
        return import_cache.room(count, shape.picture)
    except OSError as error:
        raise DataError(cache.not_kept("The images")) from error


def _divided(images: np.ndarray, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The training images and the test images, both sorted. `images` is sorted in place, so that no second array of its
    size is needed, and must not be used afterwards."""
    if len(train) + len(test) > len(images):  # a single image is both
        return images[train], images[test]
    order = np.concatenate([train, test]).tolist()
    for start in range(len(order)):
        if order[start] < 0 or order[start] == start:
            continue
        kept, place = images[start].copy(), start
        while (comes := order[place]) != start:
            images[place], order[place] = images[comes], -1
            place = comes
        images[place], order[place] = kept, -1
    return images[: len(train)], images[len(train) :]


def _nothing(source: PictureSource, skipped: Sequence[tuple[str, str]]) -> str:
    """Why a source gives no image, with the remedy of a file that has one (in brackets in its reason)."""
    if not skipped:
        return f"The {source.kind} “{shown(source.place)}” is empty. Put images into it or choose another one."
    file, why = next((one for one in skipped if "(" in one[1]), skipped[0])
    more = f", and {len(skipped) - 1:,} more" if len(skipped) > 1 else ""
    advice = "" if "(" in why else f" Choose another {source.kind}."
    return f"None of the files in “{shown(source.place)}” is a usable image ({file} {why}{more}).{advice}"


def _parts(
    parts: Sequence[str], pictures: np.ndarray, labels: np.ndarray
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


def _seen(pictures: np.ndarray, train: np.ndarray, test: np.ndarray) -> tuple[str, ...]:
    """A note on test images of a folder that are among its training images."""
    of = keys(digests(pictures))
    learned = {of[row] for row in train}
    both = sum(of[row] in learned for row in test)
    if not both:
        return ()
    are = "is a training image as well" if both == 1 else "are training images as well"
    return (f"{both:,} of the {len(test):,} test images {are}: figures on the test set are too good because of that.",)


def _own_split(pictures: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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

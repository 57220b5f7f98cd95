"""Reading of a source into a set of images, in little more memory than the set takes.

Pictures come decoded from a few threads and are written into one array at once. Only deep and transparent ones wait
until all are seen, since their levels are chosen for the whole. Every page of a file with several is an image, of an
animation its first frame. Files that cannot be used are skipped and listed with the reason, since of two thousand
photos some are always damaged.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

import numpy as np

from core.data import holdout, import_cache
from core.data.decoding import BLOCK, Row, Seen, decoded
from core.data.factors import Factors
from core.data.image_set import DataError, ImageSet
from core.data.layout import Place
from core.data.picture_source import Entry, PictureSource, natural
from core.images import levels
from core.images.levels import Decoded
from core.images.original import DIGEST_BYTES
from core.images.pixel_choices import PixelChoices
from core.images.shape import GREY_28, ImageShape
from core.system import cache
from core.system.user_paths import shown

Watch = Callable[[int, int], None]
"""Told how many files are read, of how many; what it raises ends the reading."""


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
    check_room(source, len(entries), shape)
    where, notes = source.places
    choices, said = source.settled(choices or PixelChoices())
    found, seen = _Found(source, shape, choices, len(entries)), Seen()
    with source.open(choices) as content:
        for number, (entry, place, pages) in enumerate(decoded(entries, where, content, shape, found.choices, seen)):
            found.add(number, entry, place, pages)
            if watch and number % BLOCK == 0:
                watch(number, len(entries))
    if not found.count:
        raise DataError(_nothing(source, found.skipped))
    return found.finished(notes + said + seen.notes)


def check_room(source: PictureSource, count: int, shape: ImageShape) -> None:
    """Refuse images that stay on the disk where it has no room for them, twice while they are read."""
    size = count * shape.values
    if not import_cache.is_mapped(size):
        return
    free = cache.free_space()
    if free is not None and 2 * size + cache.SPARE > free:
        raise DataError(
            f"“{shown(source.place)}” holds {count:,} files; images of {shape} take {2 * size / 1e9:,.1f} GB of the "
            f"disk while they are read, and {free / 1e9:,.1f} GB are free. Choose a smaller shape or fewer images, or "
            "name a folder on a larger disk with LATENT_LAB_CACHE."
        )


class _Found:
    """Pictures of a source as they come in, in one array that grows where files have several pages."""

    def __init__(self, source: PictureSource, shape: ImageShape, choices: PixelChoices, files: int):
        self.choices, self.count, self.skipped = choices, 0, list[tuple[str, str]]()
        self._source, self._shape = source, shape
        self._images = _room(files, shape)
        self._special: dict[int, Decoded] = {}
        self._labels, self._parts, self._digests = list[int](), list[str](), bytearray()
        self._files = list[int]()
        self._classes: dict[str, int] = {}
        self._series = self._of_series = 0

    def add(self, number: int, entry: Entry, place: Place, pages: Sequence[Row | str]) -> None:
        """Take up the pages of one file, the entry of that number."""
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
            self._files.append(number)
        if usable > 1:
            self._series += 1
            self._of_series += usable

    def _append(self, page: Row) -> None:
        if self.count == len(self._images):
            self._resize(self.count + max(16, self.count // 4))
        if isinstance(page.picture, Decoded):
            self._special[self.count] = page.picture
        else:
            self._images[self.count] = page.picture
        self._digests += page.original.digest
        self.count += 1

    def _resize(self, count: int) -> None:
        """Make room for so many images, or give back what is left; without a second array in memory."""
        large = import_cache.is_mapped(count * self._shape.values)
        if isinstance(self._images, np.memmap) and count <= len(self._images):
            self._images = self._images[:count]
        elif large or isinstance(self._images, np.memmap):
            check_room(self._source, count, self._shape)
            before, self._images = self._images, _room(count, self._shape)
            self._images[: self.count] = before[: self.count]
        else:
            self._images.resize((count, *self._shape.picture), refcheck=False)

    def finished(self, notes: tuple[str, ...]) -> ImageSet:
        """The images with their levels, classes and parts."""
        self._resize(self.count)
        used = levels.settle(list(self._special.values()), self.choices)
        for row, page in self._special.items():
            self._images[row] = levels.picture(page, used, self._shape)
        if self._series:
            files = "1 file holds" if self._series == 1 else f"{self._series:,} files hold"
            notes += (f"{files} several pages: each of these {self._of_series:,} is an image of the set.",)
        notes += levels.notes(self._special, self._images, used)
        # The order of a drawn set is its makers'; that in which labels come up in a table means nothing.
        classes = list(self._classes) if self._source.kind == "set" else sorted(self._classes, key=natural)
        number = {self._classes[name]: i for i, name in enumerate(classes)} | {-1: -1}
        labels = np.array([number[label] for label in self._labels], np.int64)
        digests = np.frombuffer(self._digests, np.uint8).reshape(-1, DIGEST_BYTES)
        train, test, held_out, more = holdout.divided(self._parts, digests, labels)
        images, self._images = self._images, self._images[:0]
        train_images, test_images = _divided(images, train, test)
        return ImageSet(
            "folder",
            train_images,
            labels[train],
            test_images,
            labels[test],
            readable(classes),
            tuple(self.skipped),
            notes + more,
            used,
            held_out,
            factors=self._factors(train, test),
        )

    def _factors(self, train: np.ndarray, test: np.ndarray) -> Factors | None:
        """What the source knows of the images in these places."""
        if (known := self._source.factors) is None:
            return None
        about, values = known
        files = np.array(self._files, np.int64)
        return Factors(about, values[files[train]], values[files[test]], ())


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


def readable(names: Sequence[str]) -> tuple[str, ...]:
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

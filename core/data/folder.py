"""A user's own pictures as a data set: those of a folder, of a zip archive or of a file of numbers.

Sub-folders are classes, or the training and test set with the classes inside them (`core/data/layout.py`); pictures
outside sub-folders have no class. A set stays in memory, one that takes long to read in the cache
(`core/data/import_cache.py`), until a file is added, removed or changed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from core.data import celeba, import_cache
from core.data.image_set import ImageSet
from core.data.picture_source import Entry, PictureSource
from core.data.reading import Watch, check_room, read
from core.data.sources import find_whole
from core.images.pixel_choices import PixelChoices
from core.images.shape import GREY_28, ImageShape
from core.system import cache

KEPT = 2
"""Sets that stay in memory."""

MANY_FILES, MANY_BYTES = 2_000, 100_000_000
"""Files, or their bytes, above which a set is imported by a job and kept in the cache: more than about a second."""

_Key = tuple[PictureSource, tuple[Entry, ...], ImageShape, PixelChoices]

_kept: OrderedDict[_Key, ImageSet] = OrderedDict()
_lock = threading.Lock()
_reading: dict[_Key, threading.Lock] = {}


def load(
    folder: str | PictureSource,
    shape: ImageShape = GREY_28,
    choices: PixelChoices | None = None,
    watch: Watch | None = None,
) -> ImageSet:
    """The pictures below a folder or in a zip archive, fitted into `shape`.

    Training and test images are those of its `train` and `test` folders, else about 5/6 and 1/6, chosen by the
    content of each (`holdout`), so that an image keeps its role when the folder grows.
    Read again only after a file was added, removed or changed. A single picture is both training and test image.

    Args:
        folder: path of the folder or the archive, or what `sources.find` found there. choices: what becomes black and
            white; the set's `pixels` says what was used. watch: see `Watch`.
    Raises:
        DataError: no such folder, no usable picture in it, too many files, or no room for them.
    """
    source, attribute = find_whole(folder)
    images = _whole(source, shape, choices or PixelChoices(), watch)
    return celeba.by_attribute(images, attribute) if attribute else images


def _whole(source: PictureSource, shape: ImageShape, choices: PixelChoices, watch: Watch | None) -> ImageSet:
    """The set of a source, from memory or the cache if it was loaded before."""
    key = (source, source.mark, shape, choices)
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


def waiting(folder: str | PictureSource, shape: ImageShape, choices: PixelChoices) -> Import | None:
    """What there is to read before the set can be loaded at once; None where that takes a second or less.

    Raises:
        DataError: as in `load`, as far as it is known before any picture is read.
    """
    source, _ = find_whole(folder)
    key = (source, source.mark, shape, choices)
    with _lock:
        if key in _kept:
            return None
    if import_cache.file_of(source.place, *key[1:]).is_file() or not _heavy(source, shape):
        return None
    check_room(source, len(source.entries), shape)
    size = sum(entry.size for entry in source.entries)
    what, needed = "image" if source.kind == "file" else "file", len(source.entries) * shape.values
    return Import(len(source.entries), what, size, needed, import_cache.is_mapped(needed))


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

"""Loading and splitting of data sets.

A set is held whole in memory as `uint8` (60,000 images of 28 × 28 take 47 MB), so that a batch is one indexing
operation and no Python code runs per image. Files are read in torchvision's layout without importing torchvision, which
would delay the first page by two seconds.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import numpy as np

from core.data import celeba, idx, idx_files, published
from core.data import folder as folders
from core.data.image_set import DataError, ImageSet
from core.data.picture_source import PictureSource
from core.data.reading import Watch
from core.data.registry import SOURCES
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from core.system import paths
from core.system.user_paths import shown


@dataclass(frozen=True)
class Status:
    """Whether a set can be loaded now, the folder of its files, and its size, as texts."""

    ready: bool
    where: str
    size: str


def load(
    name: str,
    folder: str | PictureSource = "",
    shape: ImageShape | None = None,
    pixels: PixelChoices | None = None,
    watch: Watch | None = None,
    attribute: str = "",
) -> ImageSet:
    """The data set of that name, from memory if it was loaded before and its files have not changed.

    Args:
        name: one of `registry.SOURCES`. folder: the path, or its source, for the set `folder` only.
        shape: of the images, for a set whose shape can be chosen; None: the set's own, see `Source.shape`.
        pixels: what becomes black and white; watch: told how far it is; both for the set `folder` only.
        attribute: that gives the classes, for CelebA only; "": the usual one.
    Raises:
        DataError: unknown name, a shape that the set does not have, files missing or damaged: says what to do.
    """
    if name not in SOURCES:
        raise DataError(f"There is no data set '{name}'. The sets are {', '.join(SOURCES)}.")
    shape = shape or SOURCES[name].shape
    if refusal := SOURCES[name].refusal(shape):
        raise DataError(refusal)
    if maker := SOURCES[name].maker:
        made: ImageSet = import_module(f"core.data.{maker}").make(shape)
        return made
    if name == "folder":
        return folders.load(folder, shape, pixels, watch)
    if SOURCES[name].pictures:
        return _named(
            name, folders.load(path_of(name, attribute=attribute), shape, PixelChoices(fit=SOURCES[name].fit))
        )
    if name in published.SETS:
        return published.load(name)
    found = idx_files.search(name)
    files = found.complete
    if files is None:
        raise DataError(_absent(name, found))
    try:
        return _idx_set(name, tuple((file, file.stat().st_mtime_ns) for file in files))
    except idx.IdxError as error:
        raise DataError(
            f"{error} Download {SOURCES[name].title} again on the Data page or with "
            f"`python -m core download {name}`: damaged files are replaced."
        ) from error
    except OSError as error:
        raise DataError(
            f"{SOURCES[name].title} in {shown(files[0].parent)} cannot be read: {error.strerror or error}."
        ) from error


def path_of(name: str, folder: str = "", attribute: str = "") -> str:
    """The path under which the pictures of a set are read (`core/data/folder.py`); empty for sets of no picture files.

    Args:
        folder: the path of the set `folder`. attribute: that gives the classes of CelebA.
    Raises:
        DataError: CelebA is not in the data folder: says what belongs where.
    """
    if not SOURCES[name].pictures or name == "folder":
        return folder if name == "folder" else ""
    photos, absent = celeba.photos(), celeba.missing()
    if photos is None or absent:
        raise DataError(
            f"CelebA is not {'on this machine' if photos is None else 'complete'}. {' and '.join(absent)} "
            f"belong{'s' if len(absent) == 1 else ''} in “{shown(celeba.home())}”. The lab may not fetch CelebA: take "
            "it from your own copy."
        )
    return str(photos / attribute if attribute else photos)


@lru_cache(maxsize=1)
def _named(name: str, images: ImageSet) -> ImageSet:
    """The images of a folder as those of the set of that name; the same object for the same images."""
    return replace(images, name=name)


def split(images: ImageSet, validation: int, limit: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the images to train on and of the validation images, both among the training images.

    The choice is the same for every recipe and seed, so that validation losses of different runs can be compared. At
    most a fifth is held out. With fewer than five images none is held out: the first one serves as both. Where a folder
    has a part of its own for validation, those images are held out and no others. Of images that are arranged for a run
    (`fingerprint.arrange`) those that are missing are left out of their part.

    Args:
        validation: images to hold out. limit: train on this many of the others only; 0 means all.
    Returns:
        Two sorted `int64` index arrays into `train_images`: training, validation.
    """
    origin = images.origin
    if origin is None:
        return places(len(images.train_images), validation, limit, images.held_out)
    parts = places(origin.train, validation, limit, origin.held_out)
    now = np.full(origin.train, -1)
    now[origin.rows] = np.arange(len(origin.rows))
    train, held_out = (now[part][now[part] >= 0] for part in parts)
    return train, held_out


def places(count: int, validation: int, limit: int, held_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`split` of `count` training images that are all there, of which `held_out` are put aside for validation."""
    order = np.random.RandomState(0).permutation(count)  # numpy promises never to change its numbers
    if len(held_out):
        aside = np.isin(order, held_out)
        held, train = order[aside][: max(1, validation)], order[~aside]
    else:
        number = min(max(1, validation), count // 5)
        held, train = order[: max(1, number)], order[number:]
    if limit:
        train = train[:limit]
    return np.sort(train), np.sort(held)


def table_rows(images: ImageSet, validation: int, limit: int = 0) -> tuple[np.ndarray, int]:
    """Rows of a latent table that belong to the training images of `split`, `int64` [N], and the table's length.

    The rows count from 0 to N − 1, unless images of the run have gone missing since (`ImageSet.origin`).
    """
    train, _ = split(images, validation, limit)
    if images.origin is None:
        return np.arange(len(train)), len(train)
    table, _ = places(images.origin.train, validation, limit, images.origin.held_out)
    return np.searchsorted(table, images.origin.rows[train]), len(table)


def status() -> dict[str, Status]:
    """All sets by name, judged by the presence of their files; nothing is loaded."""
    found = {}
    for name, source in SOURCES.items():
        if name == "folder":
            found[name] = Status(True, "a folder or a zip archive of your choice", "as many as you have")
        elif source.pictures:
            size = f"{source.images:,} images · {source.disk_mb:,} MB"
            found[name] = Status(not celeba.missing(), shown(celeba.home()), size)
        elif source.maker:
            found[name] = Status(True, source.origin, f"{source.images:,} images")
        else:
            size = f"{source.images:,} images · {source.disk_mb} MB"
            found[name] = Status(*_whereabouts(name), size)
    return found


def _whereabouts(name: str) -> tuple[bool, str]:
    """Whether the files of a set are all there, and their folder."""
    if name in published.SETS:
        return published.files(name) is not None, shown(published.place(name))
    search = idx_files.search(name)
    return search.complete is not None, shown(search.folder)


def folder_of(name: str) -> Path:
    """The folder into which a set is downloaded."""
    return published.place(name) if name in published.SETS else idx_files.raw_folder(name)


def file_names(name: str) -> tuple[str, ...]:
    """Names of the files of a set that can be downloaded."""
    return published.SETS[name].train + published.SETS[name].test if name in published.SETS else idx_files.NAMES


def incomplete(name: str) -> str:
    """What is missing of a set of which some files are there, and what lies there instead: sentences, or ""."""
    if name not in published.SETS:
        return idx_files.missing(name, idx_files.search(name))
    absent = published.missing(name)
    return "" if len(absent) == len(file_names(name)) else f"Still missing: {', '.join(absent)}."


def _absent(name: str, found: idx_files.Search) -> str:
    """Why a set cannot be loaded, what is missing of it, and what to do."""
    title, root = SOURCES[name].title, paths.data_folder()
    what = "not complete" if found.files else "not on this machine"
    if detail := idx_files.missing(name, found):
        detail += " "
    elif not root.is_dir() and os.environ.get("LATENT_LAB_DATA"):
        detail = f"LATENT_LAB_DATA names “{shown(root)}”, where there is no folder. "
    return (
        f"{title} is {what}. {detail}Download it on the Data page or with `python -m core download {name}`, or set "
        f"LATENT_LAB_DATA to a folder that holds {SOURCES[name].layout}/raw."
    )


@lru_cache(maxsize=3)
def _idx_set(name: str, files: tuple[tuple[Path, int], ...]) -> ImageSet:
    """A set from its four files and their times of change in ns, which key the cache: changed files are read again."""
    source = SOURCES[name]
    arrays: list[np.ndarray] = []
    for (image_file, _), (label_file, _) in (files[0:2], files[2:4]):
        images, labels = idx.read(image_file, 3), idx.read(label_file, 1)
        if not len(images):
            raise idx.IdxError(f"{image_file.name} holds 0 images.")
        if images.shape[1:] != source.shape.picture:
            raise idx.IdxError(
                f"{image_file.name} holds {len(images):,} images of {images.shape[1]} × "
                f"{images.shape[2]} instead of {source.shape}."
            )
        if len(images) != len(labels):
            raise idx.IdxError(f"{label_file.name} holds {len(labels):,} labels for {len(images):,} images.")
        if labels.max() >= len(source.classes):
            raise idx.IdxError(f"{label_file.name} holds the label {labels.max()}, which is none of {source.title}'s.")
        arrays += [images, labels.astype(np.int64)]
    return ImageSet(name, arrays[0], arrays[1], arrays[2], arrays[3], source.classes)

"""The images to learn from, as arrays.

Every set is held whole in memory as `uint8` (60,000 images of 28 × 28 are 47 MB), so that a batch is a slice
and no Python runs per image. Files are read in torchvision's layout without importing torchvision, which
alone would cost the first page two seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from core.data import idx
from core.data.image_set import DataError, ImageSet, spread
from core.data.registry import DIGIT_NAMES, SOURCES
from core.images.convert import SIDE, to_uint8
from core.system import paths


@dataclass(frozen=True)
class Status:
    """Whether a set can be loaded now, where it lies or would lie, and how large it is."""

    ready: bool
    where: str
    size: str


def load(name: str, folder: str = "") -> ImageSet:
    """The data set of that name, from memory if it was loaded before and its files have not changed.

    Args:
        name: one of `registry.SOURCES`. folder: the path, for the set `folder` only.
    Raises:
        DataError: unknown name, files missing or damaged: says what to do.
    """
    if name == "digits":
        return read_digits()
    if name == "folder":
        from core.data import folder as folders  # here, since folder.py makes an ImageSet

        return folders.load(folder)
    if name not in SOURCES:
        raise DataError(f"There is no data set '{name}'. The sets are {', '.join(SOURCES)}.")
    files = _files(name)
    if files is None:
        raise DataError(
            f"{SOURCES[name].title} is not on this machine. Download it on the Data page or with "
            f"`python -m core download {name}`, or set LATENT_LAB_DATA to a folder that holds "
            f"{SOURCES[name].layout}/raw."
        )
    try:
        return _idx_set(name, tuple((file, file.stat().st_mtime_ns) for file in files))
    except idx.IdxError as error:
        raise DataError(
            f"{error} Download {SOURCES[name].title} again on the Data page or with "
            f"`python -m core download {name}`: damaged files are replaced."
        ) from error
    except OSError as error:
        raise DataError(
            f"{SOURCES[name].title} in {files[0].parent} cannot be read: {error.strerror or error}."
        ) from error


def split(images: ImageSet, validation: int, limit: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Which training images to train on and which to hold out.

    The choice is the same for every recipe and seed, so that validation losses of different runs can be
    compared. At most a fifth is held out. With fewer than five images nothing can be spared: the first one
    serves as both.

    Args:
        validation: images to hold out. limit: train on so many of the others only; 0 means all.
    Returns:
        Two sorted `int64` index arrays into `train_images`: to train on, held out.
    """
    count = len(images.train_images)
    order = np.random.RandomState(0).permutation(count)  # the one generator whose numbers numpy never changes
    held = min(max(1, validation), count // 5)
    train = order[held:]
    if limit:
        train = train[:limit]
    return np.sort(train), np.sort(order[: max(1, held)])


def status() -> dict[str, Status]:
    """All sets by name, judged by the presence of their files: nothing is loaded."""
    found = {}
    for name, source in SOURCES.items():
        if name == "folder":
            found[name] = Status(True, "a folder of your choice", "as many as you have")
        elif not source.layout:
            found[name] = Status(True, "comes with scikit-learn", f"{source.images:,} images")
        else:
            size = f"{source.images:,} images · 55 MB"
            found[name] = Status(_files(name) is not None, str(raw_folder(name)), size)
    return found


def raw_folder(name: str) -> Path:
    """Where the files of a set lie: torchvision's layout, so that both can share them."""
    return paths.data_folder() / SOURCES[name].layout / "raw"


def _files(name: str) -> tuple[Path, ...] | None:
    """The four files of a set, plain or packed: images and labels, train and test. None if one is missing."""
    names = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    found = []
    for file in names:
        plain = raw_folder(name) / file
        packed = plain.with_name(file + ".gz")
        found.append(plain if plain.is_file() else packed if packed.is_file() else None)
    return None if None in found else tuple(found)


@lru_cache(maxsize=3)
def _idx_set(name: str, files: tuple[tuple[Path, int], ...]) -> ImageSet:
    """Cached by path and time of change: files put in place later are noticed."""
    source = SOURCES[name]
    arrays = []
    for (image_file, _), (label_file, _) in (files[0:2], files[2:4]):
        images, labels = idx.read(image_file, 3), idx.read(label_file, 1)
        if images.shape[1:] != (SIDE, SIDE) or not len(images):
            raise idx.IdxError(
                f"{image_file.name} holds {len(images):,} images of {images.shape[1]} × "
                f"{images.shape[2]} instead of 28 × 28."
            )
        if len(images) != len(labels):
            raise idx.IdxError(f"{label_file.name} holds {len(labels):,} labels for {len(images):,} images.")
        if labels.max() >= len(source.classes):
            raise idx.IdxError(f"{label_file.name} holds the label {labels.max()}, which is none of {source.title}'s.")
        arrays += [images, labels.astype(np.int64)]
    return ImageSet(name, *arrays, source.classes)


@lru_cache(maxsize=1)
def read_digits() -> ImageSet:
    """scikit-learn's 1,797 digits, 1,500 to train and 297 to test.

    They come as 8 × 8 pixels. A bicubic enlargement to 28 × 28, a rim of one source pixel and twice the
    contrast give them the soft but firm strokes of MNIST.
    """
    small, labels = _digits_table()
    images = np.empty((len(small), SIDE, SIDE), dtype=np.uint8)
    for i, picture in enumerate(np.pad(small / np.float32(16), ((0, 0), (1, 1), (1, 1)))):
        large = np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
        images[i] = to_uint8(2.0 * large - 0.45)
    test = spread(labels, 297)
    train = np.setdiff1d(np.arange(len(labels)), test)
    return ImageSet("digits", images[train], labels[train], images[test], labels[test], DIGIT_NAMES)


def _digits_table() -> tuple[np.ndarray, np.ndarray]:
    """Grey levels `float32` [1797, 8, 8] from 0 to 16 and labels `int64` [1797].

    `import sklearn.datasets` takes nearly three seconds, the table itself five milliseconds: so the file that
    `load_digits` reads is read directly, and `load_digits` asked only where that file is not found.
    """
    spec = find_spec("sklearn")
    try:
        folder = Path(next(iter(spec.submodule_search_locations)))
        table = np.loadtxt(folder / "datasets" / "data" / "digits.csv.gz", delimiter=",", dtype=np.float32)
        pixels, labels = table[:, :64].reshape(1_797, 8, 8), table[:, 64]
    except (AttributeError, OSError, ValueError, IndexError):
        try:
            from sklearn.datasets import load_digits
        except ImportError as error:
            raise DataError(
                "The digits come with scikit-learn, which is not installed. Run the build again."
            ) from error
        pixels, labels = (array.astype(np.float32) for array in (load_digits().images, load_digits().target))
    return pixels, labels.astype(np.int64)

"""Sets that their makers publish in formats of their own: where their files lie, and how they are read.

Files lie where torchvision's data sets put them, so that both share them; CIFAR-10 in its binary version, since the one
for Python is a pickle. Addresses and md5 sums are torchvision's, that of the binary CIFAR-10 its author's. Nothing is
unpickled. What takes longer than a moment to read is kept in the cache.
"""

from __future__ import annotations

import bz2
import gzip
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np

from core.data import idx, import_cache
from core.data.image_set import DataError, ImageSet
from core.data.picture_source import Entry
from core.data.registry import SOURCES
from core.images.pixel_choices import PixelChoices
from core.system import paths
from core.system.user_paths import shown

Part = tuple[np.ndarray, np.ndarray]
"""Pictures `uint8` [N, H, W] or [N, H, W, 3], and labels from 0, integers [N]."""


class FormatError(ValueError):
    """A file that is not what its name promises: one sentence that names it."""


@dataclass(frozen=True)
class Download:
    """A file to fetch: `file` at `address`, its md5 sum, and the files that it leaves in the set's folder: itself, or
    for an archive those members, by their names in it."""

    address: str
    file: str
    md5: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Published:
    """A set in a format of its own.

    Attributes:
        folder: its folder in the data folder; "" for the data folder itself.
        train, test: the files of each part, in the order in which `read` takes them. read: one part of them.
        downloads: what to fetch. slow: whether reading takes so long that the images are kept in the cache.
    """

    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    read: Callable[[list[Path]], Part]
    downloads: tuple[Download, ...]
    slow: bool = False


def place(name: str) -> Path:
    """The folder of a set's files."""
    return paths.data_folder() / SETS[name].folder


def files(name: str) -> tuple[list[Path], list[Path]] | None:
    """The files of the training and of the test part; None if one is missing."""
    folder = place(name)
    found = [[_file(folder / file) for file in part] for part in (SETS[name].train, SETS[name].test)]
    train, test = ([path for path in part if path] for part in found)
    return (train, test) if len(train) + len(test) == sum(map(len, found)) else None


def missing(name: str) -> list[str]:
    """Names of the files that are not there."""
    folder = place(name)
    return [file for file in (*SETS[name].train, *SETS[name].test) if not _file(folder / file)]


def load(name: str) -> ImageSet:
    """The set, from memory or the cache if its files have not changed.

    Raises:
        DataError: files are missing or damaged; says which, and what to do.
    """
    found, source = files(name), SOURCES[name]
    again = f"Download {source.title} on the Data page or with `python -m core download {name}`"
    if found is None:
        absent = missing(name)
        every = len(absent) == len(SETS[name].train + SETS[name].test)
        which = (
            f"{'The file' if len(absent) == 1 else 'The files'} {', '.join(absent)} belong{'s' * (len(absent) == 1)}"
        )
        raise DataError(
            f"{source.title} is {'not on this machine' if every else 'not complete'}. {which} in "
            f"“{shown(place(name))}”. {again}, or put {'it' if len(absent) == 1 else 'them'} there."
        )
    try:
        return _loaded(name, tuple((file, file.stat().st_mtime_ns, file.stat().st_size) for file in sum(found, [])))
    except (FormatError, idx.IdxError) as error:
        raise DataError(f"{error} {again} again: damaged files are replaced.") from error
    except OSError as error:
        raise DataError(f"{source.title} in {shown(place(name))} cannot be read: {error.strerror or error}.") from error


def _file(path: Path) -> Path | None:
    """A file of a set, plain or, as idx files also lie about, packed."""
    for candidate in (path, path.with_name(f"{path.name}.gz")) if "idx" in path.name else (path,):
        if candidate.is_file() and candidate.stat().st_size:
            return candidate
    return None


@lru_cache(maxsize=2)
def _loaded(name: str, mark: tuple[tuple[Path, int, int], ...]) -> ImageSet:
    """A set from its files with their times of change in ns and sizes, which key the cache."""
    published = SETS[name]
    entries = [Entry(path.name, size, time) for path, time, size in mark]
    kept = import_cache.file_of(place(name), entries, SOURCES[name].shape, PixelChoices())
    if published.slow and (images := import_cache.load(kept)) is not None:
        return images
    found = [path for path, _, _ in mark]
    images = _read(name, found[: len(published.train)], found[len(published.train) :])
    if published.slow:
        import_cache.save(kept, images, kept)
    return images


def _read(name: str, train: list[Path], test: list[Path]) -> ImageSet:
    source, arrays = SOURCES[name], list[np.ndarray]()
    for part in (train, test):
        images, labels = SETS[name].read(part)
        said = part[0].name
        if not len(images):
            raise FormatError(f"{said} holds 0 images.")
        if images.shape[1:] != source.shape.picture:
            size = " × ".join(map(str, images.shape[1:3]))
            raise FormatError(f"{said} holds images of {size} pixels instead of {source.shape}.")
        if len(images) != len(labels):
            raise FormatError(f"{part[-1].name} holds {len(labels):,} labels for {len(images):,} images.")
        if labels.min() < 0 or labels.max() >= len(source.classes):
            raise FormatError(f"{part[-1].name} holds a label that is none of {source.title}'s.")
        arrays += [np.ascontiguousarray(images), labels.astype(np.int64)]
    return ImageSet(name, arrays[0], arrays[1], arrays[2], arrays[3], source.classes)


def _cifar(parts: list[Path]) -> Part:
    """Rows of a label and 3 × 32 × 32 bytes: all red, then green, then blue (cs.toronto.edu/~kriz/cifar.html)."""
    rows = np.concatenate([_records(path, 1 + 3 * 32 * 32) for path in parts])
    return rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), rows[:, 0]


STL_SIDE, STL_BLOCK = 96, 2
"""Pixels of a side of STL-10's images, and of the blocks whose means are taken: 48 × 48 pixels are left."""


def _stl(parts: list[Path]) -> Part:
    """3 × 96 × 96 bytes an image, each channel column by column, and labels from 1 (cs.stanford.edu/~acoates/stl10)."""
    columns = _records(parts[0], 3 * STL_SIDE * STL_SIDE).reshape(-1, 3, STL_SIDE, STL_SIDE)
    side = STL_SIDE // STL_BLOCK
    images = np.empty((len(columns), side, side, 3), np.uint8)
    for start in range(0, len(columns), 500):  # in steps, since the sums take twice the memory
        blocks = columns[start : start + 500].reshape(-1, 3, side, STL_BLOCK, side, STL_BLOCK)
        sums = blocks.sum((3, 5), dtype=np.uint16)
        images[start : start + 500] = ((sums + STL_BLOCK**2 // 2) // STL_BLOCK**2).transpose(0, 3, 2, 1)
    return images, np.fromfile(parts[1], np.uint8).astype(np.int64) - 1


def _svhn(parts: list[Path]) -> Part:
    """MATLAB's X, 32 × 32 × 3 × N, and y, where 10 stands for the digit 0 (ufldl.stanford.edu/housenumbers)."""
    from scipy.io import loadmat  # takes a fifth of a second to import
    from scipy.io.matlab import MatReadError

    (path,) = parts
    try:
        found = loadmat(path, variable_names=("X", "y"))
        images, labels = found["X"], found["y"].ravel().astype(np.int64)
    except (MatReadError, LookupError, ValueError, TypeError, NotImplementedError, EOFError, zlib.error) as error:
        raise FormatError(f"{path.name} is damaged, or no file of house numbers in MATLAB's format.") from error
    if images.dtype != np.uint8 or images.ndim != 4:
        raise FormatError(f"{path.name} holds no colour images of bytes.")
    return images.transpose(3, 0, 1, 2), labels % 10


def _usps(parts: list[Path]) -> Part:
    """Packed text, a line an image: its label from 1, then number:value of 256 values from −1 to 1 (LIBSVM)."""
    (path,) = parts
    try:
        with bz2.open(path, "rt", encoding="ascii") as file:
            numbers = np.array(file.read().replace(":", " ").split(), np.float32)
        table = numbers.reshape(-1, 1 + 2 * 16 * 16)
        if (table[:, 1::2] != np.arange(1, 257)).any() or np.abs(table[:, 2::2]).max(initial=0) > 1:
            raise ValueError
    except (EOFError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise FormatError(f"{path.name} is damaged, or no file of digits in LIBSVM's format.") from error
    levels = np.rint((table[:, 2::2] + 1) * 127.5).astype(np.uint8)
    return levels.reshape(-1, 16, 16), table[:, 0].astype(np.int64) - 1


def _qmnist(parts: list[Path]) -> Part:
    """MNIST's format; the labels are tables of integers, the class in the first column (Yadav & Bottou 2019)."""
    return idx.read(parts[0], 3), idx.read(parts[1], 2, idx.INTEGERS)[:, 0].astype(np.int64)


def _emnist(parts: list[Path]) -> Part:
    """MNIST's format, rows and columns exchanged, labels from 1 (Cohen et al. 2017)."""
    return idx.read(parts[0], 3).transpose(0, 2, 1), idx.read(parts[1], 1).astype(np.int64) - 1


def _records(path: Path, length: int) -> np.ndarray:
    """The bytes of a file in rows of that length, `uint8` [N, length]."""
    content = np.fromfile(path, np.uint8)
    if not len(content) or len(content) % length:
        raise FormatError(f"{path.name} is cut off or damaged: {len(content):,} bytes are no whole number of images.")
    return content.reshape(-1, length)


def unpacked(archive: Path, folder: Path, members: tuple[str, ...]) -> list[tuple[Path, Path]]:
    """Unpack members of a tar or zip archive into a folder, each beside its final place, and packed idx files plain.

    Only these names are looked for, so that no member can reach beyond the folder.

    Returns:
        (where it lies now, where it belongs) of each.
    Raises:
        FormatError: a member is missing, or the archive is damaged.
    """
    wanted, done = set(members), list[tuple[Path, Path]]()

    def copy(name: str, stream: IO[bytes]) -> None:
        target = folder / Path(name).name.removesuffix(".gz")
        fresh = target.with_name(target.name + ".new")
        done.append((fresh, target))
        with open(fresh, "wb") as file:
            source: IO[bytes] | gzip.GzipFile = gzip.GzipFile(fileobj=stream) if name.endswith(".gz") else stream
            shutil.copyfileobj(source, file, 1 << 20)
        wanted.discard(name)

    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                for name in sorted(wanted & set(packed.namelist())):
                    with packed.open(name) as stream:
                        copy(name, stream)
        else:
            with tarfile.open(archive, "r:*") as tar:
                for member in tar:
                    name = member.name.removeprefix("./")
                    if name in wanted and (content := tar.extractfile(member)):
                        copy(name, content)
                    if not wanted:
                        break
        if wanted:
            raise FormatError(f"{archive.name.removesuffix('.part')} lacks {min(wanted)}.")
    except BaseException as error:
        for fresh, _ in done:  # gigabytes, perhaps on a full disk
            fresh.unlink(missing_ok=True)
        if isinstance(error, (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile)):
            raise FormatError(f"{archive.name.removesuffix('.part')} is damaged.") from error
        raise
    return done


def _qmnist_part(part: str, images: str, labels: str) -> tuple[Download, ...]:
    address = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"
    return (
        Download(address, f"qmnist-{part}-images-idx3-ubyte.gz", images),
        Download(address, f"qmnist-{part}-labels-idx2-int.gz", labels),
    )


_LETTERS = {
    part: tuple(f"emnist-letters-{part}-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1"))
    for part in ("train", "test")
}
_BATCHES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_STL = {part: (f"{part}_X.bin", f"{part}_y.bin") for part in ("train", "test")}
_LIBSVM = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/"
_HOUSES = "http://ufldl.stanford.edu/housenumbers/"

SETS: dict[str, Published] = {
    "qmnist": Published(
        "QMNIST/raw",
        ("qmnist-train-images-idx3-ubyte", "qmnist-train-labels-idx2-int"),
        ("qmnist-test-images-idx3-ubyte", "qmnist-test-labels-idx2-int"),
        _qmnist,
        (
            *_qmnist_part("train", "ed72d4157d28c017586c42bc6afe6370", "0058f8dd561b90ffdd0f734c6a30e5e4"),
            *_qmnist_part("test", "1394631089c404de565df7b7aeaf9412", "5b5b05890a5e13444e108efe57b788aa"),
        ),
    ),
    "emnist-letters": Published(
        "EMNIST/raw",
        _LETTERS["train"],
        _LETTERS["test"],
        _emnist,
        (
            Download(
                "https://biometrics.nist.gov/cs_links/EMNIST/",
                "gzip.zip",
                "58c8d27c78d21e728a6bc7b3cc06412e",
                tuple(f"gzip/{file}.gz" for part in _LETTERS.values() for file in part),
            ),
        ),
    ),
    "usps": Published(
        "",
        ("usps.bz2",),
        ("usps.t.bz2",),
        _usps,
        (
            Download(_LIBSVM, "usps.bz2", "ec16c51db3855ca6c91edd34d0e9b197"),
            Download(_LIBSVM, "usps.t.bz2", "8ea070ee2aca1ac39742fdd1ef5ed118"),
        ),
        slow=True,
    ),
    "cifar-10": Published(
        "cifar-10-batches-bin",
        _BATCHES,
        ("test_batch.bin",),
        _cifar,
        (
            Download(
                "https://www.cs.toronto.edu/~kriz/",
                "cifar-10-binary.tar.gz",
                "c32a1d4ab5d03f1284b67883e8d87530",
                tuple(f"cifar-10-batches-bin/{file}" for file in (*_BATCHES, "test_batch.bin")),
            ),
        ),
    ),
    "svhn": Published(
        "",
        ("train_32x32.mat",),
        ("test_32x32.mat",),
        _svhn,
        (
            Download(_HOUSES, "train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"),
            Download(_HOUSES, "test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"),
        ),
        slow=True,
    ),
    "stl-10": Published(
        "stl10_binary",
        _STL["train"],
        _STL["test"],
        _stl,
        (
            Download(
                "http://ai.stanford.edu/~acoates/stl10/",
                "stl10_binary.tar.gz",
                "91f7769df0f17e558f3565bffb0c7dfb",
                tuple(f"stl10_binary/{file}" for part in _STL.values() for file in part),
            ),
        ),
        slow=True,
    ),
}
"""The sets by name."""

"""Where a user's pictures lie: a folder, a zip archive (`core/data/archive.py`) or a file of numbers (`array_file.py`),
each of which lists named entries in order.

What is read of them, and how it becomes a set, is the same for all (`core/data/folder.py`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol, cast

import numpy as np
from PIL import Image

from core.data import label_table
from core.data.factors import Factor
from core.data.image_set import DataError
from core.data.layout import Place, places
from core.images.convert import ImageError
from core.images.pixel_choices import PixelChoices
from core.system.user_paths import shown

MAX_FILES = 2_000_000
"""Files in a folder or an archive, at most: more are probably a whole disk, chosen by mistake."""

MAX_TABLES = 20
"""Tables of labels in a source that are looked into, at most."""

_NOISE = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
_NOISE_FOLDERS = {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found"}


class Entry(NamedTuple):
    """A file of a source.

    Attributes:
        name: path below the source, with the system's separator. mark: changes when the file does. size: its bytes.
        refusal: why it is not read, or "".
    """

    name: str
    mark: int
    size: int
    refusal: str = ""


class Numbers(NamedTuple):
    """A picture `uint8` [H, W] or [H, W, C] that was made of numbers of another type, and these."""

    picture: np.ndarray
    values: np.ndarray


Content = Callable[[Entry], "bytes | Path | np.ndarray | Numbers"]
"""What reads an entry: a file's bytes, a path to them, or a picture `uint8` [H, W] or [H, W, C]; raises `ImageError`
where it cannot."""


Known = tuple[tuple[Factor, ...], np.ndarray]
"""Factors of variation, and the number of each one's value for every entry of a source, `uint8` [entries, F]."""


class PictureSource(Protocol):
    """Named files in natural order; two sources of the same place are equal."""

    def __hash__(self) -> int: ...

    @property
    def place(self) -> Path:
        """Absolute path of the folder or the archive."""

    @property
    def kind(self) -> str:
        """`folder`, `archive` or `file`, as a sentence says it."""

    @property
    def mark(self) -> tuple[Entry, ...]:
        """What changes when the content does."""

    @property
    def entries(self) -> Sequence[Entry]:
        """All files. Raises `DataError` where they cannot be listed."""

    @property
    def places(self) -> tuple[list[Place], tuple[str, ...]]:
        """The part and the class of each entry, and sentences on how they were found."""

    @property
    def factors(self) -> Known | None:
        """What is known of each entry beside its class; None for nothing."""

    def settled(self, choices: PixelChoices) -> tuple[PixelChoices, tuple[str, ...]]:
        """The pixel choices with what the source itself decides, before any picture is read, and sentences on that."""

    def open(self, choices: PixelChoices) -> AbstractContextManager[Content]:
        """What reads the entries, from several threads at once. `choices`: settled."""


class FileSource:
    """What folders and archives have in common: their pictures are files, whose places the folders say; a table of
    labels among them or beside the source (`label_table`) may say their classes."""

    place: Path

    @property
    def mark(self) -> tuple[Entry, ...]:
        """See `PictureSource.mark`."""
        raise NotImplementedError

    @property
    def entries(self) -> Sequence[Entry]:
        """See `PictureSource.entries`."""
        raise NotImplementedError

    def open(self, choices: PixelChoices) -> AbstractContextManager[Content]:
        """See `PictureSource.open`."""
        raise NotImplementedError

    @property
    def places(self) -> tuple[list[Place], tuple[str, ...]]:
        """See `PictureSource.places`; only files whose names end as those of pictures do decide."""
        Image.init()
        files = [entry.name for entry in self.entries]
        pictures = [os.path.splitext(file)[1].lower() in Image.EXTENSION for file in files]
        found, notes = places(files, pictures)
        if tables := [*self._tables()]:
            found, more = label_table.labelled(found, files, pictures, tables)
            notes += more
        shared: dict[Place, Place] = {}  # a few objects instead of one for each file
        return [shared.setdefault(place, place) for place in found], notes

    @property
    def factors(self) -> Known | None:
        """See `PictureSource.factors`."""
        return None

    def settled(self, choices: PixelChoices) -> tuple[PixelChoices, tuple[str, ...]]:
        """See `PictureSource.settled`."""
        return choices, ()

    def _tables(self) -> Iterator[label_table.Table]:
        """The tables of labels in the source and beside it."""
        inside = [entry for entry in self.entries if label_table.is_table(entry.name) and _readable(entry)]
        if inside:
            with self.open(PixelChoices()) as content:
                for entry in inside[:MAX_TABLES]:
                    try:
                        found = content(entry)
                        raw = found.read_bytes() if isinstance(found, Path) else bytes(cast(bytes, found))
                    except (ImageError, OSError):
                        continue
                    if table := label_table.read(entry.name, raw):
                        yield table
        for file in _tables_beside(self.place):
            with suppress(OSError), open(file, "rb") as beside:
                if table := label_table.read(os.path.join(os.pardir, file.name), beside.read(label_table.MAX_BYTES)):
                    yield replace(table, certain=False)  # it may be about other files

    @property
    def beside(self) -> tuple[Entry, ...]:
        """Tables of labels beside the source, for its mark."""
        return tuple(Entry(os.path.join(os.pardir, file.name), *_stamp_of(file)) for file in _tables_beside(self.place))


@dataclass(frozen=True)
class Folder(FileSource):
    """A folder with all that lies below it, without hidden files and loops of links."""

    place: Path
    kind = "folder"

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """See `PictureSource.entries`."""
        return tuple(_below(self.place))

    @property
    def mark(self) -> tuple[Entry, ...]:
        """See `PictureSource.mark`."""
        return self.entries + self.beside

    def open(self, choices: PixelChoices) -> AbstractContextManager[Content]:
        """See `PictureSource.open`."""
        return nullcontext(lambda entry: self.place / entry.name)


def too_many(place: Path, kind: str) -> DataError:
    """The refusal of a source with too many files."""
    return DataError(
        f"“{shown(place)}” holds more than {MAX_FILES:,} files. Choose {'a' if kind == 'folder' else 'an'} {kind} with "
        f"only the images, at most {MAX_FILES:,} of them."
    )


def noise(name: str) -> bool:
    """Whether a file is one that systems add, or a hidden one."""
    return name.startswith(".") or name.lower() in _NOISE


def noise_folder(name: str) -> bool:
    """Whether a folder is one that systems add, or a hidden one."""
    return name.startswith(".") or name.lower() in _NOISE_FOLDERS


_DIGITS = re.compile(r"(\d+)")


def natural(name: str) -> list[tuple[int, str]]:
    """Sort key that puts `2.png` before `10.png`."""
    parts = _DIGITS.split(name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def stamp(status: os.stat_result) -> int:
    """A number that changes when a file does. Unpacking and copying keep a file's time; that of its entry in the folder
    (not on Windows) cannot be kept."""
    return status.st_mtime_ns + status.st_ctime_ns


def _below(root: Path) -> list[Entry]:
    """Every file below a folder in natural order, without hidden ones and loops of links."""
    found: list[Entry] = []
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
                    if _is_dir(item):
                        if not noise_folder(item.name):
                            (links if item.is_symlink() else waiting).append(item.path)
                    elif not noise(item.name):
                        found.append(Entry(start + item.name, *_stamp(item)))
        except OSError as error:
            if here == str(root):
                raise DataError(f"The folder “{shown(root)}” cannot be read ({error.strerror}).") from error
            found.append(Entry(below, 0, 0, "is a folder that may not be read"))
        links.sort(key=natural)
        if max(len(found), len(seen)) > MAX_FILES:
            raise too_many(root, "folder")
    return sorted(found, key=lambda entry: natural(entry.name))


def _tables_beside(place: Path) -> list[Path]:
    """Tables beside a folder or an archive that may hold its pictures' labels: named after it or `labels.csv`."""
    if not place.name:  # the root of a disk
        return []
    stem = place.name if place.is_dir() else place.stem
    names = (f"{stem}.csv", f"{stem}-labels.csv", f"{stem}_labels.csv", "labels.csv")
    return [file for name in names if (file := place.with_name(name)).is_file()]


def _readable(entry: Entry) -> bool:
    return not entry.refusal and entry.size <= label_table.MAX_BYTES


def _stamp_of(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:
        return 0, 0
    return stamp(status), status.st_size


def _is_dir(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link to itself
        return False


def _stamp(item: os.DirEntry[str]) -> tuple[int, int]:
    try:
        status = item.stat()
    except OSError:  # a link to nowhere, or gone since the listing
        return 0, 0
    return stamp(status), status.st_size

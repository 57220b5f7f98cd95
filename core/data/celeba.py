"""CelebA from a user's own copy: photos of faces whose classes are one of 40 attributes (Liu et al. 2015).

The set may not be handed on, so that the lab downloads nothing: whoever has it puts it into the data folder as
torchvision does, or names the folder or the zip archive `img_align_celeba`, or the folder that holds it, with
`list_attr_celeba.txt` in it or beside it (Kaggle's copy: `.csv`). Where `list_eval_partition` is there as well, it says
which photos are for training, validation and testing. A path may end in the name of the attribute that gives the
classes, as in `celeba/img_align_celeba.zip/Eyeglasses`; the photos are read once for all attributes, which are the
factors of the set.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.data import label_table, picture_source
from core.data.factors import NOT_KNOWN, Factor
from core.data.image_set import DataError, ImageSet
from core.data.layout import TEST, TRAIN, VALIDATION, Place
from core.data.picture_source import Content, Entry, FileSource, Known, natural
from core.images.convert import ImageError
from core.images.pixel_choices import PixelChoices
from core.system import paths
from core.system.user_paths import shown

PHOTOS = "img_align_celeba"
"""Name of the folder or the archive of the photos."""

ATTRIBUTES, PARTS = "list_attr_celeba", "list_eval_partition"
"""Names of the tables, without their endings."""

ENDINGS = (".txt", ".csv")

USUAL = "Smiling"
"""The attribute that gives the classes unless another is chosen: about half of the photos have it."""

_PARTS = {"0": TRAIN, "1": VALIDATION, "2": TEST}

VALUES = ("no", "yes", NOT_KNOWN)
"""Values of an attribute; the last one of photos that are not in the table."""

_CLASSES = "The classes are CelebA’s attribute"


def home() -> Path:
    """The folder of the set in the data folder, which is torchvision's."""
    return paths.data_folder() / "celeba"


def photos() -> Path | None:
    """The photos in the data folder, the archive before the folder, which takes long to list; None without them."""
    packed, folder = home() / f"{PHOTOS}.zip", home() / PHOTOS
    return packed if packed.is_file() else folder if folder.is_dir() else None


def missing() -> list[str]:
    """Names of what is not in the data folder of that which the set needs."""
    absent = [] if photos() else [f"{PHOTOS}.zip"]
    return absent if _beside(home() / PHOTOS, ATTRIBUTES) else [*absent, f"{ATTRIBUTES}.txt"]


def words(attribute: str) -> str:
    """The name of an attribute as text."""
    return attribute.replace("_", " ")


@dataclass(frozen=True)
class Attributes:
    """The photos of a folder or an archive, with one attribute as their classes.

    Attributes:
        files: the source of the photos. attribute: its name; "": the usual one.
    """

    files: FileSource
    attribute: str = ""

    @property
    def kind(self) -> str:
        """See `PictureSource.kind`."""
        return "archive" if self.files.place.is_file() else "folder"

    @property
    def place(self) -> Path:
        """See `PictureSource.place`."""
        return self.files.place / self.attribute if self.attribute else self.files.place

    @property
    def mark(self) -> tuple[Entry, ...]:
        """See `PictureSource.mark`."""
        beside = [one for name in (ATTRIBUTES, PARTS) if (one := _beside(self.files.place, name))]
        stamps = [(file.name, file.stat()) for file in beside]
        return (
            *self.files.mark,
            *(Entry(os.path.join(os.pardir, name), picture_source.stamp(at), at.st_size) for name, at in stamps),
        )

    @property
    def entries(self) -> Sequence[Entry]:
        """See `PictureSource.entries`."""
        return self.files.entries

    @property
    def places(self) -> tuple[list[Place], tuple[str, ...]]:
        """See `PictureSource.places`."""
        return _placed(self, self.mark)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the attributes; none where their table is missing."""
        return _names(_text(self, ATTRIBUTES))

    @property
    def chosen(self) -> str:
        """Name of the attribute that gives the classes; "" without a table."""
        names = self.names
        return self.attribute or (USUAL if USUAL in names else names[0] if names else "")

    @property
    def whole(self) -> Attributes:
        """The same photos with the usual attribute, as they are read for all of them."""
        return Attributes(self.files)

    @property
    def factors(self) -> Known | None:
        """See `PictureSource.factors`: all attributes."""
        if not (names := self.names):
            return None
        rows, table = _table(_text(self, ATTRIBUTES))
        where = np.array([rows.get(os.path.basename(entry.name), len(table)) for entry in self.entries], np.int64)
        values = np.vstack([table, np.full((1, len(names)), VALUES.index(NOT_KNOWN), np.uint8)])[where]
        lacking = any(row == len(table) and _is_photo(one) for row, one in zip(where, self.entries, strict=True))
        given = VALUES if lacking else VALUES[:2]
        return tuple(Factor(words(name), "categorical", given) for name in names), values

    def settled(self, choices: PixelChoices) -> tuple[PixelChoices, tuple[str, ...]]:
        """See `PictureSource.settled`."""
        return self.files.settled(choices)

    def open(self, choices: PixelChoices) -> AbstractContextManager[Content]:
        """See `PictureSource.open`."""
        return self.files.open(choices)


def of(files: FileSource, attribute: str = "") -> Attributes | None:
    """CelebA's photos in a folder or an archive with the classes of an attribute; None where they are others.

    Raises:
        DataError: they have no attribute of that name.
    """
    if os.path.splitext(files.place.name)[0] != PHOTOS and not _has_table(files):
        return None
    found = Attributes(files, attribute)
    if attribute and attribute not in found.names:
        names = ", ".join(found.names)
        has = f"The attributes are {names}." if names else f"“{ATTRIBUTES}.txt” is missing, which holds them."
        raise DataError(f"“{shown(files.place.name)}” has no attribute “{shown(attribute)}”. {has}")
    return found


@lru_cache(maxsize=2)
def by_attribute(images: ImageSet, attribute: str) -> ImageSet:
    """CelebA's photos with the classes of another attribute; the same object for the same set.

    Args:
        images: with all attributes as their factors. attribute: the name of one of them in the table.
    """
    if images.factors is None:
        return images
    name = words(attribute)
    column = [factor.name for factor in images.factors.about].index(name)
    parts = [part[:, column] for part in (images.factors.train, images.factors.test)]
    named = {0: f"not {name}", 1: name}
    given = sorted(
        (one for one in named if any((part == one).any() for part in parts)), key=lambda v: natural(named[v])
    )
    number = np.array([given.index(value) if value in given else -1 for value in range(len(VALUES))], np.int64)
    return replace(
        images,
        train_labels=number[parts[0]],
        test_labels=number[parts[1]],
        classes=tuple(named[value] for value in given),
        notes=tuple(_said(name) if note.startswith(_CLASSES) else note for note in images.notes),
    )


def _said(name: str) -> str:
    return f"{_CLASSES} “{name}”."


@lru_cache(maxsize=4)
def _placed(source: Attributes, mark: tuple[Entry, ...]) -> tuple[list[Place], tuple[str, ...]]:
    """Part and class of each photo; `mark` keys the cache."""
    attributes, parts = _text(source, ATTRIBUTES), _text(source, PARTS)
    chosen = source.chosen
    if not chosen:
        places, said = source.files.places
        why = f"“{ATTRIBUTES}.txt” lies neither in “{shown(source.files.place.name)}” nor beside it"
        return places, (*said, f"{why}, so that these photos have no classes. Put it there, from your copy of CelebA.")
    rows, table = _table(attributes)
    column, name = source.names.index(chosen), words(chosen)
    label = {file: name if table[row, column] else f"not {name}" for file, row in rows.items()}
    part = {row[0]: _PARTS.get(row[1], "") for row in map(_cells, parts.splitlines()) if len(row) > 1}
    shared: dict[tuple[str, str | None], Place] = {}
    places, used, lacking = [], set[str](), 0
    for entry in source.entries:
        file = os.path.basename(entry.name)
        if _is_table(entry):
            places.append(Place(table=True))
            continue
        one = part.get(file, ""), label.get(file)
        used.add(one[0])
        lacking += one[1] is None and _is_photo(entry)
        places.append(shared.setdefault(one, Place(*one)))
    notes = [_said(name)]
    if {TRAIN, TEST} <= used:
        notes.append(f"“{PARTS}” says which photos are for training, validation and testing.")
    else:
        places = [Place(label=place.label, table=place.table) for place in places]
        notes.append("A sixth of the photos is used for testing" + ("." if parts else f": “{PARTS}.txt” is not there."))
    if lacking:
        notes.append(f"{lacking:,} of the photos {'is' if lacking == 1 else 'are'} not in the table of attributes.")
    return places, tuple(notes)


def _names(text: str) -> tuple[str, ...]:
    """Names of the attributes, in the order of their columns: of the second line, or of the first one of a CSV file."""
    lines = text.split("\n", 2)
    if "," in lines[0]:
        return tuple(cell.strip() for cell in lines[0].split(","))[1:]
    return tuple(lines[1].split()) if len(lines) > 2 else ()


@lru_cache(maxsize=1)
def _table(text: str) -> tuple[dict[str, int], np.ndarray]:
    """Row of each photo in the table of attributes, and the table, `uint8` [photos, attributes]: 1 where it has one.

    Eight million cells: they are taken line by line, as bytes."""
    names, rows, values = _names(text), dict[str, int](), bytearray()
    for line in text.splitlines():
        file, *cells = _cells(line) or [""]
        if file and len(cells) == len(names) and set(cells) <= {"1", "-1", "0"}:
            rows[file] = len(values) // len(names)
            values += bytes([cell == "1" for cell in cells])
    return rows, np.frombuffer(values, np.uint8).reshape(-1, len(names))


def _cells(line: str) -> list[str]:
    """Cells of a line; those of the heads name no photo."""
    return [cell.strip() for cell in line.split(",")] if "," in line else line.split()


def _is_photo(entry: Entry) -> bool:
    return entry.name.lower().endswith((".jpg", ".png"))


def _is_table(entry: Entry) -> bool:
    return os.path.splitext(os.path.basename(entry.name))[0] in (ATTRIBUTES, PARTS)


def _text(source: Attributes, name: str) -> str:
    """The text of a table, empty where it is missing or cannot be read."""
    return _read(source.files, name, source.mark)


@lru_cache(maxsize=4)
def _read(files: FileSource, name: str, mark: tuple[Entry, ...]) -> str:
    try:
        if inside := _inside(files, name):
            with files.open(PixelChoices()) as content:
                found = content(inside)
                raw = found.read_bytes() if isinstance(found, Path) else bytes(found)
        elif beside := _beside(files.place, name):
            with open(beside, "rb") as file:
                raw = file.read(label_table.MAX_BYTES)
        else:
            return ""
    except (ImageError, OSError):
        return ""
    return label_table.text_of(raw[: label_table.MAX_BYTES]).replace("\r\n", "\n")


def _has_table(files: FileSource) -> bool:
    """Whether the table of attributes lies in a folder, not below it, or in an archive."""
    if files.place.is_dir():
        return any((files.place / (ATTRIBUTES + ending)).is_file() for ending in ENDINGS)
    try:
        return _inside(files, ATTRIBUTES) is not None
    except DataError:  # a damaged archive, which is said when it is read
        return False


def _inside(files: FileSource, name: str) -> Entry | None:
    wanted = {name + ending for ending in ENDINGS}
    return next(
        (one for one in files.entries if os.path.basename(one.name) in wanted and one.size <= label_table.MAX_BYTES),
        None,
    )


def _beside(place: Path, name: str) -> Path | None:
    found = (place.with_name(name + ending) for ending in ENDINGS) if place.name else ()
    return next((file for file in found if file.is_file()), None)

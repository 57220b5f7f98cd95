"""Sets that visitors draw on the Data page, class by class: each is a folder with a picture file for each drawing.

`drawn/<set>/set.json` says the shape of its images, its classes and which copies training adds; the drawings of a class
are `<class>/<number>-<visitor>.png`. Several visitors, also of several labs that share the folder, may draw into one
set at once: a lock on the set gives every drawing a number of its own. `core/data/drawn_source.py` makes a data set of
it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from core.data.image_set import DataError
from core.images.convert import png
from core.images.shape import ImageShape
from core.system import folder_names, paths
from core.system.atomic_files import read_json, write_atomic, write_json
from core.system.user_paths import shown

FORMAT = "latent-lab-drawn-set-1"

FACTS = "set.json"
"""File that makes a folder a drawn set."""

MOST_CLASSES, MOST_COPIES = 40, 20

_DRAWING = re.compile(r"(\d{1,6})-([0-9a-z]{0,12})\.png", re.ASCII)
_PATIENCE = 10.0  # seconds that a drawing waits for those of others


@dataclass(frozen=True)
class Copies:
    """Altered copies of the training drawings, which a model is trained on beside them.

    Attributes:
        each: copies of every training drawing; 0: none. shift: whether they are moved. thickness: whether their strokes
            become thinner or thicker.
    """

    each: int = 0
    shift: bool = True
    thickness: bool = True

    @property
    def number(self) -> int:
        """Copies that are made: none where nothing is altered."""
        return self.each if self.shift or self.thickness else 0


@dataclass(frozen=True)
class DrawnSet:
    """A drawn set: its folder, whose name is the set's, and what its `set.json` says.

    Attributes:
        owner: public name of the visitor who began it. shape: of its images. classes: in their order.
    """

    place: Path
    owner: str
    shape: ImageShape
    classes: tuple[str, ...]
    copies: Copies = Copies()

    @property
    def name(self) -> str:
        """The name of the set."""
        return folder_names.tidied(self.place.name)


@dataclass(frozen=True)
class Drawing:
    """One drawing of a set: its class, its number in it from 1, the visitor who drew it, and its file."""

    label: str
    number: int
    by: str
    file: Path

    @property
    def tested(self) -> bool:
        """Whether it is a test image: the second of each class and every sixth after it. What others draw or take back
        does not change that."""
        return self.number % 6 == 2


def folder() -> Path:
    """Folder with one sub-folder per drawn set."""
    return paths.sets_folder() / "drawn"


def sets() -> list[DrawnSet]:
    """All drawn sets of this lab by name; folders that are none are passed over."""
    try:
        places = sorted(folder().iterdir(), key=lambda place: place.name.casefold())
    except OSError:
        return []
    found = (of(place) for place in places if not place.name.startswith("."))
    return [one for one in found if one is not None]


def named(name: str) -> DrawnSet | None:
    """The drawn set of that name; None where there is none."""
    key = _key(name)
    return next((one for one in sets() if _key(one.name) == key), None)


def of(place: Path) -> DrawnSet | None:
    """The drawn set in a folder; None where the folder is none."""
    if not (place / FACTS).is_file():
        return None
    try:
        facts: dict[str, Any] = read_json(place / FACTS)
        if facts["format"] != FORMAT:
            return None
        classes = tuple(str(name) for name in facts["classes"])
        if not classes or any(folder_names.problem(name, "a") for name in classes):
            return None
        return DrawnSet(
            place.resolve(),
            str(facts["owner"]),
            ImageShape.of(facts["shape"]),
            classes,
            _copies(facts["copies"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _copies(facts: dict[str, Any]) -> Copies:
    return Copies(min(MOST_COPIES, max(0, int(facts["each"]))), bool(facts["shift"]), bool(facts["thickness"]))


def create(name: str, classes: Sequence[str], shape: ImageShape, owner: str) -> DrawnSet:
    """Begin a set.

    Raises:
        DataError: a name that is not allowed or taken (then nothing of the older set changes), or a folder that cannot
            be written to.
    """
    name = folder_names.tidied(name)
    if problem := folder_names.problem(name, "a set's"):
        raise DataError(f"“{shown(name[: folder_names.LONGEST])}” {problem}")
    made = DrawnSet(folder() / name, owner, shape, _checked(classes))
    if named(name) or os.path.lexists(made.place):
        raise DataError(f"There is a set “{name}” already. Choose another name, or draw into that one.")
    with _told(made):
        folder().mkdir(parents=True, exist_ok=True)
        try:
            made.place.mkdir()  # fails where another visitor has begun a set of this name a moment ago
        except FileExistsError:
            raise DataError(f"There is a set “{name}” already. Choose another name, or draw into that one.") from None
        try:
            _write(made)
        except OSError:  # the disk is full: the name stays free
            shutil.rmtree(made.place, ignore_errors=True)
            raise
    return made


def class_names(text: str) -> list[str]:
    """Names of classes as a visitor types them, with commas or line breaks between."""
    return [name for part in re.split(r"[,;\n]", text) if (name := folder_names.tidied(part))]


def _checked(classes: Sequence[str]) -> tuple[str, ...]:
    """Names of classes that can be folders, all different.

    Raises:
        DataError: says which name is wrong and what is allowed.
    """
    names = [folder_names.tidied(name) for name in classes]
    if not names:
        raise DataError("The set has no class yet. Name at least one, such as “cat, dog”.")
    if len(names) > MOST_CLASSES:
        raise DataError(f"These are {len(names)} classes. A drawn set has {MOST_CLASSES} at most.")
    for place, name in enumerate(names):
        if problem := folder_names.problem(name, "a class's"):
            raise DataError(f"“{shown(name[: folder_names.LONGEST])}” {problem}")
        if _key(name) in map(_key, names[:place]):
            raise DataError(f"There are two classes “{name}”. Give each its own name.")
    return tuple(names)


def _key(name: str) -> str:
    """What two names have in common that some systems take for the same folder."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def add_classes(chosen: DrawnSet, more: Sequence[str]) -> DrawnSet:
    """Add classes to a set, after those that others have added meanwhile; the set as it is then.

    Raises:
        DataError: a name that is not allowed or taken, or the set is gone or cannot be written to.
    """
    if not more:
        raise DataError("No class is named. Write one or more, such as “cat, dog”.")
    with _locked(chosen) as now:
        changed = replace(now, classes=_checked([*now.classes, *more]))
        _write(changed)
    return changed


def set_copies(chosen: DrawnSet, copies: Copies) -> DrawnSet:
    """Change which copies training adds; the set as it is then.

    Raises:
        DataError: the set is gone or cannot be written to.
    """
    with _locked(chosen) as now:
        changed = replace(now, copies=copies)
        _write(changed)
    return changed


def add(chosen: DrawnSet, label: str, picture: np.ndarray, by: str) -> Drawing:
    """Keep a drawing under the next number of its class.

    Args:
        picture: `uint8` of the set's shape. by: public name of the visitor.
    Raises:
        DataError: the class is none of the set's, or the set is gone or cannot be written to.
    """
    if picture.shape != chosen.shape.picture:
        raise DataError(f"The images of this set are {chosen.shape}. Nothing was kept.")
    with _locked(chosen) as now:
        if label not in now.classes:
            raise DataError(f"The set “{now.name}” has no class “{label}” any more. Nothing was kept.")
        drawn = _of_class(now, label)
        number = drawn[-1].number + 1 if drawn else 1
        kept = now.place / label / f"{number:04d}-{re.sub('[^0-9a-z]', '', by)[:12]}.png"
        kept.parent.mkdir(exist_ok=True)
        write_atomic(kept, png(picture))
    return Drawing(label, number, by, kept)


def take_back(chosen: DrawnSet, by: str) -> Drawing | None:
    """Delete the drawing that this visitor kept last; None where there is none.

    Raises:
        DataError: the set is gone or cannot be written to.
    """
    with _locked(chosen) as now:
        mine = [one for one in drawings(now) if by and one.by == by]
        if not mine:
            return None
        last = max(mine, key=lambda one: (_time(one.file), one.number))
        last.file.unlink(missing_ok=True)
    return last


def delete(chosen: DrawnSet) -> None:
    """Delete a set with all its drawings. It is moved away first, so that no half of it is left under its name.

    Raises:
        DataError: the set cannot be deleted.
    """
    with _told(chosen), _locked(chosen) as now:
        away = now.place.with_name(f".deleted-{os.getpid()}-{now.place.name}")
        shutil.rmtree(away, ignore_errors=True)
        os.rename(now.place, away)
    shutil.rmtree(away, ignore_errors=True)


def drawings(chosen: DrawnSet) -> list[Drawing]:
    """The drawings of a set, by class and number. Files of other names are no drawings."""
    return [one for label in chosen.classes for one in _of_class(chosen, label)]


def _of_class(chosen: DrawnSet, label: str) -> list[Drawing]:
    found = []
    with contextlib.suppress(OSError):
        for file in (chosen.place / label).iterdir():
            if match := _DRAWING.fullmatch(file.name):
                found.append(Drawing(label, int(match[1]), match[2], file))
    return sorted(found, key=lambda one: (one.number, one.by))


def _time(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _write(made: DrawnSet) -> None:
    facts = {
        "format": FORMAT,
        "owner": made.owner,
        "shape": list(made.shape.chw),
        "classes": list(made.classes),
        "copies": asdict(made.copies),
    }
    write_json(made.place / FACTS, facts)


@contextlib.contextmanager
def _locked(chosen: DrawnSet) -> Iterator[DrawnSet]:
    """The set as it is, with a lock that keeps others from changing it. The system frees it when its holder ends."""
    with _told(chosen):
        if not chosen.place.is_dir():
            raise DataError(f"The set “{chosen.name}” is not there any more. Nothing was changed.")
        # Beside the set, so that a set can be moved away on Windows while its lock is held.
        lock = FileLock(chosen.place.with_name(f".{chosen.place.name}.lock"), timeout=_PATIENCE)
        try:
            lock.acquire()
        except Timeout:
            raise DataError(f"Another visitor is changing the set “{chosen.name}”. Try again in a moment.") from None
        try:
            now = of(chosen.place)
            if now is None:
                raise DataError(f"The set “{chosen.name}” is not there any more. Nothing was changed.")
            yield now
        finally:
            lock.release()


@contextlib.contextmanager
def _told(chosen: DrawnSet) -> Iterator[None]:
    """Says in a sentence that the folder cannot be written to."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"The set “{chosen.name}” cannot be changed in {shown(chosen.place.parent)} ({error.strerror or error}). "
            "Nothing was changed. Choose another folder with LATENT_LAB_SETS."
        ) from error

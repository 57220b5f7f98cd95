"""Layout of a folder of pictures: wrapper folders, train and test folders, classes.

Image sets are handed round as `class/picture`, `train/class/picture` with `test/…` and perhaps `val/…`, or
`class/train/picture`, and unpacking often puts one more folder around all of it.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from core.system.user_paths import shown

TRAIN, VALIDATION, TEST = "training", "validation", "test"

BESIDE_PARTS = "lies beside the folders of the training and test set and is left out"
BESIDE_SET = "lies beside the folder of the set and is left out"

FEW = 0.2
"""Share of the pictures that may lie beside the only folder, such as a cover or a sheet of samples, and be left out."""

_EVALUATION = ("eval", "evaluation")
"""The test set of a folder that names another one for validation, such as `train`, `dev`, `eval`."""

_WORDS = {
    **dict.fromkeys(("train", "training", "trainset"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "dev", *_EVALUATION), VALIDATION),
    **dict.fromkeys(("test", "tests", "testing", "testset"), TEST),
}

_COMPOUND = re.compile(r"(training|validierung|test)s?(daten|bilder|menge|satz|set)")
"""German writes both words as one: `Trainingsdaten`, `Testbilder`."""

_COMPOUND_PARTS = {"training": TRAIN, "validierung": VALIDATION, "test": TEST}


@dataclass(frozen=True, slots=True)
class Place:
    """What the folders of a file say: its part of the set ("": not said) and its class (None: none).

    Attributes:
        left_out: the reason why a file beside the parts is not used, or "".
        table: whether the file is no picture but a table of labels that was read (`label_table`).
    """

    part: str = ""
    label: str | None = None
    left_out: str = ""
    table: bool = False


def places(files: Sequence[str], pictures: Sequence[bool]) -> tuple[list[Place], tuple[str, ...]]:
    """The place of each file, and sentences on how the folders were read.

    Args:
        files: paths below the folder. pictures: which of them are pictures by their names; only these decide.
    """
    split = [tuple(unicodedata.normalize("NFC", part) for part in file.split(os.sep)) for file in files]
    telling, wrapper = _without_covers([p for p, picture in zip(split, pictures, strict=True) if picture] or split)
    depth = _wrappers(telling, 0)
    said = []
    if depth:
        said.append(f"The only folder, “{shown('/'.join(telling[0][:depth]))}”, was opened; what is in it is the set.")
    found, more = _placed(split, telling, depth)
    if wrapper:
        found = [
            place if path[0] == wrapper else Place(left_out=BESIDE_SET)
            for place, path in zip(found, split, strict=True)
        ]
    return found, (*said, *more)


def _placed(
    split: Sequence[tuple[str, ...]], telling: Sequence[tuple[str, ...]], depth: int
) -> tuple[list[Place], tuple[str, ...]]:
    """Places of the files inside the wrapper folders."""
    parts = _evaluated({name: part for name in _folders(telling, depth) if (part := part_of(name))})
    if TRAIN in parts.values() and len(set(parts.values())) > 1:
        return _by_parts(split, telling, depth, parts)
    if _parts_in_classes(telling, depth):
        found = [_in_class(parts, depth) for parts in split]
        return found, (_sentence({part_of(p[depth + 1]): p[depth + 1] for p in telling}) + " inside each class.",)
    return [Place("", parts[depth] if len(parts) > depth + 1 else None) for parts in split], ()


def _evaluated(parts: dict[str, str]) -> dict[str, str]:
    """Parts of folders by name: what is called evaluation is the test set where another folder is for validation."""
    evaluation = [name for name in parts if set(_words(name)) & set(_EVALUATION)]
    others = {part for name, part in parts.items() if name not in evaluation}
    return parts | (dict.fromkeys(evaluation, TEST) if VALIDATION in others and TEST not in others else {})


def _without_covers(telling: Sequence[tuple[str, ...]]) -> tuple[Sequence[tuple[str, ...]], str]:
    """The pictures without a few that lie beside the only folder, if that holds the classes; and its name, or ""."""
    inside = [parts for parts in telling if len(parts) > 1]
    names, classes = {parts[0] for parts in inside}, {parts[1] for parts in inside if len(parts) > 2}
    if len(names) != 1 or len(classes) < 2 or not 0 < len(telling) - len(inside) <= FEW * len(telling):
        return telling, ""
    return inside, names.pop()


def _wrappers(files: Sequence[tuple[str, ...]], depth: int) -> int:
    """The first depth below `depth` at which there is more than one folder, or a picture, or nothing but pictures."""
    while (
        files
        and all(len(parts) > depth + 1 and parts[depth] == files[0][depth] for parts in files)
        and any(len(parts) > depth + 2 for parts in files)
    ):
        depth += 1
    return depth


def _folders(files: Sequence[tuple[str, ...]], depth: int) -> list[str]:
    return list(dict.fromkeys(parts[depth] for parts in files if len(parts) > depth + 1))


@lru_cache(maxsize=10_000)
def part_of(name: str) -> str:
    """The part of a set that a folder's name says: `Train`, `seg_test`, `Testdaten`, `trainA`; "" for others."""
    words = _words(name)
    found = {_WORDS[word] for word in words if word in _WORDS}
    found |= {_COMPOUND_PARTS[both[1]] for word in words if (both := _COMPOUND.fullmatch(word))}
    return found.pop() if len(found) == 1 else ""


def _words(name: str) -> list[str]:
    """Words of a name in small letters; capitals begin one, digits and signs end one."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]


def _by_parts(
    split: Sequence[tuple[str, ...]],
    telling: Sequence[tuple[str, ...]],
    depth: int,
    parts: dict[str, str],
) -> tuple[list[Place], tuple[str, ...]]:
    """Places of `train/class/picture` and the like."""
    inner = {name: _wrappers([p for p in telling if p[depth] == name], depth + 1) for name in parts}
    names = list(parts.values())

    def place(path: tuple[str, ...]) -> Place:
        part = parts.get(path[depth], "") if len(path) > depth + 1 else ""
        if not part:
            return Place(left_out=BESIDE_PARTS)
        below = inner[path[depth]]
        if len(path) > below + 1:
            return Place(part, path[below])
        rest = "-".join(word for word in _words(path[depth]) if word not in _WORDS)
        return Place(part, rest if rest and names.count(part) > 1 else None)

    found = _spelt_alike([place(path) if len(path) > depth else Place() for path in split])
    classes = any(one.label is not None for one in found)
    said = _sentence({part: name for name, part in parts.items()})
    return found, (said + ("; the folders in them are the classes." if classes else "."),)


def _spelt_alike(places: list[Place]) -> list[Place]:
    """The places with one name for a class that the parts spell in different ways, such as `Cat` and `cat`."""
    spellings: dict[str, dict[str, set[str]]] = {}
    for place in places:
        if place.label is not None:
            spelt = spellings.setdefault(place.label.strip().casefold(), {})
            spelt.setdefault(place.part, set()).add(place.label)
    one = {
        label: next(iter(spelt[TRAIN if TRAIN in spelt else min(spelt)]))
        for spelt in spellings.values()
        if all(len(labels) == 1 for labels in spelt.values())
        for labels in spelt.values()
        for label in labels
    }
    return [replace(place, label=one[place.label]) if place.label in one else place for place in places]


def _parts_in_classes(telling: Sequence[tuple[str, ...]], depth: int) -> bool:
    """Whether every folder is a class with folders for the parts of the set in it."""
    if not telling or any(len(parts) < depth + 3 for parts in telling):
        return False
    inner = {(parts[depth], part_of(parts[depth + 1])) for parts in telling}
    found = {part for _, part in inner}
    trained = {label for label, part in inner if part == TRAIN}
    return TRAIN in found and len(found - {""}) > 1 and trained == {label for label, _ in inner}


def _in_class(path: tuple[str, ...], depth: int) -> Place:
    part = part_of(path[depth + 1]) if len(path) > depth + 2 else ""
    if not part:
        return Place(left_out=BESIDE_PARTS)
    return Place(part, path[depth])


def _sentence(names: dict[str, str]) -> str:
    """`“train” is the training set, “val” the validation set and “test” the test set`, without the full stop."""
    given = {part: shown(names[part]) for part in (TRAIN, VALIDATION, TEST) if part in names}
    if TEST not in given:
        given = {TRAIN: given[TRAIN], TEST: given[VALIDATION]}
    first, *rest = (f"“{name}” is the {part} set" for part, name in given.items())
    return ", ".join([first, *(text.replace(" is the ", " the ") for text in rest[:-1])]) + (
        f" and {rest[-1].replace(' is the ', ' the ')}" if rest else ""
    )

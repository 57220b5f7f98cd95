"""Labels of pictures in a table, `file,label`, as spreadsheets and competitions write them: CSV with commas, semicolons
or tabs.

A table that lies in a folder counts for the pictures below it. A file is named by its path, its name or its name
without the ending.
"""

from __future__ import annotations

import codecs
import csv
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.data.layout import Place
from core.system.user_paths import shown

NAME = re.compile(r"labels?\.(csv|tsv)", re.I)
"""Names of tables that are read whatever stands in their first row."""

ENDINGS = (".csv", ".tsv")

MAX_BYTES = 100_000_000
"""Bytes of a table, at most."""

_FILES = re.compile(r"(file|image|img|picture|photo)?[ _-]?(name|path|id|file)?s?", re.I)
_LABELS = re.compile(r"(labels?|class(es)?|categor(y|ies)|targets?|species|breeds?|y)([ _-]?(name|id))?", re.I)


def is_table(name: str) -> bool:
    """Whether a file may be such a table, by its ending."""
    return name.lower().endswith(ENDINGS)


@dataclass
class Table:
    """Rows of a table: what names a file, and its label.

    Attributes:
        name: of the table's file. certain: whether its first row, or its name, says that it holds labels.
        incomplete: number of rows without a file or a label.
    """

    name: str
    rows: list[tuple[str, str]]
    certain: bool
    incomplete: int = 0


def read(name: str, content: bytes) -> Table | None:
    """The table in a file; None where it has no column of labels: neither one of that name nor just two columns."""
    text = text_of(content[:MAX_BYTES])
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=delimiter)]
    except csv.Error:
        return None
    rows = [row for row in rows if any(row)]
    if not rows or len(rows[0]) < 2:
        return None
    first = [cell.strip("\ufeff\"' ") for cell in rows[0]]
    files = next((i for i, cell in enumerate(first) if cell and _FILES.fullmatch(cell)), None)
    labels = next((i for i, cell in enumerate(first) if i != files and _LABELS.fullmatch(cell)), None)
    called = bool(NAME.fullmatch(os.path.basename(name)))
    named = files is not None and labels is not None
    if not named and not called and (files is not None or len(first) != 2):
        return None
    one, other = (files, labels) if files is not None and labels is not None else (0, 1)
    named = named or files == 0
    pairs = [(row[one], row[other]) if len(row) > max(one, other) else ("", "") for row in rows[named:]]
    complete = [(file, label) for file, label in pairs if file and label]
    return Table(name, complete, named or called, len(pairs) - len(complete))


def text_of(content: bytes) -> str:
    """The text of a file in UTF-8, UTF-16 with a mark, or Windows' Latin alphabet."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


@dataclass
class _Found:
    """What the rows of a table said of the files."""

    label: dict[int, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    contrary: dict[int, None] = field(default_factory=dict)


def labelled(
    places: list[Place], files: Sequence[str], pictures: Sequence[bool], tables: Sequence[Table]
) -> tuple[list[Place], tuple[str, ...]]:
    """The places with the labels of the tables in place of the folders', and sentences on what did not fit.

    Args:
        files: paths below the source. pictures: which of them are pictures by their names.
        tables: named by their paths below the source, or with `..` where they lie beside it. One that names none of
            the files and is not certain to hold labels is left alone.
    """
    used, notes = list(places), list[str]()
    told: set[int] = set()
    covered: set[int] = set()
    for table in sorted(tables, key=lambda table: not table.certain):
        if covered and not table.certain:
            continue  # another table, such as one of attributes
        folder = os.path.dirname(table.name)
        inside = "" if folder.startswith(os.pardir) or not folder else folder + os.sep
        below = [i for i, file in enumerate(files) if pictures[i] and file.startswith(inside)]
        found = _matched(table, files, below, inside)
        if not found.label and not (table.certain and below):
            continue
        for i, label in found.label.items():
            used[i] = replace(used[i], label=label)
        told |= found.label.keys()
        covered |= set(below) if found.label else set()  # one that fits no file takes no class away
        used = [replace(place, table=True) if files[i] == table.name else place for i, place in enumerate(used)]
        notes += _sentences(table, found)
    lacking = sorted(covered - told)
    for i in lacking:
        used[i] = replace(used[i], label=None)
    if lacking:
        has = "1 picture has" if len(lacking) == 1 else f"{len(lacking):,} pictures have"
        notes.append(f"{has} no label there{_first([files[i] for i in lacking])}, and so no class.")
    return used, tuple(notes)


def _matched(table: Table, files: Sequence[str], below: Sequence[int], inside: str) -> _Found:
    """The files that the rows mean: by path, name, or name without the ending; of several labels the first counts."""
    names: dict[str, list[int]] = {}
    paths = {i: _plain(files[i][len(inside) :]) for i in below}
    for i, path in paths.items():
        name = path.rpartition("/")[2]
        names.setdefault(name, []).append(i)
        if (stem := os.path.splitext(name)[0]) != name:
            names.setdefault(stem, []).append(i)
    found = _Found()
    for file, label in table.rows:
        asked = _plain(file)
        same = names.get(asked.rpartition("/")[2], [])
        fits = [i for i in same if "/" not in asked or _ends(paths[i], asked)]
        if len(fits) > 1:  # a name in several folders: perhaps it is the whole path
            fits = [i for i in fits if paths[i] == asked] or fits
        if len(fits) == 1:
            if found.label.setdefault(fits[0], label) != label:
                found.contrary[fits[0]] = None
        else:
            (found.unclear if fits else found.unknown).append(file)
    return found


def _plain(path: str) -> str:
    path = unicodedata.normalize("NFC", path).replace("\\", "/").casefold()
    return path.removeprefix("./").strip("/")


def _ends(path: str, asked: str) -> bool:
    """Whether a path is the one asked for, which may begin with the name of the set's own folder or lack the first
    ones, or the ending."""
    return any(f"/{one}".endswith(f"/{asked}") or f"/{asked}".endswith(f"/{one}") for one in (path, _stem(path)))


def _stem(path: str) -> str:
    return os.path.splitext(path)[0]


def _sentences(table: Table, found: _Found) -> list[str]:
    name = shown(table.name)
    count = len(found.label)
    said = [f"“{name}” gives {count:,} {'picture its class' if count == 1 else 'pictures their classes'}."]
    if found.unknown:
        rows = "1 of its rows names a file" if len(found.unknown) == 1 else f"{len(found.unknown):,} rows name files"
        said.append(f"{rows} that {'is' if len(found.unknown) == 1 else 'are'} not there{_first(found.unknown)}.")
    if found.unclear:
        rows = "1 row names" if len(found.unclear) == 1 else f"{len(found.unclear):,} rows name"
        said.append(
            f"{rows} several files alike{_first(found.unclear)}: write the path, such as folder/{found.unclear[0]}."
        )
    if found.contrary:
        files = "1 file has" if len(found.contrary) == 1 else f"{len(found.contrary):,} files have"
        said.append(f"{files} rows with different labels: the first one counts.")
    if table.incomplete:
        rows = "1 row" if table.incomplete == 1 else f"{table.incomplete:,} rows"
        said.append(f"{rows} without a file or a label {'is' if table.incomplete == 1 else 'are'} left out.")
    return said


def _first(names: Sequence[str]) -> str:
    """` (“a.png”)` or ` (the first is “a.png”)`."""
    return f" (“{shown(names[0])}”)" if len(names) == 1 else f" (the first is “{shown(names[0])}”)"

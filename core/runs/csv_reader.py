"""Reading of CSV tables of numbers that another program may have saved: byte order marks, other separators, decimal
commas and line ends are understood; what is no number is left out and said."""

from __future__ import annotations

import csv
import io
import math
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_COLUMNS = 2_000
"""Columns of a table whose own header names them, at most."""

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")


@dataclass(frozen=True)
class CsvTable:
    """A table as found.

    Attributes:
        columns: one float array per column, in increasing order of the first; NaN where there is no number.
        lines: complete lines below the header.
        foreign: whether the file differs from one that the lab wrote (its encoding, separators, order or columns), or
            holds lines that could not be read. Writing it anew would lose something.
    """

    columns: dict[str, NDArray[np.float64]]
    lines: int
    foreign: bool


def parse(content: bytes, columns: Sequence[str] | None, whole: bool = False) -> CsvTable:
    """The table in a file's content. Lines of equal first column are one row, of which later figures count.

    Args:
        columns: names of the columns, of which the first is the key; None: those of the header.
        whole: whether a last line without a line end counts, since editors take that away; else it is left out, for it
            may end in the middle of a number.
    Raises:
        csv.Error: a cell is longer than any number.
    """
    text, plain = _decoded(content)
    if whole and text and not text.endswith("\n"):
        text += "\n"
    text = text[: text.rfind("\n") + 1]
    first, _, below = text.partition("\n")
    separators = ",;\t"
    if (hint := re.fullmatch(r"sep=(.)", first)) is not None:
        separators = hint[1]
        first, _, below = below.partition("\n")
    separator, header = _header(first, separators, columns)
    wanted = header[:MOST_COLUMNS] if columns is None else list(columns)
    places = [header.index(name) if name in header else -1 for name in wanted]
    if not wanted or places[0] < 0:
        return CsvTable({name: np.zeros(0) for name in wanted}, below.count("\n"), bool(text.strip()))

    def records() -> Iterator[list[str]]:
        return csv.reader(io.StringIO(below), delimiter=separator)

    commas = (separator != "," or '"' in below) and _commas_are_decimal(records())
    values, left_out = _numbers(records(), places, len(header), commas)
    found, ordered = _merged(values, len(wanted))
    own = plain and hint is None and separator == "," and '"' not in text and ordered and not left_out
    own = own and set(header) <= set(wanted)
    return CsvTable(dict(zip(wanted, found, strict=True)), len(values) // len(wanted) + left_out, not own)


def _decoded(content: bytes) -> tuple[str, bool]:
    """Text of a file with lines that end in \\n, and whether that is how the lab encodes and ends them."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):  # "Unicode text" of spreadsheets
        text, plain = content.decode("utf-16", "replace"), False
    else:
        text, plain = content.decode("utf-8-sig", "replace"), not content.startswith(b"\xef\xbb\xbf")
    if "\r" in text:
        text, plain = text.replace("\r\n", "\n").replace("\r", "\n"), False
    return text, plain


def _header(line: str, separators: str, columns: Sequence[str] | None) -> tuple[str, list[str]]:
    """Separator and names of the header: of the possible separators that which finds most of the columns."""
    found = []
    for separator in separators:
        names = [name.strip() for name in next(csv.reader([line], delimiter=separator), [])]
        while names and not names[-1]:
            names.pop()  # spreadsheets pad lines
        known = len(set(names) & set(columns)) if columns is not None else len(names)
        found.append((known, separator, names))
    _, separator, names = max(found, key=lambda item: item[0])
    return separator, names


def _commas_are_decimal(records: Iterable[Sequence[str]]) -> bool:
    """Whether commas in cells are decimal commas: no cell has a point, and not all of them may separate thousands."""
    with_comma = False
    for record in records:
        for cell in record:
            if "." in cell:
                return False
            with_comma = with_comma or ("," in cell and not _THOUSANDS.fullmatch(cell.strip()))
    return with_comma


def _numbers(
    records: Iterable[Sequence[str]], places: Sequence[int], width: int, commas: bool
) -> tuple[array[float], int]:
    """Values of the rows that hold numbers, row after row, and the number of rows left out."""
    values, left_out = array("d"), 0
    for record in filter(None, records):
        row = _row(record, places, width, commas)
        if row is None:
            left_out += 1
        else:
            values.extend(row)
    return values, left_out


def _row(record: Sequence[str], places: Sequence[int], width: int, commas: bool) -> list[float] | None:
    """Numbers of a line; None for a line that is cut short, too long, or has a cell that is no number, or no key."""
    if len(record) < width or any(cell.strip() for cell in record[width:]):
        return None
    try:
        row = [_number(record[place], commas) if place >= 0 else math.nan for place in places]
    except ValueError:
        return None
    return None if math.isnan(row[0]) else row


def _number(cell: str, commas: bool) -> float:
    """Number in a cell; NaN in an empty cell and where the number is infinite.

    Raises:
        ValueError: something else.
    """
    if not cell:
        return math.nan
    cell = cell.strip()
    value = float(cell.replace(",", ".") if commas else cell) if cell else math.nan
    return value if math.isfinite(value) else math.nan


def _merged(values: array[float], width: int) -> tuple[list[NDArray[np.float64]], bool]:
    """Columns in increasing order of the first, rows of equal key merged; and whether they were in order."""
    rows = np.frombuffer(values, dtype=np.float64).reshape(-1, width) if len(values) else np.zeros((0, width))
    keys = rows[:, 0]
    ordered = bool((keys[1:] >= keys[:-1]).all())
    if not ordered:
        rows = rows[np.argsort(keys, kind="stable")]
        keys = rows[:, 0]
    first = np.concatenate([[True], keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, bool)
    merged = rows[first].copy()
    places = np.cumsum(first) - 1
    for row in np.flatnonzero(~first):
        known = ~np.isnan(rows[row])
        merged[places[row], known] = rows[row, known]
    return [np.ascontiguousarray(column) for column in merged.T], ordered

"""Tables of a run, `history.csv`, `kl.csv` and `classes.csv`: columns, growth in memory, files. Needs no torch.

Within an epoch a row stands for a bin of batches (at most 50 an epoch, at fixed positions, so that the same seed gives
the same rows); the row that ends an epoch also holds the validation figures. Epoch 0 is the untrained model. All losses
are in nats per image (squared error for likelihood `mse`).

Both in memory (`HistoryTable`) and on disk (`HistoryFile`) rows are appended: the cost of a new row does not grow with
the length of the training.
"""

from __future__ import annotations

import csv
import itertools
import logging
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.recipes.family import FAMILIES, Family
from core.runs import csv_reader, kept_tables
from core.runs.kept_tables import KeptTables
from core.system.atomic_files import write_atomic
from core.system.plain_text import plain
from core.system.regular_files import UnusableFile, is_regular, kind_of, read_regular

Row = dict[str, float]
Arrays = dict[str, NDArray[np.float64]]

POSITION = ("step", "epoch", "seconds", "lr")
"""Columns that every family has: batches and epochs since the start, seconds of training, learning rate."""

ROWS_PER_EPOCH, BYTES_PER_CELL = 52, 25
"""Most rows that an epoch adds (`training/base_trainer.py`), and most characters of a number with its comma."""

LEAST_LIMIT = 16_000_000
"""Bytes of a table that are read in any case."""

MOST_KEPT = 32_000_000
"""Bytes of the files whose tables are kept in memory after they were read."""

_log = logging.getLogger(__name__)


def columns(family: Family | str) -> tuple[str, ...]:
    """Columns of `history.csv` for a family (record or key).

    After `POSITION`: the weights of the loss terms; for training and then validation each term, each weighted term and
    the total; then its measures; last the family's own columns. For a VAE: step, epoch, seconds, lr, beta, train_recon,
    train_kl, train_weighted_kl, train_total, val_recon, val_kl, val_weighted_kl, val_total.
    """
    family = FAMILIES[family] if isinstance(family, str) else family
    parts = ("train", "val") if family.terms else ()
    losses = (f"{part}_{name}" for part in parts for name in family.loss_names)
    measures = (measure.name for measure in family.measures)
    return (*POSITION, *family.weights, *losses, *measures, *family.columns)


class HistoryTable:
    """Rows of figures, one float array per column, with appends in amortised constant time.

    Arrays that `arrays` returned never change: they share memory with the table as long as it only grows, and the
    table moves to new memory before it changes a row that they contain.
    """

    def __init__(self, columns: Sequence[str], rows: Iterable[Row] = ()):
        self.columns = tuple(columns)
        self._places = {name: i for i, name in enumerate(self.columns)}
        self._values = np.full((len(self.columns), 64), math.nan)
        self._length = 0
        self._shared = 0  # rows that arrays given away contain
        for row in rows:
            self.append(row)

    def __len__(self) -> int:
        return self._length

    def row(self, index: int) -> Row:
        """One row without its empty cells; negative indices count from the end."""
        values = self._values[:, range(self._length)[index]]
        return {name: float(v) for name, v in zip(self.columns, values, strict=True) if not math.isnan(v)}

    def rows(self) -> list[Row]:
        """All rows without their empty cells."""
        return to_rows(self.arrays())

    def append(self, row: Row) -> None:
        """Add a row at the end. Figures that are not columns of the table are left out."""
        self._put(self._length, row)
        self._length += 1

    def extend(self, rows: Sequence[Row]) -> None:
        """Append rows; existing rows from the first new step on are dropped.

        A worker that was killed may have reported rows that its successor, which resumes from an older state, trains
        again.
        """
        if not rows:
            return
        if self._length and self._values[0, self._length - 1] >= rows[0][self.columns[0]]:
            self.cut(int(np.searchsorted(self._values[0, : self._length], rows[0][self.columns[0]])))
        for row in rows:
            self.append(row)

    def merge(self, row: Row) -> None:
        """Add validation figures: to the last row if it has the same step, else as a row of their own."""
        if not self._length or self._values[0, self._length - 1] != row[self.columns[0]]:
            self.append(row)
            return
        self._own(self._length - 1)
        for name, value in row.items():
            if name in self._places:
                self._values[self._places[name], self._length - 1] = value

    def cut(self, length: int) -> None:
        """Drop all rows from that index on."""
        self._length = min(length, self._length)

    def arrays(self, unfinished: Row | None = None) -> Arrays:
        """One read-only array per column, NaN where a row has no such figure.

        Args:
            unfinished: a last point that is not yet a row of the table.
        """
        length = self._length
        if unfinished is not None:
            self._put(length, unfinished)
            length += 1
        self._shared = max(self._shared, length)
        views = self._values[:, :length].view()
        views.flags.writeable = False
        return dict(zip(self.columns, views, strict=True))

    def latest(self, depth: int = 60) -> Row:
        """The newest figure of every column within the last `depth` rows."""
        found: Row = {}
        for index in range(max(0, self._length - depth), self._length):
            found |= self.row(index)
        return found

    def _put(self, index: int, row: Row) -> None:
        self._own(index)
        self._values[:, index] = math.nan
        for name, value in row.items():
            if name in self._places:
                self._values[self._places[name], index] = value

    def _own(self, index: int) -> None:
        """Make room for a row and see that no array given away contains it."""
        capacity = self._values.shape[1]
        if index < capacity and index >= self._shared:
            return
        grown = np.full((len(self.columns), 2 * capacity if index >= capacity else capacity), math.nan)
        grown[:, : self._length] = self._values[:, : self._length]
        self._values, self._shared = grown, 0


class HistoryFile:
    """A `HistoryTable` on disk as CSV, to which rows are appended.

    A row that gains validation figures after it was written is written once more, below: `read` merges lines of equal
    step. So no byte that a saved training state counts on is ever overwritten, and a crash at any moment costs at most
    the line that was being written.
    """

    def __init__(self, path: Path, table: HistoryTable):
        self.path, self.table = path, table
        self._written: int | None = None  # rows on disk; None: the file must be written anew
        self._size = 0
        self._last = b""

    def save(self) -> None:
        """Bring the file up to date: append new rows, or write all rows where the file is not this object's.

        Raises:
            OSError: the disk is full or read-only; the rows saved before can still be read.
        """
        written, length = self._written, len(self.table)
        if written is None or written > length or self._size_on_disk() != self._size:
            write(self.path, self.table.rows(), self.table.columns)
        else:
            changed = written > 0 and self._row_bytes(written - 1) != self._last
            text = _lines((self.table.row(i) for i in range(written - changed, length)), self.table.columns)
            if not text:
                return
            self._written = None  # should the append fail half-way, the next save writes the file anew
            with open(self.path, "ab") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
        self._written, self._size = length, self._size_on_disk()
        self._last = self._row_bytes(length - 1) if length else b""

    def _size_on_disk(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else -1

    def _row_bytes(self, index: int) -> bytes:
        return _line(self.table.row(index), self.table.columns).encode()


def to_arrays(rows: Sequence[Row], columns: Sequence[str]) -> Arrays:
    """Rows as one float array per column; NaN where a row has no such figure."""
    return {c: np.array([row.get(c, math.nan) for row in rows], dtype=float) for c in columns}


def to_rows(table: Arrays) -> list[Row]:
    """The inverse of `to_arrays`: cells that are NaN are left out."""
    names, values = list(table), zip(*(column.tolist() for column in table.values()), strict=True)
    return [{name: v for name, v in zip(names, row, strict=True) if not math.isnan(v)} for row in values]


def write(path: Path, rows: Iterable[Row], columns: Sequence[str]) -> None:
    """Write the whole table as CSV, atomically."""
    write_atomic(path, (",".join(columns) + "\n" + _lines(rows, columns)).encode())


def _lines(rows: Iterable[Row], columns: Sequence[str]) -> str:
    return "".join(_line(row, columns) for row in rows)


def _line(row: Row, columns: Sequence[str]) -> str:
    return ",".join(number_text(row.get(c)) for c in columns) + "\n"


def number_text(value: float | None) -> str:
    """A number of a table as text: empty for None, NaN and ±∞."""
    if value is None or not math.isfinite(value):
        return ""
    # repr gives the shortest digits that read back to the same float: a CSV loses nothing.
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def most_bytes(columns: int, epochs: int) -> int:
    """Largest size of a table's file: twice what so many epochs can write, and room for tables of any short run."""
    return max(LEAST_LIMIT, 2 * ROWS_PER_EPOCH * epochs * BYTES_PER_CELL * columns)


class Loaded(NamedTuple):
    """A table from a file.

    Attributes:
        table: one array per column; empty where the file is missing or cannot be read.
        problem: why it could not be read, in one sentence; empty if it could, or if the file is missing.
        foreign: whether another program has changed the file, so that writing it anew would lose something.
    """

    table: Arrays
    problem: str = ""
    foreign: bool = False


_KEPT: KeptTables[Loaded] = KeptTables(MOST_KEPT)


def read(path: Path, columns: Sequence[str], epochs: int = 0, ended: bool = False) -> Arrays:
    """The table as one array per column; empty where the file is missing.

    Lines that are cut off or hold no numbers are skipped. A file that cannot be read at all is an empty table, with a
    warning in the log; `load` returns the reason.
    """
    found = load(path, columns, epochs, ended)
    if found.problem:
        _log.warning("%s", found.problem)
    return found.table


def load(path: Path, columns: Sequence[str] | None, epochs: int = 0, ended: bool = False) -> Loaded:
    """The table of a file with these columns, or with those that its own first line names.

    Args:
        epochs: of the run; the size of the file is limited accordingly.
        ended: whether the file was written to its end, so that a last line without a line end is whole as well.
    Returns:
        arrays of the caller's own: a table that was read before and has not changed since is copied from memory.
    """
    wanted = None if columns is None else tuple(columns)
    key, stamp = (path, wanted, most_bytes(len(wanted or ()), epochs), ended), kept_tables.stamp_of(path)
    if (found := _KEPT.get(key, stamp)) is None:
        found = _load(path, columns, epochs, ended)
        _KEPT.put(key, stamp, found)
    return found._replace(table={name: column.copy() for name, column in found.table.items()})


def _load(path: Path, columns: Sequence[str] | None, epochs: int, ended: bool) -> Loaded:
    empty = to_arrays((), columns or ())
    where = f"{path.name} of '{plain(path.parent.name)}'"
    try:
        content = read_regular(path, most_bytes(len(columns or ()), epochs))
        found = csv_reader.parse(content, columns, ended)
    except FileNotFoundError:
        return Loaded(empty)
    except UnusableFile as error:
        return Loaded(empty, f"{where} cannot be read ({error.reason}).")
    except (OSError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Loaded(empty, f"{where} cannot be read ({reason}).")
    if found.lines and not len(next(iter(found.columns.values()), ())):
        return Loaded(empty, f"{where} is damaged: none of its {found.lines:,} rows can be read.", True)
    return Loaded(found.columns, "", found.foreign)


def whole(path: Path, epochs: int = 0, ended: bool = False) -> Arrays:
    """`read` with the columns that the file's own first line names; no columns where it cannot be read."""
    return load(path, None, epochs, ended).table


def keep_aside(path: Path) -> str:
    """Copy a file that another program has changed, before it is written anew; the name of the copy.

    Raises:
        OSError: the copy cannot be written.
    """
    content = read_regular(path, 2**40)
    for number in itertools.count(1):
        copy = path.with_name(f"{path.stem}-original-{number}{path.suffix}")
        if kind_of(copy) == "":
            write_atomic(copy, content)
            return copy.name
        if is_regular(copy) and copy.stat().st_size == len(content) and copy.read_bytes() == content:
            return copy.name
    raise AssertionError

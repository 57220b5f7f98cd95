"""The two tables of a run: written whole and atomically, read leniently, no torch.

Within an epoch a row stands for a bin of batches (at most 50 an epoch, at fixed places, so that the same seed gives
the same rows); the row that ends an epoch also carries the validation figures. Epoch 0 is the untrained model. All
losses are in nats per image (squared error for likelihood `mse`).
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from core.system.atomic_files import write_atomic

COLUMNS = (
    "step",
    "epoch",
    "seconds",
    "lr",
    "beta",
    "train_recon",
    "train_kl",
    "train_weighted_kl",
    "train_total",
    "val_recon",
    "val_kl",
    "val_weighted_kl",
    "val_total",
)

GAN_COLUMNS = (
    "step",
    "epoch",
    "seconds",
    "lr",
    "d_lr",
    "d_loss",
    "g_loss",
    "d_real",
    "d_fake",
    "penalty",
    "val_frechet",
    "val_modes",
    "val_balance",
    "val_sure",
    "val_sharpness",
    "val_diversity",
    "val_mse",
)
"""Of a GAN: losses of both players, the shares of real and of generated images that D takes for what they are, its
penalty; after each round the measures of `evaluation/sample_quality.py`, and the error of encode → generate."""


def columns(model: str) -> tuple[str, ...]:
    """The columns of a run of that family."""
    return GAN_COLUMNS if model == "gan" else COLUMNS


Row = dict[str, float]


def to_arrays(rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> dict[str, np.ndarray]:
    """Rows turned into one float array per column; NaN where a row has no such entry."""
    return {c: np.array([row.get(c, math.nan) for row in rows], dtype=float) for c in columns}


def to_rows(table: dict[str, np.ndarray]) -> list[Row]:
    """The inverse of `to_arrays`: entries that are NaN are left out."""
    length = len(next(iter(table.values())))
    return [{c: float(v[i]) for c, v in table.items() if not math.isnan(v[i])} for i in range(length)]


def write(path: Path, rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> None:
    """The whole table as CSV, moved into place at once."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_text(row.get(c)) for c in columns])
    write_atomic(path, text.getvalue().encode())


def _text(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return ""
    # repr gives the shortest digits that read back to the same float: a CSV loses nothing.
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def read(path: Path, columns: Sequence[str] = COLUMNS) -> dict[str, np.ndarray]:
    """The table; lines that are cut off or no numbers are skipped, a missing file is an empty table."""
    rows: list[Row] = []
    try:
        with open(path, newline="", encoding="utf-8", errors="replace") as file:
            lines = file.readlines()
            if lines and not lines[-1].endswith("\n"):
                lines.pop()  # cut off, and perhaps in the middle of a number
            for record in csv.DictReader(lines):
                try:
                    row = {c: float(record[c]) for c in columns if record.get(c)}
                except ValueError:
                    continue
                if columns[0] in row and None not in record.values():
                    rows.append(row)
    except (OSError, csv.Error):
        pass
    return to_arrays(rows, columns)


def whole(path: Path) -> dict[str, np.ndarray]:
    """`read` with the columns that the table itself names; nothing where it cannot be read."""
    try:
        with open(path, newline="", encoding="utf-8", errors="replace") as file:
            columns = tuple(next(csv.reader(file), ()))
    except (OSError, csv.Error):
        return {}
    return read(path, columns) if columns else {}

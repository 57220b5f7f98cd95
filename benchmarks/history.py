"""Cost of the loss curves of a long training: rewriting and rebuilding all rows at every report against appending.

    python benchmarks/history.py [--epochs 10000] [--batches 40]

Replays the rows that a training on the digits reports, without training: every epoch has one row per eight
batches and one validation; every eighth epoch is reported to the page and saved. `old` keeps a list of dictionaries,
rebuilds all arrays at each report and rewrites the whole file at each save; `new` appends to `HistoryTable` and
`HistoryFile`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.runs import history  # noqa: E402
from core.runs.history import HistoryFile, HistoryTable, Row  # noqa: E402

COLUMNS = history.columns("vae")


def epochs(count: int, batches: int) -> Iterator[tuple[list[Row], Row]]:
    """Training rows and validation row of each epoch."""
    for epoch in range(count):
        steps = [epoch * batches + k for k in range(8, batches + 1, 8)]
        rows = [
            {name: step / (1 + i) for i, name in enumerate(COLUMNS) if not name.startswith("val_")}
            | {"step": float(step)}
            for step in steps
        ]
        yield rows, rows[-1] | {name: 100.0 / (epoch + 1) for name in COLUMNS if name.startswith("val_")}


class Old:
    """A list of dictionaries, as before tables could grow."""

    def __init__(self, path: Path):
        self.path, self.rows = path, []

    def add(self, rows: list[Row], validation: Row) -> None:
        self.rows += rows
        self.rows[-1] = self.rows[-1] | validation

    def report(self) -> None:
        history.to_arrays(self.rows, COLUMNS)

    def save(self) -> None:
        history.write(self.path, self.rows, COLUMNS)


class New:
    """A table and a file that grow."""

    def __init__(self, path: Path):
        self.table = HistoryTable(COLUMNS)
        self.file = HistoryFile(path, self.table)

    def add(self, rows: list[Row], validation: Row) -> None:
        self.table.extend(rows)
        self.table.merge(validation)

    def report(self) -> None:
        self.table.arrays()

    def save(self) -> None:
        self.file.save()


def measure(kind: type[Old] | type[New], count: int, batches: int) -> tuple[dict[str, float], int]:
    """CPU seconds of all additions, reports and saves, and the size of the file."""
    spent = dict.fromkeys(("add", "report", "save"), 0.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.csv"
        curves = kind(path)
        for epoch, (rows, validation) in enumerate(epochs(count, batches)):
            steps = [("add", lambda rows=rows, validation=validation: curves.add(rows, validation))]
            if epoch % 8 == 7:
                steps += [("report", curves.report), ("save", curves.save)]
            for name, step in steps:
                began = time.process_time()
                step()
                spent[name] += time.process_time() - began
        return spent, path.stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10_000)
    parser.add_argument("--batches", type=int, default=40, help="batches of an epoch")
    options = parser.parse_args()
    results = {kind: measure(kind, options.epochs, options.batches) for kind in (Old, New)}
    print(f"{options.epochs:,} epochs of {options.batches} batches; seconds of CPU time in all")
    for kind, (spent, size) in results.items():
        print(
            f"{kind.__name__.lower():4}", *(f"{name} {value:8.2f}" for name, value in spent.items()), f"{size:,} bytes"
        )
    old, new = (sum(results[kind][0].values()) for kind in (Old, New))
    print(f"old / new: {old / new:.1f}")


if __name__ == "__main__":
    main()

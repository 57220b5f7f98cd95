"""The curves of several runs in one table, for a spreadsheet or a notebook."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence

from core.runs import history
from core.runs.run import Run


def histories_csv(runs: Sequence[Run], settings: Mapping[str, Mapping[str, str]]) -> str:
    """The histories of these runs below each other as CSV: the run's name, its settings, then all columns that one of
    them has, empty where a run has none. Numbers are written so that they read back as the same.

    Args:
        settings: run → name of a setting → value; the same names for every run.
    """
    tables = [run.history() for run in runs]
    columns = list(dict.fromkeys(column for table in tables for column in table))
    names = list(dict.fromkeys(name for values in settings.values() for name in values))
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["run", *names, *columns])
    for run, table in zip(runs, tables, strict=True):
        own = [run.name, *(settings[run.name].get(name, "") for name in names)]
        for row in range(len(next(iter(table.values()), ()))):
            values = (float(table[column][row]) if column in table else math.nan for column in columns)
            lines.writerow([*own, *map(history.number_text, values)])
    return text.getvalue()

"""Index of all runs, newest first.

Recipes and statuses come from memory as long as their files have not changed (`core/system/parsed_files.py`): a rerun
of a page reads each `recipe.json` at most once, and none that has not changed.
"""

from __future__ import annotations

import os

from core.runs.run import Run, is_run_folder
from core.system import paths


def list_runs() -> list[Run]:
    """All runs, newest first, damaged ones included."""
    folder = paths.runs_folder()
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if is_run_folder(entry)]
    except OSError:
        return []
    dated = [(run.status.get("created", 0.0), run.name, run) for run in (Run(folder / name) for name in names)]
    return [run for _, _, run in sorted(dated, key=lambda item: item[:2], reverse=True)]


def damaged_runs() -> list[Run]:
    """Folders that are not usable runs; `Run.error` has the reason."""
    return [run for run in list_runs() if run.error]

"""Run folders: create, open, list. Free of torch, so that a page can list runs at once."""

from core.runs.create import create
from core.runs.index import damaged_runs, list_runs
from core.runs.run import Run, RunError, open_run, valid_name

__all__ = ["Run", "RunError", "create", "damaged_runs", "list_runs", "open_run", "valid_name"]

"""How a run goes (`status.json`), and whether somebody trains it now (`.lock`). Read by pages many times a minute."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.system.atomic_files import read_json, write_json

STATES = ("new", "running", "paused", "finished", "stopped", "diverged", "failed", "interrupted")

ACTIVE = ("running", "paused")
"""States that only hold while something trains the run."""

_WORDS = ("message", "device")
_NUMBERS = ("epoch", "step", "seconds", "created", "epochs", "threads", "parameters", "best_epoch")
_NUMBERS_OR_NONE = ("best_total", "images_per_second")
_CHANGE = {"step", "epoch", "field", "old", "new"}


def read(run: Path) -> dict[str, Any]:
    """The status of the run in that folder. One whose process is gone shows as `interrupted`."""
    status = {"state": "new", "message": "", "epoch": 0, "step": 0, "seconds": 0.0, "changes": []} | _entries(run)
    if status["state"] in ACTIVE and not locked(run):
        status |= {"state": "interrupted", "message": "Training was cut off. You can resume it."}
    return status


def update(run: Path, flush: bool = False, **values: Any) -> None:
    """Change some entries of the status and leave the others.

    Args:
        flush: wait for the disk: for what is not said again in a moment.

    Raises:
        OSError: the old status cannot be read or the new one not written; the old one stays.
    """
    write_json(run / "status.json", _entries(run, strict=True) | values, flush)


def _entries(run: Path, strict: bool = False) -> dict[str, Any]:
    """The file's entries that are what they should be: a damaged or foreign one must not take a page down.

    `strict`: a file that is there and cannot be read just now is an OSError, or an update would wipe it.
    """
    try:
        found = read_json(run / "status.json")
    except ValueError as error:
        if strict and isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        return {}
    return {k: v for k, v in found.items() if _sound(k, v)} if isinstance(found, dict) else {}


def _sound(key: str, value: Any) -> bool:
    if key == "state":
        return value in STATES
    if key == "changes":
        return isinstance(value, list) and all(
            isinstance(c, dict) and c.keys() >= _CHANGE and _number(c["step"]) and _number(c["epoch"]) for c in value
        )
    if key in _WORDS:
        return isinstance(value, str)
    return key not in (*_NUMBERS, *_NUMBERS_OR_NONE) or _number(value) or (value is None and key in _NUMBERS_OR_NONE)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def lock(run: Path) -> FileLock:
    """Held by whoever trains the run; the system frees it when that process ends, however it ends."""
    # Not one lock per thread, as the library has it by default: a generator may be closed by another thread.
    return FileLock(run / ".lock", thread_local=False)


def locked(run: Path) -> bool:
    """Whether some process is training the run now."""
    if not (run / ".lock").exists():
        return False
    try:
        # Asking means taking the lock for a moment, so two who ask at once must not take each other for a trainer.
        with lock(run).acquire(timeout=0.05, poll_interval=0.005):
            return False
    except Timeout:
        return True
    except OSError:  # a read-only folder cannot be training
        return False

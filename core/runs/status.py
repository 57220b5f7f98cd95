"""Status of a run: its training state and progress (`status.json`), and the lock that a training holds (`.lock`).

Pages read it many times a minute: the file is parsed again only when it has changed.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.system.atomic_files import read_json, write_json
from core.system.parsed_files import ParsedFiles

STATES = ("new", "running", "paused", "finished", "stopped", "diverged", "failed", "interrupted", "cancelled")

ACTIVE = ("running", "paused")
"""States of a run that is being trained; without a process that holds the lock, they mean `interrupted`."""

_WORDS = ("message", "device", "owner")
_NUMBERS = ("epoch", "step", "seconds", "created", "epochs", "threads", "parameters", "best_epoch")
_NUMBERS_OR_NONE = ("best_total", "images_per_second")
_CHANGE = {"step", "epoch", "field", "old", "new"}


def read(run: Path) -> dict[str, Any]:
    """Status of the run in that folder, with defaults for missing entries. An active state whose process has ended
    reads as `interrupted`."""
    try:
        entries = _parsed.get(run / "status.json")
    except OSError:  # not remembered: it may be readable the next time
        entries = {}
    status = {"state": "new", "message": "", "epoch": 0, "step": 0, "seconds": 0.0} | entries
    status["changes"] = list(entries.get("changes", ()))
    if status["state"] in ACTIVE and not locked(run):
        status |= {"state": "interrupted", "message": "Training was cut off. You can resume it."}
    return status


def update(run: Path, flush: bool = False, **values: Any) -> None:
    """Replace some entries of the status and keep the others.

    Args:
        flush: wait for the disk: for entries that are not written again within moments.

    Raises:
        OSError: the old status cannot be read or the new one not written; the old file stays.
    """
    path = run / "status.json"
    write_json(path, _entries(path, strict=True) | values, flush)


def _entries(path: Path, strict: bool = False) -> dict[str, Any]:
    """Valid entries of the file; invalid ones are dropped, so that a damaged or foreign file cannot break a page.

    `strict`: raise the OSError of a file that exists and cannot be read just now; an update would erase it.
    """
    try:
        content = read_json(path)
    except ValueError as error:
        if strict and isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        return {}
    return {k: v for k, v in content.items() if _sound(k, v)} if isinstance(content, dict) else {}


_parsed = ParsedFiles(lambda path: _entries(path, strict=True))


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
    """File lock held by the process that trains the run; the system frees it when that process ends."""
    # One lock for all threads, unlike the library's default: a generator may be closed by another thread.
    return FileLock(run / ".lock", thread_local=False)


def locked(run: Path) -> bool:
    """Whether a process is training the run now."""
    if not (run / ".lock").exists():
        return False
    try:
        # The test takes the lock for a moment; the timeout keeps two simultaneous tests from seeing each other.
        with lock(run).acquire(timeout=0.05, poll_interval=0.005):
            return False
    except Timeout:
        return True
    except OSError:  # in a read-only folder nothing can train
        return False

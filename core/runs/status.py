"""Status of a run: its training state and progress (`status.json`), and the lock that a training holds (`.lock`).

Pages read it many times a minute: the file is parsed again only when it has changed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.system.atomic_files import read_json, write_json
from core.system.parsed_files import ParsedFiles
from core.system.plain_text import sentence
from core.system.regular_files import is_regular

STATES = ("new", "running", "paused", "finished", "stopped", "diverged", "failed", "interrupted", "cancelled")

ACTIVE = ("running", "paused")
"""States of a run that is being trained; without a process that holds the lock, they mean `interrupted`."""

_WORDS = ("message", "device", "owner")

_RANGES = {
    "epoch": (0, 1e6),
    "step": (0, 1e12),
    "seconds": (0, 1e10),
    "created": (0, 32_503_680_000),  # the year 3000
    "epochs": (1, 1e6),
    "threads": (0, 1e6),
    "parameters": (0, 1e15),
    "best_epoch": (0, 1e6),
    "best_total": (-1e300, 1e300),
    "images_per_second": (0, 1e12),
    "old": (-1e12, 1e12),
    "new": (-1e12, 1e12),
}
"""Smallest and largest value of each number: wider than any training, and small enough for every page to show."""

_WHOLE = ("step", "epochs", "threads", "parameters")
_OR_NONE = ("best_total", "images_per_second")
_CHANGE = {"step", "epoch", "field", "old", "new"}
MOST_CHANGES = 10_000
"""Changes in mid-run that are read, the newest."""


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
    write_json(path, _entries(path) | values, flush)


def _entries(path: Path) -> dict[str, Any]:
    """Valid entries of the file; invalid ones are dropped, so that a damaged or foreign file cannot break a page.

    Raises:
        OSError: the file exists and cannot be read just now; an update would erase it.
    """
    try:
        content = read_json(path)
    except ValueError as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        return {}
    return _sound(content) if isinstance(content, dict) else {}


_parsed = ParsedFiles(_entries)


def _sound(content: dict[str, Any]) -> dict[str, Any]:
    """The valid entries; those of other programs and later versions stay as they are."""
    found: dict[str, Any] = {}
    for key, value in content.items():
        if key in _WORDS:
            if isinstance(value, str):
                found[key] = sentence(value)
        elif key == "changes":
            if isinstance(value, list):
                found[key] = [change for change in value[-MOST_CHANGES:] if _is_change(change)]
        elif key == "state":
            if isinstance(value, str) and value in STATES:
                found[key] = value
        elif key not in _RANGES or (value is None and key in _OR_NONE) or _is_number(key, value):
            found[key] = value
    return found


def _is_number(key: str, value: Any) -> bool:
    """Whether the value is a number that an entry of that name can have."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    low, high = _RANGES[key]
    return low <= value <= high and (key not in _WHOLE or value == int(value))


def _is_change(change: Any) -> bool:
    return (
        isinstance(change, dict)
        and change.keys() >= _CHANGE
        and isinstance(change["field"], str)
        and re.fullmatch(r"[a-z_][a-z0-9_]{0,39}", change["field"]) is not None
        and all(_is_number(key, change[key]) for key in ("step", "epoch", "old", "new"))
    )


def lock(run: Path) -> FileLock:
    """File lock held by the process that trains the run; the system frees it when that process ends."""
    # One lock for all threads, unlike the library's default: a generator may be closed by another thread.
    return FileLock(run / ".lock", thread_local=False)


LOCK_WAIT = 0.05
"""Seconds that `locked` waits for a lock: two calls at once, each of which takes it for a moment, must not see each
other."""


def locked(run: Path) -> bool:
    """Whether a process is training the run now."""
    if not is_regular(run / ".lock"):
        return False
    try:
        with lock(run).acquire(timeout=LOCK_WAIT, poll_interval=0.005):
            return False
    except Timeout:
        return True
    except OSError:  # in a read-only folder nothing can train
        return False

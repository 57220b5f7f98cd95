"""Whether torch has been imported: it takes two seconds, which `ui.shell` spends after the first page was sent."""

from __future__ import annotations

import threading

_there = threading.Event()


def has_torch() -> bool:
    """Whether torch, and what draws a model with it, has been imported: a page need not wait for it."""
    return _there.is_set()


def note_torch() -> None:
    """Say that it has been imported."""
    _there.set()

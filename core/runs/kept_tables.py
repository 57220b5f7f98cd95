"""Tables of runs that have been read, kept while their files stay as they are.

A table of 43,000 rows takes half a second to read; a page that shows it is drawn anew with every click.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

Value = TypeVar("Value")

SETTLED = 2.0
"""Seconds for which a file must have been left alone: the times that systems note for it may be that coarse."""


class Stamp(NamedTuple):
    """What changes with a file: its times of change in ns, its size in bytes and its number on the disk."""

    changed: int
    noted: int
    size: int
    number: int


class KeptTables(Generic[Value]):
    """Values by key, each with the stamp of the file that it was read from; the one used longest ago goes first.

    Args:
        most: bytes of the files whose values are kept, together.
    """

    def __init__(self, most: int):
        self._most = most
        self._kept: OrderedDict[object, tuple[Stamp, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object, stamp: Stamp | None) -> Value | None:
        """The value that was kept for this state of the file; None where there is none."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept[0] != stamp:
                return None
            self._kept.move_to_end(key)
            return kept[1]

    def put(self, key: object, stamp: Stamp | None, value: Value) -> None:
        """Keep a value. `stamp`: of the file before it was read; None keeps nothing."""
        if stamp is None or stamp.size > self._most:
            return
        with self._lock:
            self._kept[key] = stamp, value
            self._kept.move_to_end(key)
            total = sum(kept.size for kept, _ in self._kept.values())
            while total > self._most:
                _, (oldest, _) = self._kept.popitem(last=False)
                total -= oldest.size


def stamp_of(path: Path) -> Stamp | None:
    """The stamp of an ordinary file; None for anything else, and for a file that was changed a moment ago."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return None
    recent = max(found.st_mtime, found.st_ctime) > time.time() - SETTLED
    if recent or not stat.S_ISREG(found.st_mode):
        return None
    return Stamp(found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)

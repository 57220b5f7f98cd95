"""Parsed contents of small files, kept in memory and read again only when the file has changed."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

Value = TypeVar("Value")
Signature = tuple[int, int, int]

SETTLED = 0.05
"""Seconds since its last change after which a file's signature is trusted. A clock of the file system ticks every few
milliseconds, so that two changes within one tick could leave the same time."""

SETTLED_ON_COARSE_CLOCKS = 2.5
"""The same for file systems that store whole seconds: FAT, some network drives."""


class ParsedFiles(Generic[Value]):
    """Thread-safe memory cache of parsed files, keyed by path; an entry holds while time, size and inode stay.

    Args:
        parse: reads one file. Exceptions pass through and nothing is kept.
        most: number of files that are kept; the least recently used are dropped.
    """

    def __init__(self, parse: Callable[[Path], Value], most: int = 2_000):
        self._parse, self._most = parse, most
        self._lock = threading.Lock()
        self._entries: OrderedDict[Path, tuple[Signature, Value]] = OrderedDict()

    def get(self, path: Path) -> Value:
        """Parsed content of the file, read only if the file has changed since the last call.

        The value is shared by all callers: treat it as read-only.
        """
        signature = _signature(path)
        with self._lock:
            entry = self._entries.get(path)
            if entry is not None and entry[0] == signature:
                self._entries.move_to_end(path)
                return entry[1]
        value = self._parse(path)
        with self._lock:
            if signature is not None and _settled(signature):
                self._entries[path] = (signature, value)
                self._entries.move_to_end(path)
                while len(self._entries) > self._most:
                    self._entries.popitem(last=False)
            else:
                self._entries.pop(path, None)
        return value


def _signature(path: Path) -> Signature | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _settled(signature: Signature) -> bool:
    changed = signature[0]
    least = SETTLED_ON_COARSE_CLOCKS if changed % 1_000_000_000 == 0 else SETTLED
    return not 0 <= time.time() - changed / 1e9 < least

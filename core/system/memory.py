"""Memory: how much there is, and its shortage, recognised among the errors that numpy, torch and the system raise."""

from __future__ import annotations

import contextlib
import errno
import os

_WORDS = ("can't allocate memory", "not enough memory", "out of memory", "unable to allocate", "bad_alloc")

_UNKNOWN = 8_000_000_000  # bytes of memory where the system does not say

SHORTAGE = "There is not enough memory for this. Close other programs, or use fewer images."


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that memory has run out, of the computer or of a GPU."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _WORDS)


MAPPED = "LATENT_LAB_MAPPED_MB"
"""Variable with the megabytes of images above which a set stays on the disk; without it, a quarter of the memory."""


def total() -> int:
    """Bytes of memory that this process may use at most: the computer's, or less where a container is given less."""
    found = [_computer(), *_containers()]
    return min((size for size in found if size > 0), default=_UNKNOWN)


def most_for_images() -> int:
    """Bytes of images that a set may have to be held in memory."""
    with contextlib.suppress(ValueError):
        given = float(os.environ.get(MAPPED, ""))
        if given >= 0:
            return int(min(given, 1e9) * 1e6)
    return total() // 4


def _computer() -> int:
    if hasattr(os, "sysconf"):
        with contextlib.suppress(ValueError, OSError):
            return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        import ctypes

        class Status(ctypes.Structure):  # MEMORYSTATUSEX
            _fields_ = [("length", ctypes.c_uint32), ("load", ctypes.c_uint32)] + [
                (name, ctypes.c_uint64) for name in ("total", "free", "a", "b", "c", "d", "e")
            ]

        status = Status(length=ctypes.sizeof(Status))
        ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined,unused-ignore]
        return int(status.total)
    except (AttributeError, OSError, ImportError):
        return 0


def _containers() -> list[int]:
    """What Linux grants to this process's group, in either version of control groups."""
    found = []
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError), open(file) as text:
            found.append(int(text.read()))
    return found

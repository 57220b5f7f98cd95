"""Shortage of memory, recognised among the errors that numpy, torch and the system raise for it."""

from __future__ import annotations

import errno

_WORDS = ("can't allocate memory", "not enough memory", "out of memory", "unable to allocate", "bad_alloc")

SHORTAGE = "There is not enough memory for this. Close other programs, or use fewer images."


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that memory has run out, of the computer or of a GPU."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _WORDS)

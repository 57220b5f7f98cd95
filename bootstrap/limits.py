"""Limits of the server's process: more open files than systems grant at first, a bounded log, the size of uploads."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import MutableMapping
from typing import TextIO

OPEN_FILES = (65_536, 10_240, 4_096)  # tried from the highest: macOS grants less than it says

MOST_UPLOAD = 100_000
"""Megabytes that an upload may be allowed to have: Streamlit holds it in memory."""

LOG_BYTES = 8 * 2**20
TAIL_BYTES = 2**20
DROPPED = "… (older lines were dropped)\n"


def allow_open_files() -> int | None:
    """Raise this process's limit of open files as far as the system lets us: each visitor's browser holds several.

    Returns the limit; None where there is no such limit (Windows).
    """
    try:
        import resource
    except ImportError:
        return None
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in OPEN_FILES:
        target = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        if now != resource.RLIM_INFINITY and target > now:
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (target, most))
                return target
    return now


UPLOAD = "LATENT_LAB_UPLOAD_MB"
"""Variable with the megabytes of an upload, at most."""


def set_upload_limit(environ: MutableMapping[str, str]) -> str | None:
    """Tell Streamlit the limit that a variable sets for uploads; why it is not used, in a sentence, or None."""
    given = environ.get(UPLOAD, "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= MOST_UPLOAD and len(given) < 9):
        return f"{UPLOAD} is not used: write a whole number of megabytes from 1 to {MOST_UPLOAD:,}, such as 2000."
    environ["STREAMLIT_SERVER_MAX_UPLOAD_SIZE"] = given
    return None


class BoundedLog:
    """A text stream whose file is cut down to its newest lines whenever it grows beyond `most` bytes.

    The file must be open for reading and appending; anything else, such as a terminal, is written to as it is.
    """

    def __init__(self, stream: TextIO, most: int = LOG_BYTES, tail: int = TAIL_BYTES):
        self._stream, self._most, self._tail = stream, most, tail
        self._cutting = threading.Lock()
        self._unchecked = most  # bytes written since the file was last looked at; the first write looks

    def write(self, text: str) -> int:
        written = self._stream.write(text)
        self._unchecked += len(text)
        if self._unchecked > self._tail // 8:
            self._unchecked = 0
            with contextlib.suppress(OSError, ValueError), self._cutting:
                self._cut()
        return written

    def _cut(self) -> None:
        self._stream.flush()
        file = self._stream.fileno()
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_size <= self._most:
            return
        os.lseek(file, status.st_size - self._tail, os.SEEK_SET)
        newest = os.read(file, self._tail).split(b"\n", 1)[-1]
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_END)
        for part in (DROPPED.encode(), newest):
            os.write(file, part)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

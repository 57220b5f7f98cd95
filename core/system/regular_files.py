"""Reading of files that anybody may have changed: ordinary files only, up to a size, never through a link."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
"""What stands in a file's place, in words."""


class UnusableFile(ValueError):
    """A file that is not read: a link, a folder, a pipe or a device, or too large. The message is a sentence.

    Attributes:
        reason: the message without the file's name.
    """

    def __init__(self, message: str, reason: str):
        super().__init__(message)
        self.reason = reason


def _no_file(path: Path, kind: str) -> UnusableFile:
    reason = f"it is {kind}, not a file"
    return UnusableFile(f"{path.name} cannot be read: {reason}.", reason)


def _too_large(path: Path, most: int) -> UnusableFile:
    reason = f"larger than {most:,} bytes, the limit for a file of this kind"
    return UnusableFile(f"{path.name} is {reason}.", reason)


def kind_of(path: Path) -> str:
    """What lies under a path: `a file`, another of `KINDS`, or nothing where there is nothing or it cannot be asked."""
    try:
        return KINDS.get(stat.S_IFMT(path.lstat().st_mode), "a file")
    except (OSError, ValueError):
        return ""


def is_regular(path: Path) -> bool:
    """Whether an ordinary file lies there; a link to one is none."""
    return kind_of(path) == "a file"


def open_regular(path: Path, most: int) -> BinaryIO:
    """An ordinary file of at most `most` bytes, open for reading.

    Raises:
        UnusableFile: it is no ordinary file, or it is larger. OSError: it is missing or cannot be read now.
    """
    kind = kind_of(path)  # asked first: opening a device or a pipe can already have an effect
    if kind not in ("a file", ""):
        raise _no_file(path, kind)
    file: BinaryIO = open(path, "rb", opener=_open)  # noqa: SIM115 (returned open)
    try:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise _no_file(path, KINDS.get(stat.S_IFMT(found.st_mode), "a device"))
        if found.st_size > most:
            raise _too_large(path, most)
    except BaseException:
        file.close()
        raise
    return file


def read_regular(path: Path, most: int) -> bytes:
    """Content of an ordinary file of at most `most` bytes; raises as `open_regular` does."""
    with open_regular(path, most) as file:
        # Not `most + 1`: Python would take that much memory before it reads.
        content = file.read(min(most, os.fstat(file.fileno()).st_size) + 1)
    if len(content) > most:  # it grew meanwhile
        raise _too_large(path, most)
    return content


def _open(path: str, flags: int) -> int:
    """Open without following a link that has just taken the file's place, and without waiting for a pipe's writer."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))

"""Atomic file writes: after a crash or power cut at any moment, the file is the old one or the new one, whole."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.system.regular_files import UnusableFile, read_regular

if TYPE_CHECKING:
    import numpy as np

FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
"""Error numbers of a full disk and of an exhausted disk quota."""


def write_atomic(path: Path, content: bytes, flush: bool = True, rest: Sequence[np.ndarray] = ()) -> None:
    """Write a temporary file beside the target, flush it to the disk, then rename it to the target's name.

    Args:
        flush: wait for the disk. Not worth the milliseconds for a file that is written again in a moment.
        rest: contiguous arrays whose bytes follow the content, written without a copy of them.
    Raises:
        OSError: the disk is full or read-only; it names the target. The old file is untouched and nothing half-written
            is left behind.
    """
    # The name holds process and thread, so that two writers use two temporary files; the later rename wins.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            for array in rest:
                if array.size:
                    file.write(array.data.cast("B"))
            if flush:
                file.flush()
                os.fsync(file.fileno())
        _replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):  # nobody knows the temporary file
            error.filename = str(path)
            error.filename2 = None
        raise


def _replace(temporary: Path, path: Path) -> None:
    """`os.replace`, repeated on Windows, which refuses while the old file is open for reading."""
    for wait in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5):
        try:
            return os.replace(temporary, path)
        except PermissionError:
            if os.name != "nt":
                raise
            time.sleep(wait)
    os.replace(temporary, path)


def write_json(path: Path, value: Any, flush: bool = True) -> None:
    """`write_atomic` for a JSON document."""
    try:
        content = json.dumps(value, indent=1, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # a name with bytes that are no text, in a path or a message
        content = json.dumps(value, indent=1).encode()
    write_atomic(path, content + b"\n", flush)


def read_json(path: Path, limit: int = 1_000_000) -> Any:
    """Content of a JSON file of at most `limit` bytes.

    Raises:
        ValueError: the file is missing, no ordinary file, too large, or not JSON; the cause is an OSError if it may be
            readable a moment later.
    """
    try:
        return json.loads(read_regular(path, limit))
    except FileNotFoundError:
        raise ValueError(f"{path.name} is missing.") from None
    except UnusableFile as error:
        raise ValueError(str(error)) from None
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ValueError(f"{path.name} cannot be read as JSON ({reason}).") from error

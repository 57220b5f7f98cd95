"""Content-addressed disk cache for derived results: arrays and facts in the cache folder, one safetensors file each.

A file's name is a digest of everything its content depends on, weights included, so that a run that was trained
further, renamed or copied never gets another run's results. Files are written atomically, bounded in number per kind
(the least recently used are deleted), and carry a checksum: a damaged file counts as missing and is computed again.
The run's own folder is not touched and may be read-only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from filelock import FileLock

from core.system import paths
from core.system.atomic_files import write_atomic
from core.system.plain_text import plain

FORMAT = "latent-lab-1"

MOST = 40
"""Files kept of each kind, unless the caller says otherwise."""

LEFTOVERS_KEPT = 24 * 3600.0
"""Seconds after which the file of a lock, and what a killed process has not finished writing, is deleted."""

Entry = tuple[dict[str, np.ndarray], dict[str, Any]]
"""Arrays and facts of one cache file."""


def digest(*parts: bytes | str | np.ndarray) -> str:
    """24 hexadecimal digits that identify a sequence of byte strings, texts and arrays (with shape and type)."""
    state = hashlib.blake2b(digest_size=12)
    for part in parts:
        if isinstance(part, np.ndarray):
            header, raw = f"{part.dtype.str}{part.shape}".encode(), _bytes(part)
            state.update(len(header).to_bytes(8, "little"))
            state.update(header)
        else:
            raw = memoryview(part.encode() if isinstance(part, str) else part)
        state.update(raw.nbytes.to_bytes(8, "little"))  # so that ("ab", "c") is not ("a", "bc")
        state.update(raw)
    return state.hexdigest()


def file_of(kind: str, name: str) -> Path:
    """Path of the cache file with that kind and digest."""
    return paths.cache_folder() / f"{kind}-{name}.safetensors"


def write(path: Path, arrays: dict[str, np.ndarray], facts: dict[str, Any], most: int = MOST) -> None:
    """Write arrays and facts to one safetensors file, whole or not at all; delete the least recently used of its kind.

    Args:
        most: number of files of this kind that are kept.
    Raises:
        OSError: the cache folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    ready = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    header = {"format": FORMAT, "facts": json.dumps(facts), "checksum": _checksum(ready)}
    write_atomic(path, safetensors.numpy.save(ready, metadata=header))
    _delete_oldest(path, most)


def save(path: Path, arrays: dict[str, np.ndarray], facts: dict[str, Any], most: int = MOST) -> bool:
    """`write`, with False instead of an OSError where the cache folder cannot be written to."""
    try:
        write(path, arrays, facts, most)
    except OSError:
        return path.is_file()
    return True


def not_kept(what: str) -> str:
    """The sentence for a result that a page would read from the cache, where the cache cannot be written to."""
    return (
        f"{what} could not be kept: {plain(str(paths.cache_folder()))} cannot be written to. Free some space, or "
        "choose another folder with LATENT_LAB_CACHE."
    )


SPARE = 100_000_000
"""Bytes of a disk that an import and an upload leave free."""


def free_space() -> int | None:
    """Bytes that are free on the disk of the cache folder; None where the system does not say."""
    folder = paths.cache_folder()
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def load(path: Path, touch: bool = True) -> Entry | None:
    """Arrays and facts of a cache file; None if the file is missing or damaged, so that they are computed again.

    Args:
        touch: note that the file was used; not for a file that is part of the lab.
    """
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            if header.get("format") != FORMAT:
                return None
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        facts = json.loads(header["facts"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, safetensors.SafetensorError):
        return None
    if not isinstance(facts, dict) or header.get("checksum") not in (None, _checksum(arrays)):
        return None
    if not touch:
        return arrays, facts
    with contextlib.suppress(OSError):
        # Most recently used: the last of its kind to be deleted. The time of change stays: pages use it as a key.
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
    return arrays, facts


@contextlib.contextmanager
def computing(path: Path) -> Iterator[None]:
    """Lock held while the result of one cache file is computed, so that no two processes compute it at once.

    Look into the cache again once the lock is held: another process may have computed the result meanwhile. Where the
    cache folder cannot be written to, nothing is locked. The system frees the lock when its process ends.
    """
    lock = FileLock(path.with_name(f".{path.stem}.lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:
        yield
        return
    try:
        yield
    finally:
        lock.release()


def computed(path: Path, compute: Callable[[], Entry], most: int = MOST) -> Entry:
    """Arrays and facts of a cache file, computed and kept where the file is missing; once, however many ask."""
    if found := load(path):
        return found
    with computing(path):
        if found := load(path):
            return found
        arrays, facts = compute()
        save(path, arrays, facts, most)
        return arrays, facts


def _bytes(array: np.ndarray) -> memoryview:
    """Content of an array as bytes, copied only where it is not contiguous."""
    return np.ascontiguousarray(array).data.cast("B") if array.size else memoryview(b"")  # nothing cannot be cast


def _checksum(arrays: dict[str, np.ndarray]) -> str:
    return digest(*(part for name in sorted(arrays) for part in (name, arrays[name])))


def _delete_oldest(path: Path, most: int) -> None:
    """Delete the least recently used files of the kind of `path`, and files of locks and half-written files of that
    kind that nobody has touched for a day."""
    kind = path.name.rsplit("-", 1)[0]
    aged = sorted((_used(file), file) for file in path.parent.glob(f"{kind}-*.safetensors"))
    temporary = [file for ending in ("lock", "tmp") for file in path.parent.glob(f".{kind}-*.{ending}")]
    leftovers = [file for file in temporary if _changed(file) < time.time() - LEFTOVERS_KEPT]
    for file in [*(file for _, file in aged[:-most]), *leftovers]:
        with contextlib.suppress(OSError):  # another process deletes it at the same time, or has it open
            file.unlink()


def _used(file: Path) -> float:
    """Time of the last reading or writing; 0 where another process has deleted the file."""
    try:
        status = file.stat()
    except OSError:
        return 0.0
    return max(status.st_atime, status.st_mtime)


def _changed(file: Path) -> float:
    """Time of the last change; 0 where another process has deleted the file."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0

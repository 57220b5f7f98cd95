"""Digests of large arrays, computed once per array rather than at every rerun of a page."""

from __future__ import annotations

import threading
import weakref

import numpy as np

from core.system import cache

_digests: dict[int, tuple[weakref.ref[np.ndarray], str]] = {}
_lock = threading.Lock()


def content_digest(array: np.ndarray) -> str:
    """Digest of an array's shape, type and values, as `cache.digest` computes it.

    The digest of a read-only array is computed once and remembered for as long as the array exists; a writable array
    may change, so its digest is computed at every call. Keep inputs that are hashed at every rerun read-only
    (`frozen`), and keep the array itself rather than a copy.
    """
    if array.flags.writeable:
        return cache.digest(array)
    key = id(array)
    with _lock:
        entry = _digests.get(key)
    if entry is not None and entry[0]() is array:
        return entry[1]
    found = cache.digest(array)
    reference = weakref.ref(array, lambda gone: _forget(key, gone))
    with _lock:
        _digests[key] = (reference, found)
    return found


def frozen(array: np.ndarray) -> np.ndarray:
    """The same array, made read-only."""
    array.flags.writeable = False
    return array


def _forget(key: int, gone: weakref.ref[np.ndarray]) -> None:
    """Drop the digest of an array that no longer exists, unless a new array has taken its address already."""
    entry = _digests.get(key)
    if entry is not None and entry[0] is gone:
        _digests.pop(key, None)

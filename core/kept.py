"""What was computed from a run once and can be computed again at any time, kept in the cache folder.

A file's name is a digest of all that its content depends on, weights included: a run that is trained on, renamed or
carried to another machine can never be answered with the numbers of another. The run's own folder is left alone, so
that a read-only one serves as well.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core import paths
from core.runs import Run, RunError


def digest(*parts: bytes | str) -> str:
    """A short name for these parts, another one for any others."""
    known = hashlib.blake2b(digest_size=12)
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        known.update(len(raw).to_bytes(8, "little"))  # so that ("ab", "c") is not ("a", "bc")
        known.update(raw)
    return known.hexdigest()


def weights_digest(run: Run, which: str = "best") -> str:
    """What the weights of a run are, by their content; `which` as in `weights.load_model`.

    Raises:
        RunError: there are none.
    """
    files = [run.path / f"{name}.safetensors" for name in (which, "last" if which == "best" else "best")]
    path = next((f for f in files if f.is_file()), None)
    if path is None:
        raise RunError(f"'{run.name}' has no weights yet. Train it first.")
    try:
        return _file_digest(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise RunError(f"The weights of '{run.name}' cannot be read ({error.strerror or error}).") from None


@lru_cache(maxsize=64)
def _file_digest(path: Path, changed: int) -> str:
    return digest(path.read_bytes())


def file_of(kind: str, name: str) -> Path:
    """Where the result of that kind and digest is kept."""
    return paths.cache_folder() / f"{kind}-{name}.safetensors"


def save(path: Path, arrays: dict[str, np.ndarray], facts: dict[str, Any], most: int = 40) -> bool:
    """Written whole or not at all; False where the cache folder cannot be written to, which is no trouble.

    Args:
        most: files of this kind that are kept; the oldest make room.
    """
    import torch

    from core import weights

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        weights.save(path, {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}, facts)
        kind = path.name.rsplit("-", 1)[0]
        others = sorted(path.parent.glob(f"{kind}-*.safetensors"), key=lambda file: file.stat().st_mtime)
        for old in others[:-most]:
            old.unlink(missing_ok=True)
    except OSError:
        return path.is_file()
    return True


def load(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """What `save` wrote; None if it is not there or damaged, so that it is computed anew."""
    from core import weights

    try:
        tensors, facts = weights.load(path)
    except RunError:
        return None
    return {name: tensor.numpy() for name, tensor in tensors.items()}, facts

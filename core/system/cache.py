"""Content-addressed disk cache for derived results: arrays and facts in the cache folder, one safetensors file each.

A file's name is a digest of everything its content depends on, weights included, so that a run that was trained
further, renamed or copied never gets another run's results. The run's own folder is not touched and may be read-only.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from core.system import paths
from core.system.atomic_files import write_atomic

FORMAT = "latent-lab-1"


def digest(*parts: bytes | str) -> str:
    """A short name for these parts, another one for any others."""
    known = hashlib.blake2b(digest_size=12)
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        known.update(len(raw).to_bytes(8, "little"))  # so that ("ab", "c") is not ("a", "bc")
        known.update(raw)
    return known.hexdigest()


def file_of(kind: str, name: str) -> Path:
    """Where the result of that kind and digest is kept."""
    return paths.cache_folder() / f"{kind}-{name}.safetensors"


def save(path: Path, arrays: dict[str, np.ndarray], facts: dict[str, Any], most: int = 40) -> bool:
    """Write arrays and facts to one safetensors file, whole or not at all.

    Args:
        most: files of this kind that are kept; the oldest are deleted.
    Returns:
        Whether the file is there; False where the cache folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        ready = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        header = {"format": FORMAT, "facts": json.dumps(facts)}
        write_atomic(path, safetensors.numpy.save(ready, metadata=header))
        kind = path.name.rsplit("-", 1)[0]
        others = sorted(path.parent.glob(f"{kind}-*.safetensors"), key=lambda file: file.stat().st_mtime)
        for old in others[:-most]:
            old.unlink(missing_ok=True)
    except OSError:
        return path.is_file()
    return True


def load(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """The arrays and facts that `save` wrote; None if the file is missing or damaged, so that they are recomputed."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            if header.get("format") != FORMAT:
                return None
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        facts = json.loads(header["facts"])
    except (OSError, ValueError, KeyError, safetensors.SafetensorError):
        return None
    return (arrays, facts) if isinstance(facts, dict) else None

"""Maps kept in the cache folder, found again by what went into them: the same inputs and settings, the same file.

    cache/maps/KEY-350.safetensors       a finished map of 350 iterations, with its measures
    cache/maps/KEY-stopped.safetensors   where somebody stopped it, to go on from

Damaged or foreign files are as good as none: the map is formed anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.embedding.settings import Settings
from core.embedding.tsne import State, early_iterations
from core.system import paths
from core.system.atomic_files import write_atomic

FORMAT = "latent-lab-map-1"

MAX_FILES = 200
"""Files; the oldest go first."""


@dataclass(frozen=True)
class CachedEmbedding:
    """A map from the cache: its state, and plain facts such as its measures and seconds."""

    state: State
    facts: dict[str, Any]


def key(x: np.ndarray, labels: np.ndarray, settings: Settings, by: str) -> str:
    """Names the course that leads to a map: everything but the number of iterations, which are its stages."""
    known = hashlib.blake2b(digest_size=16)
    s = settings
    known.update(
        repr(
            (
                FORMAT,
                by,
                s.method,
                s.perplexity,
                s.seed,
                s.start,
                s.pca_first,
                early_iterations(s.iterations),
                x.shape,
                x.dtype.str,
            )
        ).encode()
    )
    known.update(np.ascontiguousarray(x))
    known.update(np.ascontiguousarray(labels))
    return known.hexdigest()


def find(name: str, settings: Settings) -> CachedEmbedding | None:
    """The finished map of that key, or None."""
    return _read(_file(name, _end(settings)), settings)


def find_stage(name: str, settings: Settings) -> CachedEmbedding | None:
    """The furthest stage on the way to that map, whether stopped there or finished with fewer iterations."""
    ends = [
        int(f.stem.rsplit("-", 1)[1])
        for f in folder().glob(f"{name}-*.safetensors")
        if f.stem.rsplit("-", 1)[1].isdigit()
    ]
    files = [_file(name, "stopped"), *(_file(name, end) for end in ends if end < settings.iterations)]
    found = [
        kept
        for f in files
        if (kept := _read(f, settings))
        and kept.state.update is not None
        and kept.state.iteration <= settings.iterations
    ]
    return max(found, key=lambda kept: kept.state.iteration, default=None)


def save(name: str, settings: Settings, state: State, facts: dict[str, Any], finished: bool) -> None:
    """Written whole or not at all; a finished map takes the place of a stopped one.

    Raises:
        OSError: the cache folder cannot be written to.
    """
    folder().mkdir(parents=True, exist_ok=True)
    write(
        _file(name, _end(settings) if finished else "stopped"),
        {
            "y": state.y,
            "update": state.update,
            "gains": state.gains,
            "trace": np.asarray(state.trace, np.float64).reshape(-1, 2),
        },
        {**facts, "iteration": state.iteration},
    )
    if finished and (before := _read(_file(name, "stopped"), settings)) and before.state.iteration <= state.iteration:
        _file(name, "stopped").unlink(missing_ok=True)
    files = sorted(folder().glob("*.safetensors"), key=lambda f: f.stat().st_mtime)
    for old in files[:-MAX_FILES]:
        old.unlink(missing_ok=True)


def folder() -> Path:
    """Where maps are kept."""
    return paths.cache_folder() / "maps"


def write(path: Path, tensors: dict[str, np.ndarray | None], facts: dict[str, Any]) -> None:
    """Arrays and plain facts as one safetensors file; arrays that are None are left out.

    Raises:
        OSError: it cannot be written; what was there is untouched.
    """
    from safetensors.numpy import save

    ready = {name: np.ascontiguousarray(a) for name, a in tensors.items() if a is not None}
    write_atomic(path, save(ready, metadata={"format": FORMAT, "facts": json.dumps(facts)}))


def read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """What `write` wrote; None where it is missing, damaged or another program's."""
    from safetensors import SafetensorError, safe_open

    with contextlib.suppress(SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError):
        with safe_open(path, framework="np") as file:
            header = file.metadata() or {}
            if header.get("format") != FORMAT:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        facts = json.loads(header["facts"])
        return (tensors, facts) if isinstance(facts, dict) else None
    return None


def _read(path: Path, settings: Settings) -> CachedEmbedding | None:
    found = read(path)
    if found is None:
        return None
    tensors, facts = found
    y, iteration = tensors.get("y"), facts.get("iteration")
    shape = (settings.n, 2)
    whole = all(t.shape == shape and np.isfinite(t).all() for name, t in tensors.items() if name != "trace")
    if y is None or not whole or not isinstance(iteration, int) or tensors.get("trace") is None:
        return None
    trace = [(int(i), float(kl)) for i, kl in tensors["trace"]]
    return CachedEmbedding(State(y, iteration, trace, tensors.get("update"), tensors.get("gains")), facts)


def _end(settings: Settings) -> int:
    return settings.iterations if settings.method == "tsne" else 0


def _file(name: str, end: int | str) -> Path:
    return folder() / f"{name}-{end}.safetensors"

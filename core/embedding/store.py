"""Cache of finished and stopped embeddings, found again by their inputs and settings.

    cache/map-KEY_350.safetensors       a finished map after 350 iterations, with its measures
    cache/map-KEY_stopped.safetensors   the state in which a map was stopped, to continue from

Damaged files and files of other programs count as missing: the map is computed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.embedding.settings import Settings
from core.embedding.tsne import State, early_iterations
from core.system import cache
from core.system.content_digest import content_digest

VERSION = "latent-lab-map-3"
"""Part of every key: change it when the meaning of a setting changes."""

MAX_FILES = 200
"""Cached maps; the least recently used are deleted first."""

STOPPED = "stopped"


@dataclass(frozen=True)
class CachedEmbedding:
    """A map from the cache: its state, plain facts such as its measures and its seconds of computation, and for each
    image the share of its neighbours that the map kept, float32 [n] (`measures.kept`), where it was measured."""

    state: State
    facts: dict[str, Any]
    kept: np.ndarray | None = None


def key(x: np.ndarray, labels: np.ndarray, settings: Settings, backend: str) -> str:
    """Digest that identifies an optimisation: inputs and all settings except the number of iterations.

    Maps after more and after fewer iterations are stages of the same optimisation and share its key. Read-only inputs
    are hashed once (`content_digest`).
    """
    s = settings
    course = (s.method, s.perplexity, s.seed, s.start, s.pca_first, early_iterations(s.iterations))
    return cache.digest(VERSION, backend, repr(course), content_digest(x), content_digest(labels))


def find(name: str, settings: Settings) -> CachedEmbedding | None:
    """The finished map with that key after `settings.iterations`, or None."""
    return _read(_file(name, _end(settings)), settings)


def find_stage(name: str, settings: Settings) -> CachedEmbedding | None:
    """The furthest stage towards a map from which the optimisation can continue: stopped, or finished after fewer
    iterations. None where there is none."""
    files = [_file(name, STOPPED)]
    for file in files[0].parent.glob(f"map-{name}_*.safetensors"):
        end = file.stem.rsplit("_", 1)[1]
        if end.isdigit() and int(end) < settings.iterations:
            files.append(file)
    stages = [
        cached
        for file in files
        if (cached := _read(file, settings))
        and cached.state.update is not None
        and cached.state.iteration <= settings.iterations
    ]
    return max(stages, key=lambda cached: cached.state.iteration, default=None)


def save(
    name: str,
    settings: Settings,
    state: State,
    facts: dict[str, Any],
    finished: bool,
    kept: np.ndarray | None = None,
) -> None:
    """Write a map, whole or not at all; a finished map replaces a stopped one that came less far.

    Args:
        kept: as in `CachedEmbedding`.
    Raises:
        OSError: the cache folder cannot be written to.
    """
    arrays = {
        "y": state.y,
        "update": state.update,
        "gains": state.gains,
        "kept": kept,
        "trace": np.asarray(state.trace, np.float64).reshape(-1, 2),
    }
    cache.write(
        _file(name, _end(settings) if finished else STOPPED),
        {field: array for field, array in arrays.items() if array is not None},
        {**facts, "iteration": state.iteration},
        MAX_FILES,
    )
    stopped = _file(name, STOPPED)
    if finished and (before := _read(stopped, settings)) and before.state.iteration <= state.iteration:
        stopped.unlink(missing_ok=True)


def _read(path: Path, settings: Settings) -> CachedEmbedding | None:
    entry = cache.load(path)
    if entry is None:
        return None
    arrays, facts = entry
    y, iteration, trace = arrays.get("y"), facts.get("iteration"), arrays.get("trace")
    shapes = {"kept": (settings.n,)}
    whole = all(
        a.shape == shapes.get(field, (settings.n, 2)) and np.isfinite(a).all()
        for field, a in arrays.items()
        if field != "trace"
    )
    if y is None or trace is None or not whole or not isinstance(iteration, int):
        return None
    points = [(int(i), float(kl)) for i, kl in trace]
    state = State(y, iteration, points, arrays.get("update"), arrays.get("gains"))
    return CachedEmbedding(state, facts, arrays.get("kept"))


def _end(settings: Settings) -> int:
    return settings.iterations if settings.method == "tsne" else 0


def _file(name: str, end: int | str) -> Path:
    return cache.file_of("map", f"{name}_{end}")

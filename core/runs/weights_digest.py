"""Digest of a run's weights, the part of a cache key that changes when the run is trained further. Free of torch."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from core.runs.run import Run, RunError
from core.system.cache import digest


def weights_digest(run: Run, which: str = "best") -> str:
    """Digest of the content of a run's weights; `which` as in `load_model`.

    Raises:
        RunError: the run has no weights.
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

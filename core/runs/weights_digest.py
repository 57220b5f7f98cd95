"""Digest of a run's weights, the part of a cache key that changes when the run is trained further. Free of torch."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from core.runs import layout
from core.runs.run import Run, RunError
from core.system.cache import digest
from core.system.regular_files import is_regular, read_regular


def weights_digest(run: Run, which: str = "best") -> str:
    """Digest of the content of a run's weights; `which` as in `load_model`.

    Raises:
        RunError: the run has no weights.
    """
    files = [run.path / f"{name}.safetensors" for name in (which, "last" if which == "best" else "best")]
    path = next((f for f in files if is_regular(f)), None)
    if path is None:
        raise RunError(f"'{run.name}' has no weights yet. Train it first.")
    try:
        return _file_digest(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise RunError(f"The weights of '{run.name}' cannot be read ({reason}).") from None


@lru_cache(maxsize=64)
def _file_digest(path: Path, changed: int) -> str:
    return digest(read_regular(path, layout.MOST_BYTES))

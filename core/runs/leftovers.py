"""Traces of work that was cut off: temporary files, half-made runs, half-deleted ones. Nothing else is touched."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from pathlib import Path

from core.system.regular_files import is_regular

MAKING, DELETED = ".new-", ".deleted-"
"""How the hidden folders begin in which a run is made, and which a deleted run becomes."""

PATIENCE = 3600.0
"""Seconds after which a folder in the making belongs to no living process."""


def hidden_folder(folder: Path, kind: str) -> Path:
    """A new path for a hidden folder."""
    return folder / f"{kind}{uuid.uuid4().hex}"


def sweep(folder: Path) -> None:
    """Remove the remains of deletions and of creations that were cut off from the folder of runs."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(DELETED) or (entry.name.startswith(MAKING) and _old(entry)):
                remove(Path(entry.path))


def sweep_files(run: Path) -> None:
    """Remove temporary files of atomic writes (`atomic_files.write_atomic`) from a run that no other process writes."""
    for folder in (run, run / "frames"):
        if folder.is_symlink():
            continue
        for file in folder.glob(".*.tmp"):
            if is_regular(file):
                with contextlib.suppress(OSError):
                    file.unlink()


def remove(path: Path) -> None:
    """Remove a folder with all that is in it, or a link without what is behind it; what cannot be removed stays."""
    with contextlib.suppress(OSError):
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path, ignore_errors=True)


def _old(entry: os.DirEntry[str]) -> bool:
    try:
        return abs(time.time() - entry.stat(follow_symlinks=False).st_mtime) > PATIENCE
    except OSError:
        return False

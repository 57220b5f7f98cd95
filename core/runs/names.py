"""Names of run folders."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

from core.system.folder_names import allowed, tidied


def stem(recipe_name: str, dataset: str) -> str:
    """Name of a run without its number, from recipe and data set. The recipe's name may come from a foreign file: what
    remains of it is no path, at most 30 characters long, and not empty."""
    kept = [c if c not in " .()" and allowed(c, "") else "-" for c in tidied(recipe_name)]
    word = re.sub("-+", "-", "".join(kept)).strip("-+")[:30]
    word = re.sub(r"^\W+", "", word)
    return f"{word or 'run'}-{dataset}"


def claim(made: Path, folder: Path, name: str | None, stem: str) -> Path | None:
    """Move a finished folder to `name` in the folder of runs, or return None if that exists; without a name, to the
    next free of `stem-1`, `stem-2`, …

    Moving fails where a folder exists that holds anything, so that two visitors never get the same run.
    """
    for candidate in [name] if name else (f"{stem}-{number}" for number in itertools.count(1)):
        path = folder / candidate
        if os.path.lexists(path):
            continue
        try:
            os.rename(made, path)
            return path
        except OSError:
            if not os.path.lexists(path):
                raise
    return None

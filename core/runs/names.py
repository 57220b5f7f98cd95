"""Names of run folders."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

from core.system.folder_names import allowed, tidied

MOST_OF_A_WORD = 30
"""Characters of the name of a recipe or a set that a run's name takes over, at most."""


def stem(recipe_name: str, images: str) -> str:
    """Name of a run without its number, from the names of its recipe and of its set of images, as `mlp-vae-mnist`. Both
    may come from foreign files: what remains of them is no path, at most 30 characters long each, and not empty."""
    return f"{_word(recipe_name) or 'run'}-{_word(images) or 'pictures'}"


def _word(name: str) -> str:
    kept = [c if c not in " .()" and allowed(c, "") else "-" for c in tidied(name)]
    word = re.sub("-+", "-", "".join(kept)).strip("-+")[:MOST_OF_A_WORD]
    return re.sub(r"^\W+", "", word).rstrip("-+")


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

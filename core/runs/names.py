"""What a run's folder may be called, on every system it may be carried to."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

_RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{i}" for p in ("com", "lpt") for i in range(1, 10))}
"""Devices on Windows, whatever follows after a dot."""


def fits(name: str) -> bool:
    """Whether Windows, macOS and Linux can all hold a folder of that name, and none takes it for a path."""
    shape = re.fullmatch(r"\w[\w .()+-]{0,59}", name)
    return bool(shape) and name[-1] not in ". " and name.split(".")[0].strip().lower() not in _RESERVED


def stem(recipe_name: str, dataset: str) -> str:
    """What a run is called before its number. The recipe's name may come from a foreign file: it must not lead out of
    the folder, nor be too long or nothing at all."""
    word = re.sub(r"[^\w+-]+", "-", recipe_name).strip("-+")[:30]
    return f"{word or 'run'}-{dataset}"


def claim(folder: Path, name: str | None, stem: str) -> Path | None:
    """Make the folder `name`, or None if it is there already; without a name the next free of `stem-1`, `stem-2`, …

    mkdir fails where a folder exists, so two visitors never share a run.
    """
    for candidate in [name] if name else (f"{stem}-{number}" for number in itertools.count(1)):
        try:
            os.mkdir(folder / candidate)
            return folder / candidate
        except FileExistsError:
            continue
    return None

"""Names of run folders that are valid on Windows, macOS and Linux."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

_RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{i}" for p in ("com", "lpt") for i in range(1, 10))}
"""Names of devices on Windows, reserved with any extension."""


def fits(name: str) -> bool:
    """Whether the name is valid for a folder on all three systems and is not a path on any."""
    shape = re.fullmatch(r"\w[\w .()+-]{0,59}", name)
    return bool(shape) and name[-1] not in ". " and name.split(".")[0].strip().lower() not in _RESERVED


def stem(recipe_name: str, dataset: str) -> str:
    """Name of a run without its number, from recipe and data set. The recipe's name may come from a foreign file: what
    remains of it is no path, at most 30 characters long, and not empty."""
    word = re.sub(r"[^\w+-]+", "-", recipe_name).strip("-+")[:30]
    return f"{word or 'run'}-{dataset}"


def claim(folder: Path, name: str | None, stem: str) -> Path | None:
    """Create the folder `name`, or return None if it exists; without a name, the next free of `stem-1`, `stem-2`, …

    `mkdir` fails where a folder exists, so that two visitors never get the same run.
    """
    for candidate in [name] if name else (f"{stem}-{number}" for number in itertools.count(1)):
        try:
            os.mkdir(folder / candidate)
            return folder / candidate
        except FileExistsError:
            continue
    return None

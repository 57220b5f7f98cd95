"""Names of run folders that are valid on Windows, macOS and Linux."""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
from pathlib import Path

_RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{i}" for p in ("com", "lpt") for i in "123456789¹²³")}
"""Names of devices on Windows, reserved with any extension."""

_JOINERS = "\u200c\u200d"
"""Zero-width characters that belong to the spelling of words in Persian and in scripts of India."""

LONGEST = 60
"""Characters of a name at most: 240 bytes, of the 255 that file systems allow."""


def tidied(name: str) -> str:
    """The name without surrounding spaces, in composed form (NFC): macOS hands out é as e and an accent."""
    return unicodedata.normalize("NFC", name).strip()


def fits(name: str) -> bool:
    """Whether the name is valid for a folder on all three systems and is not a path on any."""
    return not problem(name)


def problem(name: str) -> str:
    """Why a name cannot be a run's, as the end of a sentence and what to do; empty for a valid name."""
    name = tidied(name)
    rule = (
        f"cannot be a run's name. Use up to {LONGEST} letters, digits, spaces and - _ . ( ), beginning with a letter "
        "or digit"
    )
    shape = 0 < len(name) <= LONGEST and re.match(r"\w", name)
    if not shape or not all(map(_allowed, name, " " + name)) or name[-1] in ". " + _JOINERS:
        return f"{rule}."
    device = name.split(".")[0].strip()
    return f"{rule}, but not “{device}”: Windows reserves it for a device." if device.lower() in _RESERVED else ""


def _allowed(character: str, before: str) -> bool:
    """Whether a character may follow another one in a name. Vowels of many scripts are marks on the letter before."""
    if character in _JOINERS:
        return before > "\x7f" and unicodedata.category(before)[0] in "LM"
    return bool(re.fullmatch(r"[\w .()+-]", character)) or unicodedata.category(character) in ("Mn", "Mc")


def stem(recipe_name: str, dataset: str) -> str:
    """Name of a run without its number, from recipe and data set. The recipe's name may come from a foreign file: what
    remains of it is no path, at most 30 characters long, and not empty."""
    kept = [c if c not in " .()" and _allowed(c, "") else "-" for c in tidied(recipe_name)]
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

"""Names of folders that are valid on Windows, macOS and Linux: of runs, of sets and of their classes."""

from __future__ import annotations

import re
import unicodedata

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
    return not problem(name, "a")


def problem(name: str, whose: str) -> str:
    """Why a name cannot be used, as the end of a sentence and what to do; empty for a valid name.

    Args:
        whose: as in `a run's`.
    """
    name = tidied(name)
    rule = (
        f"cannot be {whose} name. Use up to {LONGEST} letters, digits, spaces and - _ . ( ), beginning with a letter "
        "or digit"
    )
    shape = 0 < len(name) <= LONGEST and re.match(r"\w", name)
    if not shape or not all(map(allowed, name, " " + name)) or name[-1] in ". " + _JOINERS:
        return f"{rule}."
    device = name.split(".")[0].strip()
    return f"{rule}, but not “{device}”: Windows reserves it for a device." if device.lower() in _RESERVED else ""


def allowed(character: str, before: str) -> bool:
    """Whether a character may follow another one in a name. Vowels of many scripts are marks on the letter before."""
    if character in _JOINERS:
        return before > "\x7f" and unicodedata.category(before)[0] in "LM"
    return bool(re.fullmatch(r"[\w .()+-]", character)) or unicodedata.category(character) in ("Mn", "Mc")

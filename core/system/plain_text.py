"""Text from files and folder names, made fit to stand in a sentence on a page or in a terminal."""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"
"""Zero-width joiner and non-joiner: letters of several scripts need them."""

_ASCII = re.compile(r"[ -~]*")


def plain(text: str, most: int = 500) -> str:
    """The text in at most `most` characters. Characters that have no shape of their own stand as their numbers, such
    as [U+202E]: control characters, marks that turn the direction of writing round, halves of surrogate pairs."""
    if len(text) > most:
        text = text[: most - 1] + "…"
    if _ASCII.fullmatch(text):
        return text
    return "".join(c if _has_shape(c) else f"[U+{ord(c):04X}]" for c in text)


def sentence(text: str, most: int = 500) -> str:
    """`plain` for a text on one line: line breaks and other runs of space become single spaces."""
    return plain(" ".join(text[: 4 * most].split()), most)


def _has_shape(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind not in ("Cc", "Cf", "Cs", "Zl", "Zp") or character in _JOINERS

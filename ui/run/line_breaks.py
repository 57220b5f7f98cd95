"""Line breaks for the names of runs in a narrow column: behind a hyphen, not in the middle of a word."""

from __future__ import annotations

import re
import unicodedata

FONT = 14
"""Height of the letters in a table, in screen pixels."""

WIDTHS = {"ijl.'": 0.26, "frt-()I ": 0.36, "mwMW": 0.85, "ABCDEFGHJKLNOPQRSTUVXYZ": 0.65}
"""Widths of letters in units of the font's height, each a little above the true ones."""
OTHERS, WIDE = 0.56, 1.0
"""Widths of the other letters, and of those of scripts whose letters are square."""

_WIDTH = {letter: width for letters, width in WIDTHS.items() for letter in letters}


def broken(name: str, room: float, most: int) -> str:
    """A name in lines that fit into a column. A part that is longer than a line stays whole for the table to break.

    Args:
        name: without line breaks. room: width of a line, in screen pixels. most: lines; what is longer ends in "…".
    """
    lines = [""]
    for part in re.findall(r"[^-_. ]*[-_. ]+|[^-_. ]+", name):
        if lines[-1] and _width(lines[-1] + part.rstrip()) > room:
            lines.append("")
        lines[-1] += part
    if len(lines) > most:
        lines[most - 1] = lines[most - 1].rstrip("-_. ") + "…"
    return "\n".join(line.rstrip(" ") for line in lines[:most])


def _width(text: str) -> float:
    """Screen pixels that a text takes at most."""
    return FONT * sum(
        WIDE if unicodedata.east_asian_width(letter) in "WF" else _WIDTH.get(letter, OTHERS) for letter in text
    )

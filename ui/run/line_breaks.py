"""Line breaks for the names of runs in a narrow column: behind a hyphen, not in the middle of a word."""

from __future__ import annotations

import re
import unicodedata

FONT = 14
"""Height of the letters in a table, in screen pixels."""

WIDTHS = {
    0.20: " ",
    0.265: ".ijlI",
    0.32: "()-f",
    0.34: "t",
    0.37: "r",
    0.44: "czsJ",
    0.48: "xvy",
    0.51: "0123456789_eagkFLY",
    0.53: "SZCEX",
    0.56: "bdhnpquoATV",
    0.60: "BKPRD",
    0.66: "GHNOQU",
    0.75: "wM",
    0.83: "mW",
}
"""Letters of the semi-bold font by their widths, in units of its height."""
OTHERS, WIDE = 0.7, 1.0
"""Widths of other letters, and of those of scripts whose letters are square."""

_WIDTH = {letter: width for width, letters in WIDTHS.items() for letter in letters}


def broken(name: str, room: float, most: int) -> str:
    """A name in lines that fit into a column. A part that is longer than a line stays whole for the table to break.

    Args:
        name: without line breaks. room: width of a line, in screen pixels. most: lines; what is longer ends in "…".
    """
    if _width(name) <= room:
        return name
    lines = [""]
    for part in re.findall(r"[^-_. ]*[-_. ]+|[^-_. ]+", name):
        if lines[-1] and _width(lines[-1] + part.rstrip()) > room:
            lines.append("")
        lines[-1] += part
    if len(lines) > most:
        lines[most - 1] = lines[most - 1].rstrip("-_. ") + "…"
    return "\n".join(line.rstrip(" ") for line in lines[:most])


def _width(text: str) -> float:
    """Screen pixels that a text takes."""
    return FONT * sum(
        WIDE if unicodedata.east_asian_width(letter) in "WF" else _WIDTH.get(letter, OTHERS) for letter in text
    )

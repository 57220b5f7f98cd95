"""Numbers and times as the pages write them: three significant digits and a unit."""

from __future__ import annotations

import math
import re
import time


def format_sig(value: float | None) -> str:
    """Three significant digits, without powers of ten between 0.001 and a billion; `–` for what is not known."""
    if value is None or not math.isfinite(value):
        return "–"
    if value and not 1e-3 <= abs(value) < 1e9:
        return f"{value:.3g}"
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    rounded = round(value, digits)
    return f"{rounded:,.{max(0, digits)}f}"


def duration(seconds: float | None) -> str:
    """`8 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def format_time(created: float | None) -> str:
    """A moment (seconds since 1970) as `2025-01-31 14:05`, in the time of the machine that runs the lab."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(created)) if created else "–"


def epoch(done: float | None) -> str:
    """Epochs that are done: `81`, and `0.8` after a stop in the middle of the first. Never rounded up."""
    if done is None or not math.isfinite(done):
        return "–"
    return f"{math.floor(done * 10 + 1e-6) / 10:g}"


def pluralize(count: int, one: str, more: str | None = None) -> str:
    """`1 epoch`, `2 epochs`."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


MARKUP = frozenset("\\`*_{}[]()<>#+-!|$~:&=^")
_RECOGNISED = re.compile(r"(?<!\d):(?=[\w+/-])|@(?=\w)|\bwww(?=\.)|^\d+(?=[.)])", re.IGNORECASE)


def escape_markdown(text: str) -> str:
    """Text from a file, an address or a user for Streamlit's Markdown, without what it would read as markup.

    Escaping keeps images, links, HTML, formulas and colours from being parsed. Emoji, icons and bare addresses are
    looked for after that, when the escapes are gone: a word joiner, which has no width, keeps their parts apart.
    Line breaks become spaces, since a new line could begin a list, a heading or a block of code.
    """
    apart = _RECOGNISED.sub(lambda found: found[0] + "\u2060", " ".join(text.split()))
    return "".join(f"\\{c}" if c in MARKUP else c for c in apart)

"""Formatting of numbers, durations, dates and counts for the pages, and escaping of Markdown."""

from __future__ import annotations

import math
import re
import time


def format_sig(value: float | None) -> str:
    """A number to three significant digits, without an exponent from 0.001 to a billion; `–` for None, NaN and ±∞."""
    if value is None or not math.isfinite(value):
        return "–"
    if value and not 1e-3 <= abs(value) < 1e9:
        return f"{value:.3g}"
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    rounded = round(value, digits)
    return f"{rounded:,.{max(0, digits)}f}"


def with_error(value: float | None, error: float | None) -> str:
    """A number with its standard error, to one digit of that: `0.074 ± 0.008`; without one as `format_sig`."""
    if value is None or not math.isfinite(value) or not error or not math.isfinite(error):
        return format_sig(value)
    digits = max(0, -math.floor(math.log10(error)))
    return f"{value:,.{digits}f} ± {error:,.{digits}f}"


def duration(seconds: float | None) -> str:
    """A duration in seconds as `8 s`, `3 min 20 s` or `2 h 5 min`; `–` for None, NaN and ±∞."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def format_time(created: float | None) -> str:
    """A time in seconds since 1970 as `2025-01-31 14:05`, in the server's time zone; `–` for None and 0."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(created)) if created else "–"


def epoch(done: float | None) -> str:
    """Number of finished epochs, rounded down to tenths: `81`, or `0.8` after a stop within the first epoch."""
    if done is None or not math.isfinite(done):
        return "–"
    return f"{math.floor(done * 10 + 1e-6) / 10:g}"


def after(done: float | None) -> str:
    """When something was measured, in a sentence: `after epoch 81`, or `after 1.1 epochs` in the midst of one."""
    return f"after epoch {epoch(done)}" if done is None or not done % 1 else f"after {epoch(done)} epochs"


PARTS = {0.125: "⅛", 0.25: "¼", 0.5: "½"}
"""Parts of the first epoch that have pictures (`core.runs.frames.EARLY`)."""


def trained_for(epochs: float) -> str:
    """The epochs that pictures were made after: `7 epochs`, or `⅛ of the first epoch`."""
    return f"{PARTS[epochs]} of the first epoch" if epochs in PARTS else pluralize(int(epochs), "epoch")


def pluralize(count: int, one: str, more: str | None = None) -> str:
    """A count with its noun: `1 epoch`, `2 epochs`; `more` is the plural where it is not `one` + s."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


MARKUP = frozenset("\\`*_{}[]()<>#+-!|$~:&=^")
_RECOGNISED = re.compile(r"(?<!\d):(?=[\w+/-])|@(?=\w)|\bwww(?=\.)|^\d+(?=[.)])", re.IGNORECASE)


def escape_markdown(text: str) -> str:
    """Escape text from a file, an address or a user for Streamlit's Markdown, so that it is shown literally.

    Backslashes prevent images, links, HTML, formulas and colours. Emoji codes, icons and bare addresses are recognised
    after the escapes are removed: a zero-width word joiner separates their parts. Line breaks become spaces, since a
    new line could begin a list, a heading or a code block.
    """
    apart = _RECOGNISED.sub(lambda found: found[0] + "\u2060", " ".join(text.split()))
    return "".join(f"\\{c}" if c in MARKUP else c for c in apart)


def file_size(size: int) -> str:
    """A number of bytes for people: `512 B`, `1.23 kB`, `4.56 MB`."""
    if size < 1_000:
        return f"{size} B"
    return f"{format_sig(size / 1e3)} kB" if size < 1e6 else f"{format_sig(size / 1e6)} MB"

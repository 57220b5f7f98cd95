"""Figures on the test set, as they are read from a run's `evaluation.json`."""

from __future__ import annotations

from typing import Any

from core.system.plain_text import sentence

WORDS = ("yardstick",)
"""Entries that are text."""

LISTS = ("kl_per_dim", "shares")
"""Entries that are lists of numbers."""

GROUPS = ("before",)
"""Entries that hold the same figures of another model."""

LABELLED = ("weights", "mig_gaps", "nearest")
"""Entries that hold numbers by other names, such as the weights of the loss terms, gaps or distances."""

NUMBERS = (
    *(
        "images",
        "generated",
        "epoch",
        "recon",
        "kl",
        "total",
        "negative_elbo",
        "mse",
        "bce_floor",
        "excess_bce",
        "bits_per_dim",
    ),
    *("sigma", "active_units", "active_by_variance", "log_likelihood", "log_likelihood_error", "importance_samples"),
    *("frechet", "kid", "kid_error", "modes", "balance", "sure", "sharpness", "diversity", "floor"),
    *("mig", "dci"),
)
"""Entries that are numbers, or None where nothing could be measured."""

LARGEST = 1e300
LONGEST = 10_000
"""Bounds of a number and of a list, wider than any figure and small enough for every page."""


INVALID: Any = object()
"""Marks an entry that is left out."""


def sound(content: Any) -> dict[str, Any] | None:
    """The valid figures of the file, None if there are none; entries of later versions stay as they are."""
    return (_valid(content) or None) if isinstance(content, dict) else None


def _valid(content: dict[str, Any]) -> dict[str, Any]:
    entries = ((key, _value(key, value)) for key, value in content.items())
    return {key: value for key, value in entries if value is not INVALID}


def _value(key: str, value: Any) -> Any:
    if key in NUMBERS:
        return value if value is None or _is_number(value) else INVALID
    if key in WORDS:
        return sentence(value) if isinstance(value, str) else INVALID
    if key in LISTS:
        fits = isinstance(value, list) and len(value) <= LONGEST and all(map(_is_number, value))
        return value if fits else INVALID
    if key in GROUPS:
        return _valid(value) if isinstance(value, dict) else None
    if key in LABELLED:
        return {k: v for k, v in value.items() if _is_number(v)} if isinstance(value, dict) else INVALID
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST

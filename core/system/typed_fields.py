"""Typed fields of a recipe: help, bounds and choices in the dataclass metadata, and the check of a value against them.

Standard library only, like `recipes/recipe.py`.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from typing import Any

MOST_NUMBERS = 8
"""Numbers in a list, at most."""


class RecipeError(ValueError):
    """A recipe that cannot be trained: names the field and the value, and says what is allowed."""


def field(
    default: Any,
    help: str,
    *,
    group: str,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] | None = None,
    unit: str = "",
    only: tuple[str, tuple[str, ...]] | None = None,
) -> Any:
    """A dataclass field whose metadata drives form, flags and checks.

    Args:
        low, high: bounds of a number, or of each number in a list. choices: allowed words. unit: for labels.
        only: (field, values): the field matters only while that other field has one of these values.
    """
    meta = {"help": help, "group": group, "low": low, "high": high, "choices": choices, "unit": unit, "only": only}
    return dataclasses.field(default=default, metadata=meta)


def check(f: dataclasses.Field[Any], value: Any) -> Any:
    """The value converted to the field's type; text is read as a number or a list of numbers where the field wants one.

    Raises:
        RecipeError: names the field and the value, and says what is allowed.
    """
    kind, meta = str(f.type), f.metadata
    try:
        checked = _CONVERSIONS[kind](value)
    except (TypeError, ValueError, OverflowError):
        raise RecipeError(f"{f.name}: {show(value)} is not {_KINDS[kind]}. {_allowed(f)}") from None
    low, high = meta["low"], meta["high"]
    numbers = checked if isinstance(checked, tuple) else (checked,) if isinstance(checked, (int, float)) else ()
    outside = [n for n in numbers if not math.isfinite(n) or (low is not None and not low <= n <= high)]
    if outside or (meta["choices"] and checked not in meta["choices"]) or len(numbers) > MOST_NUMBERS:
        raise RecipeError(f"{f.name}: {show(value)} is not allowed. {_allowed(f)}")
    return checked


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _float(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(value)


def _int(value: Any) -> int:
    number = _float(value)
    if number != int(number):
        raise TypeError
    return int(number)


def _ints(value: Any) -> tuple[int, ...]:
    if isinstance(value, str):
        # A hyphen between two numbers separates them; before a single one it is a sign.
        value = [part for part in re.split(r"(?<=\d)-(?=\d)|\s+-\s+|[\s,]+", value.strip()) if part]
    numbers = tuple(_int(part) for part in ([value] if isinstance(value, int) else value))
    if not numbers:
        raise TypeError
    return numbers


_CONVERSIONS = {"str": _text, "int": _int, "float": _float, "tuple[int, ...]": _ints}

_KINDS = {"str": "a word", "int": "a whole number", "float": "a number", "tuple[int, ...]": "a list of whole numbers"}


def _allowed(f: dataclasses.Field[Any]) -> str:
    meta = f.metadata
    if meta["choices"]:
        return "Choose one of " + ", ".join(meta["choices"]) + "."
    if meta["low"] is not None:
        each = "one to eight numbers, each " if str(f.type).startswith("tuple") else ""
        return f"Allowed: {each}from {meta['low']:g} to {meta['high']:g}."
    return f"Expected {_KINDS[str(f.type)]}."


def show(value: Any) -> str:
    """The value as an error message quotes it, shortened to 60 characters."""
    text = repr(list(value) if isinstance(value, tuple) else value)
    return text if len(text) <= 60 else text[:57] + "…"

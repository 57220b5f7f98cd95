"""What one field of a recipe may hold: its help, bounds and choices, and the check that speaks when one is broken.

Standard library only, like `recipes/recipe.py`.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any


class RecipeError(ValueError):
    """A recipe that cannot be trained: says which field, which value, and what is allowed."""


def field(default: Any, help: str, *, group: str, low=None, high=None, choices=None, unit: str = "", only=None):
    """A dataclass field whose metadata feeds form, flags and checks.

    `only` = (field, values): the field matters only while that other field has one of these values.
    """
    meta = {"help": help, "group": group, "low": low, "high": high, "choices": choices, "unit": unit, "only": only}
    return dataclasses.field(default=default, metadata=meta)


def check(f: dataclasses.Field, value: Any) -> Any:
    """The value in the field's own type.

    Raises:
        RecipeError: names the field, the value and what is allowed.
    """
    kind, meta = str(f.type), f.metadata
    try:
        if kind == "str":
            if not isinstance(value, str):
                raise TypeError
            good = value
        elif kind == "int":
            if isinstance(value, bool) or float(value) != int(float(value)):
                raise TypeError
            good = int(float(value))
        elif kind == "float":
            if isinstance(value, bool):
                raise TypeError
            good = float(value)
        else:
            parts = value.replace("-", " ").replace(",", " ").split() if isinstance(value, str) else value
            good = tuple(int(p) for p in ([parts] if isinstance(parts, int) else parts))
            if not good or any(float(p) != int(p) for p in ([parts] if isinstance(parts, int) else parts)):
                raise TypeError
    except (TypeError, ValueError, OverflowError):
        raise RecipeError(f"{f.name}: {show(value)} is not {_KINDS[kind]}. {_allowed(f)}") from None
    low, high = meta["low"], meta["high"]
    numbers = good if isinstance(good, tuple) else (good,) if isinstance(good, (int, float)) else ()
    bad = [n for n in numbers if not math.isfinite(n) or (low is not None and not low <= n <= high)]
    if bad or (meta["choices"] and good not in meta["choices"]) or len(numbers) > 8:
        raise RecipeError(f"{f.name}: {show(value)} is not allowed. {_allowed(f)}")
    return good


_KINDS = {"str": "a word", "int": "a whole number", "float": "a number", "tuple[int, ...]": "a list of whole numbers"}


def _allowed(f: dataclasses.Field) -> str:
    meta = f.metadata
    if meta["choices"]:
        return "Choose one of " + ", ".join(meta["choices"]) + "."
    if meta["low"] is not None:
        each = "one to eight numbers, each " if str(f.type).startswith("tuple") else ""
        return f"Allowed: {each}from {meta['low']:g} to {meta['high']:g}."
    return f"Expected {_KINDS[str(f.type)]}."


def show(value: Any) -> str:
    """The value as an error quotes it."""
    text = repr(list(value) if isinstance(value, tuple) else value)
    return text if len(text) <= 60 else text[:57] + "…"

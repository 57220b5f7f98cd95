"""A preset: a recipe under a name, with a line about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.recipes.recipe import Recipe


@dataclass(frozen=True)
class Preset:
    """A preset.

    Attributes:
        recipe: named as the preset. about: one line for lists and the form.
        title: what it is, in a word or two, for the box of recipes; of a fast sister empty.
    """

    recipe: Recipe
    about: str
    title: str = ""


def described(name: str, about: str, title: str = "", **values: Any) -> Preset:
    """A preset from the fields of its recipe."""
    return Preset(Recipe(name=name, **values), about, title)

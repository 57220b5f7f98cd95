"""A run's recipe against its preset: the settings in which the two differ, and all settings."""

from __future__ import annotations

from typing import Any

from core.recipes import adaptation, presets
from core.recipes.recipe import Recipe, applies, fields
from ui.shared.recipe_labels import bounds, choice, label

OWN = ("name", "dataset", "folder", "image_shape", "classes", "source", "source_model")
"""Fields that say which run it is, not how it differs from its preset."""


def preset_of(recipe: Recipe) -> Recipe | None:
    """The preset that a recipe started from, in the version for the recipe's data set; None where the lab has
    no preset of that name."""
    if recipe.name not in presets.PRESETS:
        return None
    return adaptation.adapted(presets.preset(recipe.name), recipe.dataset)


def differences(recipes: list[Recipe]) -> list[str]:
    """Names of the fields in which these recipes differ, in the order of the form. A recipe to which a field does not
    apply, such as channels without convolutions, does not count."""
    applied = [(recipe, recipe.to_dict()) for recipe in recipes]
    return [
        f.name
        for f in fields()
        if len({getattr(recipe, f.name) for recipe, values in applied if applies(f, values)}) > 1
    ]


def against_preset(recipe: Recipe) -> list[dict[str, str]] | None:
    """The settings in which a recipe differs from its preset, one row each; None where there is no such preset.

    What a GAN takes over from its source's network is no difference."""
    preset = preset_of(recipe)
    if preset is None:
        return None
    inherited = _inherited(recipe)
    return [
        {"Setting": label(name), "This run": text_of(name, recipe), "Preset": text_of(name, preset)}
        for name in differences([recipe, preset])
        if name not in (*OWN, *inherited)
    ]


def _inherited(recipe: Recipe) -> tuple[str, ...]:
    from core.runs.gan_source import INHERITED

    return INHERITED if recipe.family.adversarial and recipe.value("source") else ()


def every_setting(recipe: Recipe) -> list[dict[str, str]]:
    """All settings that have an effect, with their meaning, one row each."""
    return [
        {"Setting": label(f.name), "Value": text_of(f.name, recipe), "Meaning": f.metadata["help"] + bounds(f)}
        for f in fields()
        if matters(f.name, recipe) and getattr(recipe, f.name) not in ("", ())
    ]


def matters(name: str, recipe: Recipe) -> bool:
    """Whether a field has an effect in that recipe."""
    return applies(Recipe.__dataclass_fields__[name], recipe.to_dict())


def text_of(name: str, recipe: Recipe) -> str:
    """The value of a recipe's field in the words of the form; – where the field has no effect."""
    if not matters(name, recipe):
        return "–"
    value: Any = getattr(recipe, name)
    if isinstance(value, (list, tuple)):
        return "-".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else choice(name, value)

"""Presets: the classic set-ups of the field, by name.

`PRESETS` are the recipes that papers and public tutorials train. They stand in files of their own, `presets_*.py`; a
new one is one more `described(...)` there, with a line about it. `adaptation.py` fits any of them to another set.
"""

from __future__ import annotations

from pathlib import Path

from core.recipes import presets_decoders, presets_encoders, presets_photos, presets_planes_and_shapes, presets_vaes
from core.recipes.family import OWN_FAMILIES
from core.recipes.preset import Preset
from core.recipes.recipe import Recipe, RecipeError
from core.system.atomic_files import read_json


def _own_presets() -> list[Preset]:
    """Presets of the folder of own families: each `<name>.json` is a `recipe.json`.

    Raises:
        ValueError: a file is no recipe: names it.
    """
    presets = []
    for file in sorted(Path(OWN_FAMILIES).glob("*.json")) if OWN_FAMILIES else ():
        try:
            recipe = Recipe.from_dict(read_json(file)).with_(name=file.stem)
        except ValueError as error:
            raise ValueError(f"{file.name}: {error}") from None
        presets.append(Preset(recipe, recipe.family.sentence))
    return presets


_ALL = (
    *presets_vaes.PRESETS,
    *presets_decoders.PRESETS,
    *presets_photos.PRESETS,
    *presets_encoders.PRESETS,
    *presets_planes_and_shapes.PRESETS,
    *_own_presets(),
)

PRESETS: dict[str, Recipe] = {preset.recipe.name: preset.recipe for preset in _ALL}

ABOUT: dict[str, str] = {preset.recipe.name: preset.about for preset in _ALL}
"""One line per preset, for lists and the form."""

TITLES: dict[str, str] = {preset.recipe.name: preset.title for preset in _ALL if preset.title}
"""What a classic preset is, in a word or two, for the box of recipes; one of an own family has the family's name."""

FAST = "-fast"
"""Suffix of a preset's fast sister: same family, latent size and data set, tuned to reach the same quality sooner."""

CLASSIC = tuple(name for name in PRESETS if not name.endswith(FAST) or name.removesuffix(FAST) not in PRESETS)
"""Presets without their fast sisters; of a preset that there is only fast, that one."""


def title(name: str) -> str:
    """The name of a preset of a pair with what it is: `mlp-vae · small VAE`."""
    classic = classic_of(name)
    return f"{classic} · {TITLES.get(classic) or PRESETS[name].family.abbreviation}"


AS_GOOD = (
    "mlp-vae",
    "conv-vae",
    "plane-vae",
    "deep-ae",
    "auto-decoder",
    "variational-auto-decoder",
    "decoder-gan",
    "denoising-ae",
    "iwae",
    "info-vae",
)
"""Classic presets whose fast sister was measured to reach the same test figure, with samples that the classifier
recognises no less confidently (`benchmarks/time_to_quality.py`)."""

NEARLY_AS_GOOD = ("cvae", "tc-vae")
"""Classic presets whose fast sister was measured too and is within 2 % of all their figures, but behind in one of them
(`benchmarks/README.md`)."""

BEHIND = ("wae",)
"""Classic presets whose fast sister was measured too and does not reach their figure."""

LESS_SHARP = ("decoder-gan",)
"""Those of them whose fast sister's samples are less sharp than the classic's."""

DECODER_TRIED = "mlp-vae-fast"
"""Preset whose decoder `decoder-gan` and its fast sister were measured with."""


def classic_of(name: str) -> str:
    """Name of the classic preset of a pair, from the name of either; the name itself without a sister."""
    return name if name in CLASSIC else name.removesuffix(FAST)


def fast_of(name: str) -> str | None:
    """Name of the fast preset of a pair, from the name of either; None without a fast sister."""
    sister = classic_of(name) + FAST
    return sister if sister in PRESETS else None


def preset(name: str) -> Recipe:
    """Preset of that name.

    Raises:
        RecipeError: no such preset; lists all names.
    """
    if name not in PRESETS:
        raise RecipeError(f"There is no recipe '{name}'. The recipes are {', '.join(PRESETS)}.")
    return PRESETS[name]

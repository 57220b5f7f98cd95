"""Evidence: a figure that proves something says what it was computed from, and takes no run that does not fit."""

from __future__ import annotations

import streamlit as st

from core.recipes.family import SYMBOLS
from core.runs import Run, figures
from ui.shared.formatting import escape_markdown
from ui.shared.recipe_labels import choice


def has_unit_weights(run: Run) -> bool:
    """Whether all loss terms had the weight 1 from the beginning to the end, as in the negative ELBO."""
    recipe = {name: run.recipe.value(name) for name in run.recipe.family.weights}
    return all(weight == 1 for weight in (*recipe.values(), *figures.weights_at(run).values()))


def same_setting(a: Run, b: Run) -> bool:
    """Whether two runs have the same images, network and likelihood."""
    fields = ("dataset", "folder", "shape", "network", "hidden", "channels", "likelihood")
    return all(getattr(a.recipe, name) == getattr(b.recipe, name) for name in fields)


def facts(run: Run) -> str:
    """A run's name with what decides about a figure, as Markdown: kind, images, latent size, β, seed."""
    recipe = run.recipe
    parts = [recipe.family.abbreviation, choice("dataset", recipe.dataset), recipe.latent_size]
    parts += [f"{SYMBOLS.get(name, name)} {weight:g}" for name, weight in figures.weights_at(run).items()]
    return f"{escape_markdown(run.name)} ({' · '.join([*parts, f'seed {recipe.seed}'])})"


def stated(*evidence: Run) -> None:
    """A caption that names the runs which a figure was computed from."""
    st.caption(f"Computed from {' and '.join(map(facts, evidence))}.")

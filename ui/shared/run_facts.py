"""A run in words: its settings with what was changed while it trained, and its best figure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.recipes.recipe import Recipe
from core.runs import Run, figures
from ui.shared.formatting import format_sig


def settings_line(recipe: Recipe, changes: Iterable[dict[str, Any]] = ()) -> str:
    """A recipe in one line, followed by the values that β was changed to during the training: `… · β 4 → 20`.

    Args:
        changes: as in a run's status or a job's snapshot.
    """
    betas = [f"{change['new']:g}" for change in changes if change["field"] == "beta"]
    return " → ".join([recipe.summary(), *betas])


def best_of(run: Run) -> str:
    """The best figure of a run's validation with its name and its unit."""
    best = figures.best(run)
    if run.recipe.family.adversarial:
        return f"best Fréchet distance {format_sig(None if best is None else best.value)}"
    if best is None:
        return "not validated yet"
    return f"best validation {best.name} {format_sig(best.value)} {best.unit}"

"""Which weights of a run are shown, and its figures on the test set if they are of these weights.

The best weights of a run are those of the epoch with the lowest validation figure. A run of an experiment of the
VAE → GAN page shows how a training ends, which may be a collapse: of it the last weights are shown and measured.
"""

from __future__ import annotations

import math
from typing import Any

from core.recipes.recipe import Recipe
from core.runs.run import Run
from core.system.regular_files import is_regular

EXPERIMENT = "try-"
"""Beginning of the names of experiments' recipes."""


def is_experiment_recipe(recipe: Recipe) -> bool:
    """Whether a recipe belongs to an experiment. Such runs show failures as often as successes, so they are no page's
    default choice."""
    return recipe.family.adversarial and recipe.name.startswith(EXPERIMENT)


def shown_weights(run: Run) -> str:
    """Which weights of a run are shown and measured, `best` or `last`: the last of an experiment's run, the best of any
    other."""
    trial = not run.error and is_experiment_recipe(run.recipe)
    return "last" if trial and is_regular(run.path / "last.safetensors") else "best"


def shown_evaluation(run: Run) -> dict[str, Any] | None:
    """The run's figures on the test set; None where there are none, or none of the weights that are shown: older labs
    measured the best weights of every run."""
    found = run.evaluation()
    if found is None or shown_weights(run) == "best":
        return found
    epoch = found.get("epoch")
    at_end = isinstance(epoch, int | float) and math.isclose(epoch, run.status["epoch"], abs_tol=1e-6)
    return found if at_end else None

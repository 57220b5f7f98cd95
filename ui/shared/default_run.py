"""The run that a page opens at first: this visitor's newest, else the best example. Every page asks here.

found = preferred(run for run in runs.list_runs() if …)   # the first one is the page's default
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from core import runs
from core.gan.experiments import is_experiment_recipe
from core.runs import Run, gan_source
from ui.shared.owner import is_mine

BEST_EXAMPLES = ("example-conv-vae", "example-mlp-vae")
"""Examples that suit most pages, the best first."""


def preferred(found: Iterable[Run]) -> list[Run]:
    """Runs, the best one to begin with first: this visitor's, then the examples, then everybody else's.

    The trials of the GAN page's experiments come last. Among equals, the order of `found` remains: newest first as
    `runs.list_runs` has them.
    """
    return sorted(found, key=_rank)


def default_run(fits: Callable[[Run], bool] = bool) -> Run | None:
    """The run with weights that a page opens where nothing else is asked for; None where none fits."""
    usable = (run for run in runs.list_runs() if not run.error and run.has_weights and fits(run))
    return next(iter(preferred(usable)), None)


def best_example(fits: Callable[[Run], bool] = bool) -> Run | None:
    """The best example with weights that fits; None where there is none."""
    usable = (run for run in runs.list_runs() if run.example and not run.error and run.has_weights and fits(run))
    return next(iter(preferred(usable)), None)


def preferred_sources(dataset: str | None = None, folder: str = "") -> list[Run]:
    """Runs whose decoder can become a GAN's generator (`gan_source.sources`): in the families' order, then the best one
    to begin with first."""
    found = preferred(gan_source.sources(dataset, folder))
    return sorted(found, key=lambda run: run.recipe.family.generator_source)


def _rank(run: Run) -> tuple[bool, int, int]:
    trial = not run.error and is_experiment_recipe(run.recipe)
    if is_mine(run):
        return trial, 0, 0
    if not run.example:
        return trial, 2, 0
    best = BEST_EXAMPLES.index(run.name) if run.name in BEST_EXAMPLES else len(BEST_EXAMPLES)
    return trial, 1, best

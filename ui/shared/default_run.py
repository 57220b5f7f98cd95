"""The run that a page opens at first: this visitor's newest, else the best example. Every page asks here.

What a visitor has chosen on one page is kept on the others until they have trained something newer (`newer_than_kept`).

found = preferred(run for run in runs.list_runs() if …)   # the first one is the page's default

A page that shows real images asks with `images=True`: an example whose images are not on this machine then comes after
those whose images are. A visitor's own run keeps its place: its page says how to get the images back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import streamlit as st

from core import data, runs
from core.recipes import examples
from core.runs import Run, gan_source
from core.runs.shown_weights import is_experiment_recipe
from ui.shared.owner import is_mine

BEST_EXAMPLES = (examples.FIRST, "example-conv-vae", "example-mlp-vae")
"""Examples that suit most pages, the best first."""


def preferred(found: Iterable[Run], images: bool = False, best: str = "") -> list[Run]:
    """Runs, the best one to begin with first: this visitor's, then the examples, then everybody else's.

    The trials of the GAN page's experiments come last. Among equals, the order of `found` remains: newest first as
    `runs.list_runs` has them.

    Args:
        images: whether the page needs the run's images: examples whose images are not on this machine come after the
            others.
        best: name of the example that suits the page best, in place of the first of `BEST_EXAMPLES`.
    """
    ready = {name for name, status in data.status().items() if status.ready} if images else None

    def place(run: Run) -> tuple[bool, int, bool, int]:
        trial, group, example = _rank(run)
        absent = ready is not None and run.example and not run.error and run.recipe.dataset not in ready
        return trial, group, absent, -1 if run.name == best else example

    return sorted(found, key=place)


def default_run(fits: Callable[[Run], bool] = bool) -> Run | None:
    """The run with weights that a page opens where nothing else is asked for; None where none fits."""
    usable = (run for run in runs.list_runs() if not run.error and run.has_weights and fits(run))
    return next(iter(preferred(usable)), None)


def newer_than_kept(usable: Iterable[Run], kept: str) -> Run | None:
    """The visitor's newest run of `usable` that a page has not offered since the choice under `kept` was made: it takes
    the place of that choice where a page is opened anew. None where there is none. Call it once when a page is opened.

    Args:
        usable: in the order of `preferred`. kept: session-state key of the choice.
    """
    mine = [run for run in usable if is_mine(run) and not is_experiment_recipe(run.recipe)]
    offered: set[float] | None = st.session_state.get(f"{kept}_offered")
    if offered is None:  # the first page of this visit: what was trained before is not new, whichever page it suits
        earlier = (run for run in runs.list_runs() if not run.error and is_mine(run) and run.has_weights)
        offered = set(map(_created, earlier))
    st.session_state[f"{kept}_offered"] = offered | set(map(_created, mine))
    return next((run for run in mine if _created(run) not in offered), None)


def best_example(fits: Callable[[Run], bool] = bool) -> Run | None:
    """The best example with weights that fits; None where there is none."""
    usable = (run for run in runs.list_runs() if run.example and not run.error and run.has_weights and fits(run))
    return next(iter(preferred(usable)), None)


def preferred_sources(dataset: str | None = None, folder: str = "") -> list[Run]:
    """Runs whose decoder can become a GAN's generator (`gan_source.sources`): in the families' order, then the best one
    to begin with first. The example of MNIST comes last: on the digits a GAN takes seconds where it takes minutes."""
    found = preferred(gan_source.sources(dataset, folder), images=True)
    return sorted(found, key=lambda run: (run.recipe.family.generator_source, run.name == examples.FIRST))


def _created(run: Run) -> float:
    """When a run was made: what stays of it when it gets another name."""
    return float(run.status.get("created", 0.0))


def _rank(run: Run) -> tuple[bool, int, int]:
    trial = not run.error and is_experiment_recipe(run.recipe)
    if is_mine(run):
        return trial, 0, 0
    if not run.example:
        return trial, 2, 0
    best = BEST_EXAMPLES.index(run.name) if run.name in BEST_EXAMPLES else len(BEST_EXAMPLES)
    return trial, 1, best

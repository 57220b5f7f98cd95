"""Colours of runs that are compared, the same on every page: by their family, whatever their places in the box."""

from __future__ import annotations

from collections.abc import Iterable

from core.recipes.family import FAMILIES
from core.runs import Run
from ui.shared import theme


def colours_of(runs: Iterable[Run]) -> dict[str, str]:
    """The colour of each run, by the path of its folder: its family's one, or the next that is free where several runs
    are of one family, in the order of their names."""
    palette, families = theme.RUN_COLOURS[theme.mode()], list(FAMILIES)
    found: dict[str, str] = {}
    ordered = sorted(runs, key=lambda run: run.name)
    firsts = {run.recipe.family.key: run for run in reversed(ordered)}
    firsts = dict(sorted(firsts.items(), key=lambda pair: families.index(pair[0])))
    # The first of each family comes before all others, so that a second autoencoder takes no other family's colour.
    for run in [*firsts.values(), *(run for run in ordered if firsts[run.recipe.family.key] is not run)]:
        start = families.index(run.recipe.family.key)
        turns = [palette[(start + k) % len(palette)] for k in range(len(palette))]
        found[str(run.path)] = next((colour for colour in turns if colour not in found.values()), turns[0])
    return found


def by_name(runs: Iterable[Run]) -> dict[str, str]:
    """The colour of each run by its name."""
    runs = list(runs)
    colours = colours_of(runs)
    return {run.name: colours[str(run.path)] for run in runs}

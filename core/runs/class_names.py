"""Names of the classes that the model of a run is told. Needs no torch."""

from __future__ import annotations

from core.data import DataError
from core.data.registry import SOURCES
from core.runs.images import images_of
from core.runs.run import Run


def class_names(run: Run) -> tuple[str, ...]:
    """Names of the classes of a conditional family in the order of their weights; none for other families. Numbers
    where the images of a folder, which have the names, are missing."""
    recipe = run.recipe
    if not recipe.family.conditional:
        return ()
    known = SOURCES[recipe.dataset].classes
    if not known:
        try:
            known = images_of(run).classes
        except DataError:
            known = ()
    return tuple(known) if len(known) == recipe.classes else tuple(map(str, range(recipe.classes)))

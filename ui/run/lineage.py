"""Where a run comes from, and what came of it: the decoder it started with, the changes and resumes, its successors."""

from __future__ import annotations

from dataclasses import dataclass

from core import runs
from core.recipes.family import SYMBOLS
from core.runs import Run
from ui.charts import losses
from ui.shared.formatting import after, escape_markdown, pluralize
from ui.shared.recipe_labels import label as recipe_label

CHANGED = SYMBOLS | {"lr": "learning rate"}


@dataclass(frozen=True)
class Relative:
    """Another run that this one came from, or that came of it.

    Attributes:
        name: of the run. relation: in words. run: None where it does not exist any more.
    """

    name: str
    relation: str
    run: Run | None


def relatives(run: Run) -> list[Relative]:
    """The run whose decoder this one began with, then the runs that began with this one's decoder."""
    every = {other.name: other for other in runs.list_runs() if not other.error}
    found = []
    if source := run.recipe.value("source"):
        how = "began as the decoder of" if run.recipe.generator == "decoder" else "has the layers of the decoder of"
        found.append(Relative(source, f"G {how}", every.get(source)))
    for other in every.values():
        if other.recipe.family.adversarial and other.recipe.value("source") == run.name:
            found.append(Relative(other.name, "Its decoder became the generator of", other))
    return found


def history_lines(run: Run) -> list[str]:
    """Sentences, in Markdown, on what happened to a run since it was created: epochs added, settings changed."""
    lines = []
    if run.epochs != run.recipe.epochs:
        lines.append(f"Continued: {pluralize(run.recipe.epochs, 'epoch')} at first, {run.epochs:,} in all now.")
    for change in run.status["changes"]:
        if change["field"] in losses.SWITCHES:
            lines.append(f"{after(change['epoch']).capitalize()}: {losses.change_text(change)}.")
            continue
        what = CHANGED.get(change["field"]) or escape_markdown(recipe_label(str(change["field"])).lower())
        lines.append(f"{after(change['epoch']).capitalize()}: {what} {change['old']:g} → {change['new']:g}.")
    return lines

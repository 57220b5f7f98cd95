"""A run in words: its figures, and which of its weights are shown."""

from __future__ import annotations

from core.runs import Run, figures
from core.runs.shown_weights import shown_weights
from core.runs.status import ACTIVE
from ui.shared.formatting import epoch, format_sig


def amount(figure: figures.Figure) -> str:
    """A figure's value as tables show it: nats with one decimal, squared errors with two, Fréchet distances with one,
    others to three digits."""
    if figure.unit == figures.NATS or figure.name.startswith("Fréchet"):
        return f"{figure.value:,.1f}"
    return f"{figure.value:,.2f}" if figure.unit == figures.SQUARED_ERROR else format_sig(figure.value)


def best_of(run: Run) -> str:
    """The best figure of a run's validation with its name and its unit."""
    best = figures.best(run)
    if run.recipe.family.adversarial:
        return f"best Fréchet distance {format_sig(None if best is None else best.value)}"
    if best is None:
        return "not validated yet"
    return f"lowest {small(best.name)} on the validation images {format_sig(best.value)} {best.unit}"


def small(name: str) -> str:
    """The name of a figure in the middle of a phrase: without its capital, unless that is one of an abbreviation or of
    a person."""
    return name if name.startswith(("−", "Fréchet", "MSE")) else f"{name[0].lower()}{name[1:]}"


def result_of(run: Run) -> str:
    """`best_of`; of an experiment's run the figure at its end, then the best one with its epoch."""
    found, best = (figures.last(run) if shown_weights(run) == "last" else None), figures.best(run)
    if found is None or best is None:
        return best_of(run)
    return f"{found.name} {format_sig(found.value)} at the end, {format_sig(best.value)} at best, {best.about}"


def weights_of(run: Run) -> str:
    """Which weights of a run are shown, for captions: `the weights of epoch 37, the best of 80 epochs`, or `the best so
    far` while it is being trained."""
    best = run.status.get("best_epoch") if run.status.get("best_total") is not None else None
    ended = run.status.get("epoch") or 0
    if shown_weights(run) == "last":
        before = f" (epoch {epoch(best)} had the lowest Fréchet distance)" if best is not None and best != ended else ""
        return f"the last weights, of epoch {epoch(ended)}{before}"
    if best is None:
        return "the newest weights"
    active = run.status["state"] in ACTIVE
    if not active and max(ended, best) <= 1:
        return f"the weights of epoch {epoch(best)}"
    among = "so far" if active else f"of {epoch(max(ended, best))} epochs"
    return f"the weights of epoch {epoch(best)}, the best {among}"

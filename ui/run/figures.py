"""Figures of one run with their names and units, for its page: validation, test set, training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.evaluation import bound
from core.runs import Run
from core.runs import figures as run_figures
from ui.shared.formatting import duration, epoch, format_sig, with_error
from ui.shared.run_facts import small


@dataclass(frozen=True)
class Figure:
    """One figure of a run.

    Attributes:
        about: what it was measured on. name: of the figure. value: as text. unit: empty for a pure number.
    """

    about: str
    name: str
    value: str
    unit: str = ""

    def row(self) -> dict[str, str]:
        """As a row of a table."""
        return {"Figure": self.name, "Value": f"{self.value} {self.unit}".strip(), "Measured on": self.about}


GENERATOR = {
    "frechet": ("Fréchet distance", ""),
    "kid": ("KID", ""),
    "floor": ("Fréchet distance of real training images", ""),
    "sharpness": ("Sharpness, 1 for real images", ""),
    "modes": ("Classes covered", ""),
    "precision": ("Precision", ""),
    "recall": ("Recall", ""),
    "density": ("Density", ""),
    "coverage": ("Coverage", ""),
    "mse": ("MSE", "per pixel"),
}
"""Figures of a generator in `evaluation.json`: name and unit."""

COUNTS = ("modes", "active_units", "active_by_variance")
"""Figures that are whole numbers."""


def figures(run: Run) -> list[Figure]:
    """All figures of a run that are known, the training's last."""
    return [*_validation(run), *_test(run), *_bound(run), *_training(run)]


def _validation(run: Run) -> Iterator[Figure]:
    found = run_figures.best(run)
    if found is not None:
        about = f"Validation images, epoch {epoch(run.status.get('best_epoch'))}"
        yield Figure(about, f"Best {small(found.name)}", format_sig(found.value), found.unit)


def _test(run: Run) -> Iterator[Figure]:
    found: dict[str, Any] = run.evaluation() or {}
    images = found.get("images")
    about = f"{images:,} test images" if isinstance(images, int) else "Test images"
    if _number(found.get("epoch")):
        about += f", weights of epoch {epoch(found['epoch'])}"
    for figure in run_figures.of_test(run):
        value = f"{figure.value:g}" if figure.key in COUNTS else format_sig(figure.value)
        yield Figure(about, figure.name, value, figure.unit)
    if run.recipe.family.adversarial:
        before = found.get("before")
        for place, measured in ((about, found), (f"{about}, decoder before", before)):
            yield from _of_generator(place, measured) if isinstance(measured, dict) else ()


def _bound(run: Run) -> Iterator[Figure]:
    """The importance-weighted bound, once it was measured, beside the −ELBO of the same images."""
    found = bound.best_known(run) if run.recipe.variational else None
    if found is None:
        return
    about = f"{found.images:,} test images, ± standard error"
    for place, name in ((0, f"{run_figures.NEGATIVE_ELBO}, same images"), (-1, "Importance-weighted bound")):
        value = f"{found.values[place]:.1f}"  # a decimal more than elsewhere: the gap between the two is what counts
        if math.isfinite(found.errors[place]):
            value += f" ± {found.errors[place]:.1f}"
        samples = f"{found.k[place]:,} sample{'s' if found.k[place] > 1 else ''} of z each"
        yield Figure(f"{about}, {samples}", name, value, run_figures.NATS)


def _of_generator(about: str, measured: dict[str, Any]) -> Iterator[Figure]:
    for key, (name, its_unit) in GENERATOR.items():
        if _number(measured.get(key)):
            error = measured.get(f"{key}_error")
            value = f"{measured[key]:g}" if key in COUNTS else with_error(measured[key], error)
            yield Figure(about, name, value, its_unit)


def _training(run: Run) -> Iterator[Figure]:
    status = run.status
    about = f"Training on {status['device']}" if status.get("device") else "Training"
    yield Figure(about, "Epochs", f"{epoch(status['epoch'])} of {run.epochs:,}")
    yield Figure(about, "Time", duration(status["seconds"]))
    if _number(status.get("images_per_second")):
        yield Figure(about, "Speed", format_sig(status["images_per_second"]), "images per second")
    if _number(status.get("parameters")):
        yield Figure("Model", "Parameters", f"{int(status['parameters']):,}")


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)

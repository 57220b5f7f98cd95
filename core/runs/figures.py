"""Figures of a run, each with one name and one unit: the only place where they get them.

Pages, tables, the command line and reports show these records, so that a figure is called the same everywhere. Two
quantities that are easily taken for each other have different names:

- the **objective** is what training minimises: every loss term with its weight, such as reconstruction + β · KL. Its
  name holds the weight, because objectives under different weights are on different scales;
- the **negative ELBO** is reconstruction + KL at weight 1, whatever β was. It exists for Gaussian posteriors alone.

Nothing here imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.recipes.family import SYMBOLS
from core.recipes.recipe import Recipe
from core.runs.run import Run

NATS, SQUARED_ERROR = "nats per image", "squared error per image"

DISENTANGLEMENT = {
    "mig": (
        "MIG",
        "1 where each factor of the images is told by one latent dimension alone, 0 where two tell it equally well",
    ),
    "dci": (
        "DCI disentanglement",
        "1 where each latent dimension tells a single factor of the images, 0 where each tells all of them alike",
    ),
}
"""Figures of sets whose factors are known, by their key: name, and what they are."""

UNIDENTIFIED = (
    "Images alone cannot tell whether a code is disentangled: rotate z, let the decoder turn it back, and prior and "
    "p(x) stay the same (Locatello et al. 2019). What is reached depends on model, data and seed, and it takes known "
    "factors to see it."
)
"""Why disentanglement cannot be learned for certain without supervision, said where it is measured."""

NEGATIVE_ELBO = "−ELBO"


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        key: its name in `evaluation.json`. name, unit: as shown, the unit empty for a pure number.
        about: what it is, in a phrase that continues "name: value unit, …".
    """

    key: str
    name: str
    value: float
    unit: str = ""
    about: str = ""


def unit(recipe: Recipe) -> str:
    """Unit of the loss of these images: nats, or squared error, which is no likelihood."""
    return SQUARED_ERROR if recipe.likelihood == "mse" else NATS


def weights_at(run: Run, epoch: float | None = None) -> dict[str, float]:
    """Weights of the loss terms by recipe field, as they were in an epoch (by default: at the end).

    The recipe has the weights of the beginning; `status.json` records what was changed during the training.
    """
    weights = {name: float(run.recipe.value(name)) for name in run.recipe.family.weights}
    for change in run.status["changes"]:
        new = _number(change, "new")
        if change["field"] in weights and new is not None and (epoch is None or change["epoch"] < epoch):
            weights[change["field"]] = new
    return weights


def objective_name(recipe: Recipe, weights: Mapping[str, float] | None = None) -> str:
    """Name of what training minimises: `−ELBO`, `β-objective (β = 4)`, or that of the only term.

    Args:
        weights: of the loss terms by recipe field (default: the recipe's).
    """
    family = recipe.family
    if recipe.draws_per_image > 1:
        return f"Bound with {recipe.importance_samples} samples"
    named = {name: recipe.value(name) if weights is None else weights[name] for name in family.weights}
    if not named:
        return "Objective" if len(family.terms) > 1 else "Reconstruction loss"
    is_elbo = family.variational and {term.name for term in family.terms} == set(family.elbo)
    if is_elbo and all(value == 1 for value in named.values()):
        return NEGATIVE_ELBO
    values = ", ".join(f"{SYMBOLS.get(name, name)} = {value:g}" for name, value in named.items())
    symbol = f"{SYMBOLS[next(iter(named))]}-objective" if list(named) == ["beta"] else "Objective"
    return f"{symbol} ({values})"


def best(run: Run) -> Figure | None:
    """The figure by which the best weights were chosen, on the validation images; None before the first validation."""
    status = run.status
    value, epoch = status.get("best_total"), status.get("best_epoch")
    if value is None:
        return None
    where = "" if epoch is None else f"in epoch {epoch:g}"
    if run.recipe.family.adversarial:
        return Figure("best_total", "Fréchet distance", float(value), "", where)
    name = objective_name(run.recipe, weights_at(run, epoch))
    return Figure("best_total", name, float(value), unit(run.recipe), where)


def last(run: Run) -> Figure | None:
    """The Fréchet distance of a GAN when it was last measured in training; None for another run, or before that."""
    table = run.history() if run.recipe.family.adversarial else {}
    values = table.get("val_frechet", ())
    measured = [place for place, value in enumerate(values) if math.isfinite(value)]
    if not measured:
        return None
    where = f"in epoch {table['epoch'][measured[-1]]:g}"
    return Figure("val_frechet", "Fréchet distance", float(values[measured[-1]]), "", where)


def of_test(run: Run) -> list[Figure]:
    """Figures of a model on the test images, from `evaluation.json`; empty before they were computed, and for a GAN."""
    found = run.evaluation()
    if found is None or run.recipe.family.adversarial:
        return []
    return test_figures(run.recipe, found, weights_at(run, _number(found, "epoch")))


def test_figures(recipe: Recipe, found: Mapping[str, Any], weights: Mapping[str, float]) -> list[Figure]:
    """The figures in an evaluation on test images, in the order in which they are shown.

    Args:
        found: as in `evaluation.json`; older files lack some figures, which are then computed from the others.
        weights: of the loss terms when the evaluated weights were trained.
    """
    family, scale = recipe.family, unit(recipe)
    terms = {term: value for term in family.terms if (value := _number(found, term.name)) is not None}
    figures = []
    if len(terms) == len(family.terms):
        total = sum((weights[term.weight] if term.weight else 1.0) * value for term, value in terms.items())
        name = objective_name(recipe, weights)
        if recipe.draws_per_image > 1:
            total = _number(found, "total") or total  # the terms are those of one sample
        if name != NEGATIVE_ELBO:
            figures.append(Figure("total", name, total, scale, "what training minimises"))
    if family.variational and (elbo := _negative_elbo(found)) is not None:
        about = "reconstruction + KL, at weight 1"
        about += f": a bound on −{family.evidence}" if family.conditional else ""
        figures.append(Figure("negative_elbo", NEGATIVE_ELBO, elbo, scale, about))
    if (bound := _number(found, "log_likelihood")) is not None:
        samples = found.get("importance_samples", 0)
        about = f"tighter than the −ELBO: from {samples} importance samples per image"
        figures.append(Figure("log_likelihood", f"−{family.evidence}", -bound, scale, about))
    for term, value in terms.items():
        # A point's pull towards the origin is a squared length; only a KL divergence is in nats.
        of_length = not family.variational and term.name != "recon"
        its_unit = "of a batch" if term.bare else "per image" if of_length else scale
        figures.append(Figure(term.name, term.title, value, its_unit))
    if (floor := _number(found, "bce_floor")) is not None:
        figures.append(
            Figure("bce_floor", "Entropy floor", floor, scale, "of the grey pixels: no reconstruction gets below it")
        )
    if (mse := _number(found, "mse")) is not None:
        figures.append(Figure("mse", "MSE", mse, "per pixel", "reconstructed from the posterior mean"))
    if (bits := _number(found, "bits_per_dim")) is not None:
        figures.append(Figure("bits_per_dim", "Bits per dimension", bits, "bits"))
    if family.variational and (active := _number(found, "active_units")) is not None:
        figures.append(
            Figure(
                "active_units",
                "Active units",
                active,
                f"of {recipe.latent_dim} latent dimensions",
                "KL of 0.01 nats or more",
            )
        )
    if family.variational and (moving := _number(found, "active_by_variance")) is not None:
        figures.append(
            Figure(
                "active_by_variance",
                "Active units by the variance of μ",
                moving,
                f"of {recipe.latent_dim} latent dimensions",
                "variance of μ over the images above 0.01 (Burda et al. 2016)",
            )
        )
    for key, (name, about) in DISENTANGLEMENT.items():
        if (value := _number(found, key)) is not None:
            figures.append(Figure(key, name, value, "", about))
    return figures


def by_key(figures: list[Figure]) -> dict[str, Figure]:
    """Figures by their key."""
    return {figure.key: figure for figure in figures}


def _negative_elbo(found: Mapping[str, Any]) -> float | None:
    recon, kl = _number(found, "recon"), _number(found, "kl")
    return None if recon is None or kl is None else recon + kl


def _number(found: Mapping[str, Any], name: str) -> float | None:
    value = found.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

"""How a model of one loss is trained: the objective with its newest numbers, and the code that computes it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.recipes.recipe import Recipe
from ui.charts.losses import unit
from ui.shared import glossary
from ui.shared.formatting import after, format_sig
from ui.shared.source_code import loss_code, show_code


def how_it_works(recipe: Recipe, points: dict[str, np.ndarray]) -> None:
    """The fold; its content is made only while it is open, since the code is in modules that import torch."""
    fold = st.expander(
        "How it works: the objective with its newest numbers, and the code that runs",
        key="train_depth",
        on_change="rerun",
    )
    if not fold.open:
        return
    with fold:
        _objective(recipe, points)
        show_code(loss_code(recipe.family), "**The loss of one batch**, as it runs")
        show_code([recipe.family.trainer_class().step], "**One step of the training loop**")


def _objective(recipe: Recipe, points: dict[str, np.ndarray]) -> None:
    family, row = recipe.family, newest_validation(points)
    glossary.markdown(family.explanation or family.sentence, "ELBO", "posterior", "prior")
    if family.objective:
        st.latex(family.objective)
    if sigma := recipe.implied_sigma:
        st.markdown(
            f"With this likelihood, β = {recipe.beta:g} is the same as β = 1 with a Gaussian of "
            f"σ = {format_sig(sigma)}, that is {format_sig(255 * sigma)} grey levels of 255: smaller errors hardly "
            "count."
        )
    if row is None:
        st.caption("The numbers appear when the first epoch has been validated.")
    else:
        st.markdown(numbers(recipe, row))


def numbers(recipe: Recipe, row: dict[str, float]) -> str:
    """The objective with the numbers of one validation, as a sentence.

    Args:
        row: a row of the history that has a validation, column → value.
    """
    start = f"{after(row['epoch']).capitalize()}, on the held-out images: "
    total = f"**{row['val_total']:.2f}** {unit(recipe.likelihood)} per image."
    terms = recipe.family.terms
    values = [row.get(f"val_{term.name}", float("nan")) for term in terms]
    if len(terms) < 2 or not np.isfinite(values).all():
        return start + total + (_bits(recipe, values) if values and np.isfinite(values).all() else "")
    # Two decimals instead of three significant digits, so that the numbers visibly add up.
    parts = []
    for term, value in zip(terms, values, strict=True):
        weight = row.get(term.weight, getattr(recipe, term.weight)) if term.weight else None
        parts.append(f"{value:.2f}" if weight is None else f"{weight:.3g} × {value:.2f}")
    return f"{start}{' + '.join(parts)} = {total}{_bits(recipe, values)}"


def _bits(recipe: Recipe, values: list[float]) -> str:
    """The bound on −log p(x), or without a posterior −log p(x | z), in bits per dimension; empty for densities.

    Args:
        values: of the loss terms, unweighted, in nats per image; the first is the reconstruction.
    """
    variational = recipe.family.variational
    bits = recipe.bits_per_dim(sum(values) if variational else values[0])
    if bits is None:
        return ""
    what = "Reconstruction and KL together" if variational else "The reconstruction term"
    return f" {what}: **{bits:.3f}** bits per dimension."


def newest_validation(points: dict[str, np.ndarray]) -> dict[str, float] | None:
    """The newest row of a history that has a validation; None before there is one."""
    rows = np.flatnonzero(np.isfinite(np.asarray(points.get("val_total", ()), float)))
    return {column: float(values[rows[-1]]) for column, values in points.items()} if len(rows) else None

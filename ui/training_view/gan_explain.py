"""How a GAN is trained: the losses of both players with their newest numbers, and the code that computes them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.recipes.recipe import Recipe
from ui.shared.formatting import after, format_sig
from ui.shared.source_code import show_code
from ui.training_view import gan_losses as losses


def how_it_works(recipe: Recipe, points: dict[str, np.ndarray]) -> None:
    """The fold; its content is made only while it is open, since the code is in modules that import torch."""
    fold = st.expander(
        "How it works: the losses of D and G with their newest numbers, and the code that runs",
        key="train_depth",
        on_change="rerun",
    )
    if not fold.open:
        return
    with fold:
        st.markdown(losses.LOSSES[recipe.adversarial].words)
        for formula in losses.formulas(recipe.adversarial):
            st.latex(formula)
        for sentence in losses.penalties(recipe):
            st.markdown(sentence)
        if sentence := numbers(recipe, points):
            st.markdown(sentence)
        else:
            st.caption("The numbers appear with the first steps.")
        st.markdown(
            "The images that G generates for D's step carry no gradient, and during G's step the weights of D are "
            "fixed: neither step changes the other player."
        )
        show_code(losses.loss_code(), "**The two losses**, as they run")
        show_code(losses.step_code(), "**One step of the discriminator and one of the generator**")


def numbers(recipe: Recipe, points: dict[str, np.ndarray]) -> str:
    """Both losses with their newest numbers, as a sentence; empty before there are any."""
    rows = np.flatnonzero(np.isfinite(np.asarray(points.get("d_loss", ()), float)))
    if not len(rows):
        return ""
    row = {name: float(values[rows[-1]]) for name, values in points.items()}
    penalty = f" and a penalty of {format_sig(row['penalty'])}" if recipe.r1 or recipe.adversarial == "wgan-gp" else ""
    start = (
        f"{after(row['epoch']).capitalize()}: D's loss **{format_sig(row['d_loss'])}**{penalty}, G's loss "
        f"**{format_sig(row['g_loss'])}**."
    )
    if recipe.adversarial == "non-saturating":
        start += " If D could only guess, that is σ(D) = ½, they would be 2 ln 2 = 1.39 and ln 2 = 0.693."
    return start

"""The depth of a GAN's training: what both players want, with their newest numbers, and the code that computes it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.recipes.recipe import Recipe
from ui.shared.formatting import epoch, format_sig
from ui.training_view import gan_losses as losses


def how_it_works(recipe: Recipe, points: dict[str, np.ndarray]) -> None:
    """A fold; its content is made only while it is open, since the code comes from modules that need torch."""
    fold = st.expander(
        "How it works: what D and G want, with live numbers, and the code that runs",
        key="train_depth",
        on_change="rerun",
    )
    if not fold.open:
        return
    with fold:
        st.markdown(losses.LOSSES[recipe.adversarial].words)
        for formula in losses.formulas(recipe.adversarial):
            st.latex(formula)
        for words in losses.penalties(recipe):
            st.markdown(words)
        if said := numbers(recipe, points):
            st.markdown(said)
        else:
            st.caption("The numbers appear with the first steps.")
        st.markdown(
            "The images G makes for D's step carry no gradient, and while G learns D's weights stand still: "
            "neither step touches the other player."
        )
        st.markdown("**The two losses**, exactly as they run:")
        st.code(losses.loss_code(), language="python")
        st.markdown("**One step of the discriminator and one of the generator**:")
        st.code(losses.step_code(), language="python")


def numbers(recipe: Recipe, points: dict[str, np.ndarray]) -> str:
    """Both losses with their newest numbers, as a sentence; nothing before there are any."""
    there = np.flatnonzero(np.isfinite(np.asarray(points.get("d_loss", ()), float)))
    if not len(there):
        return ""
    row = {name: float(values[there[-1]]) for name, values in points.items()}
    penalty = f" and a penalty of {format_sig(row['penalty'])}" if recipe.r1 or recipe.adversarial == "wgan-gp" else ""
    start = (
        f"In epoch {epoch(row['epoch'])}: D's loss **{format_sig(row['d_loss'])}**{penalty}, G's loss "
        f"**{format_sig(row['g_loss'])}**."
    )
    if recipe.adversarial == "non-saturating":
        start += " If D could only guess, σ(D) = ½, they would be 2 ln 2 = 1.39 and ln 2 = 0.693."
    return start

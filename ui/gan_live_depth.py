"""The depth of a GAN's training: what both players want, with their newest numbers, and the code that computes it."""

from __future__ import annotations

import inspect
from functools import cache
from textwrap import dedent

import numpy as np
import streamlit as st

from core.recipe import Recipe
from ui.words import epoch, three

FORMULAS = {
    "non-saturating": (r"-\log \sigma(D(x)) - \log\left(1 - \sigma(D(G(z)))\right)", r"-\log \sigma(D(G(z)))"),
    "hinge": (r"\max(0, 1 - D(x)) + \max(0, 1 + D(G(z)))", r"-D(G(z))"),
    "least-squares": (r"\tfrac{1}{2}(D(x) - 1)^2 + \tfrac{1}{2}D(G(z))^2", r"\tfrac{1}{2}(D(G(z)) - 1)^2"),
    "wgan-gp": (r"D(G(z)) - D(x)", r"-D(G(z))"),
}
"""Of each adversarial loss: D's and G's, for one real image x and one draw z."""

ABOUT = {
    "non-saturating": "D says with σ(D) how sure it is that an image is real, and pays the cross-entropy. G pays "
                      "−log σ(D(G(z))): where D is sure, that is still steep.",
    "hinge": "D wants its verdict on real images above 1 and on generated ones below −1; what is beyond costs nothing. "
             "G wants D's verdict as high as it can be.",
    "least-squares": "D aims at 1 for real images and at 0 for generated ones, G at 1 for its own: also an image that "
                     "fools D is pulled on towards the real ones.",
    "wgan-gp": "D is a critic: the difference of its mean verdicts estimates how far the two heaps of images are "
               "apart, as long as its slope stays near 1, which the penalty sees to.",
}


def how_it_works(recipe: Recipe, points: dict[str, np.ndarray]) -> None:
    """A fold; its content is made only while it is open, since the code comes from modules that need torch."""
    fold = st.expander("How it works: what D and G want, with live numbers, and the code that runs", key="train_depth",
                       on_change="rerun")
    if not fold.open:
        return
    with fold:
        st.markdown(ABOUT[recipe.adversarial])
        # Two lines: one would not fit on a phone.
        d, g = FORMULAS[recipe.adversarial]
        st.latex(rf"\mathcal{{L}}_D = \mathbb{{E}}\left[{d}\right]")
        st.latex(rf"\mathcal{{L}}_G = \mathbb{{E}}\left[{g}\right]")
        for words in penalties(recipe):
            st.markdown(words)
        if said := numbers(recipe, points):
            st.markdown(said)
        else:
            st.caption("The numbers appear with the first steps.")
        st.markdown("The images G makes for D's step carry no gradient, and while G learns D's weights stand still: "
                    "neither step touches the other player.")
        st.markdown("**The two losses**, exactly as they run:")
        st.code(loss_code(), language="python")
        st.markdown("**One step of the discriminator and one of the generator**:")
        st.code(step_code(), language="python")


def penalties(recipe: Recipe) -> list[str]:
    """What else this recipe asks of D, a sentence each."""
    found = []
    if recipe.adversarial == "wgan-gp":
        found.append(f"To D's loss comes λ · E(‖∇D‖ − 1)² with λ = {recipe.gradient_penalty:g}, taken between real and "
                     "generated images.")
    if recipe.r1:
        found.append(f"To D's loss comes the R1 penalty ½γ · E‖∇D(x)‖² with γ = {recipe.r1:g}: D is to be flat where "
                     "the real images are.")
    if recipe.label_smoothing:
        found.append(f"Real images count as {1 - recipe.label_smoothing:g} instead of 1, so that D is never sure.")
    if recipe.d_norm == "spectral":
        found.append("Each layer of D is divided by its largest singular value (spectral normalisation).")
    if recipe.d_steps > 1:
        found.append(f"D takes {recipe.d_steps} steps for each of G's.")
    if recipe.ema:
        found.append(f"What you see is a running average of G's weights (decay {recipe.ema:g}).")
    if recipe.freeze != "nothing":
        found.append(f"The {recipe.freeze} is frozen: it does not learn.")
    return found


def numbers(recipe: Recipe, points: dict[str, np.ndarray]) -> str:
    """Both losses with their newest numbers, as a sentence; nothing before there are any."""
    there = np.flatnonzero(np.isfinite(np.asarray(points.get("d_loss", ()), float)))
    if not len(there):
        return ""
    row = {name: float(values[there[-1]]) for name, values in points.items()}
    penalty = f" and a penalty of {three(row['penalty'])}" if recipe.r1 or recipe.adversarial == "wgan-gp" else ""
    start = (f"In epoch {epoch(row['epoch'])}: L(D) = **{three(row['d_loss'])}**{penalty}, L(G) = "
             f"**{three(row['g_loss'])}**.")
    if recipe.adversarial == "non-saturating":
        start += " If D could only guess, σ(D) = ½, they would be 2 ln 2 = 1.39 and ln 2 = 0.693."
    return start


@cache
def loss_code() -> str:
    """The source of both losses."""
    from core import adversarial

    return "\n\n".join(inspect.getsource(part) for part in (adversarial.d_loss, adversarial.g_loss))


@cache
def step_code() -> str:
    """The source of both steps."""
    from core.gan_trainer import GanTrainer

    return "\n".join(dedent(inspect.getsource(part)) for part in (GanTrainer.d_step, GanTrainer.g_step))

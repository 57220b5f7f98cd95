"""The depth of the VAE → GAN page: the loss that was played for, with this run's numbers, and the code that runs."""

from __future__ import annotations

import inspect

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.runs import Run
from ui.gan_live_depth import loss_code, step_code
from ui.gan_slow import steps
from ui.loaded import Loaded
from ui.words import three

FORMULAS = {
    "non-saturating": (
        r"L_D = \underbrace{-\,\mathbb{E}_x \log \sigma(D(x))}_{%s} \; \underbrace{-\,\mathbb{E}_z \log\left(1 - "
        r"\sigma(D(G(z)))\right)}_{%s} = %s", r"L_G = -\,\mathbb{E}_z \log \sigma(D(G(z))) = %s",
        "A cross-entropy: D(x) is a logit, σ of it a probability. G does not minimise log(1 − σ(D(G(z)))), whose "
        "gradient vanishes where D is sure, but maximises log σ(D(G(z))) (Goodfellow et al. 2014)."),
    "hinge": (
        r"L_D = \underbrace{\mathbb{E}_x \max(0,\, 1 - D(x))}_{%s} + \underbrace{\mathbb{E}_z \max(0,\, 1 + D(G(z)))}"
        r"_{%s} = %s", r"L_G = -\,\mathbb{E}_z\, D(G(z)) = %s",
        "D is content once real images lie above 1 and generated ones below −1 (Lim & Ye 2017)."),
    "least-squares": (
        r"L_D = \underbrace{\tfrac12\, \mathbb{E}_x (D(x) - 1)^2}_{%s} + \underbrace{\tfrac12\, \mathbb{E}_z "
        r"D(G(z))^2}_{%s} = %s", r"L_G = \tfrac12\, \mathbb{E}_z (D(G(z)) - 1)^2 = %s",
        "D is drawn to 1 on real and to 0 on generated images, G to 1; a verdict far beyond is wrong too (Mao et al. "
        "2017)."),
    "wgan-gp": (
        r"L_D = \underbrace{-\,\mathbb{E}_x\, D(x)}_{%s} + \underbrace{\mathbb{E}_z\, D(G(z))}_{%s} = %s",
        r"L_G = -\,\mathbb{E}_z\, D(G(z)) = %s",
        "D is a critic: its mean difference estimates how far generated images lie from real ones, as long as its "
        "slope stays near 1, which the penalty sees to (Gulrajani et al. 2017)."),
}
"""D's loss in two terms and a sum, G's loss, and what they mean; the numbers go where the `%s` are."""


def depth(run: Run, held: Loaded, images: ImageSet | None, seed: int) -> None:
    """A fold; its content is made only while it is open."""
    fold = st.expander("How it works: the two losses with live numbers, and the code that runs", key="gan_depth",
                       on_change="rerun")
    if not fold.open:
        return
    recipe = run.recipe
    with fold:
        st.markdown("A VAE's decoder is told, pixel by pixel, how its picture should have been. A generator is told "
                    "only what D makes of its picture. The two play against each other: what lowers one loss raises "
                    "the other.")
        d_formula, g_formula, words = FORMULAS[recipe.adversarial]
        if images is not None:
            d, g = steps(run, held, images, seed)
            terms = _terms(recipe.adversarial, d.real_before, d.fake_before, recipe.label_smoothing)
            st.latex(d_formula % (*map(three, terms), three(d.loss - d.penalty)))
            st.latex(g_formula % three(g.loss))
            st.caption(f"On {len(d.z)} real and {len(d.z)} generated images, with this run's weights and the seed "
                       f"{seed}.")
        st.markdown(words)
        extra = []
        if recipe.label_smoothing:
            extra.append(f"Real images count as {1 - recipe.label_smoothing:g} instead of 1 (label smoothing).")
        if recipe.r1:
            extra.append(f"R1 penalty: ½ γ E‖∇D(x)‖² with γ = {recipe.r1:g}.")
        if recipe.adversarial == "wgan-gp":
            extra.append(f"Gradient penalty: λ E(‖∇D‖ − 1)² with λ = {recipe.gradient_penalty:g}.")
        if images is not None and d.penalty:
            extra.append(f"Here that adds {three(d.penalty)} to D's loss.")
        if extra:
            st.markdown(" ".join(extra))
        st.caption("The step of D and the step of G in training (core/gan_trainer.py):")
        st.code(step_code(), language="python")
        st.caption("The losses (core/adversarial.py):")
        st.code(loss_code(), language="python")
        st.caption("The walk through the same z, and the nearest real image (core/gan_compare.py):")
        st.code(_comparison(), language="python")


def _terms(kind: str, real: np.ndarray, fake: np.ndarray, smoothing: float) -> tuple[float, float]:
    """D's loss on the real images and on the generated ones, apart."""
    import torch

    from core import adversarial

    x, y = torch.from_numpy(real), torch.from_numpy(fake)
    both = adversarial.d_loss(kind, x, y, smoothing).item()
    on_fake = {"non-saturating": lambda: torch.nn.functional.softplus(y).mean(),
               "hinge": lambda: torch.relu(1.0 + y).mean(), "least-squares": lambda: 0.5 * y.square().mean(),
               "wgan-gp": y.mean}[kind]().item()
    return both - on_fake, on_fake


def _comparison() -> str:
    from core import gan_compare

    return "\n".join(inspect.getsource(f) for f in (gan_compare.through, gan_compare.tour, gan_compare.nearest))

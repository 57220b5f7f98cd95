"""The depth of the Train page: the objective with its newest numbers, and the code that computes it."""

from __future__ import annotations

import inspect
from functools import cache

import numpy as np
import streamlit as st

from core.recipes.recipe import Recipe
from ui.charts.losses import unit
from ui.shared.formatting import epoch, format_sig


def how_it_works(recipe: Recipe, points: dict[str, np.ndarray]) -> None:
    """A fold; its content is made only while it is open, since the code comes from modules that need torch."""
    fold = st.expander(
        "How it works: the objective with live numbers, and the code that runs", key="train_depth", on_change="rerun"
    )
    if not fold.open:
        return
    with fold:
        _objective(recipe, points)
        st.markdown("**The loss of one batch**, exactly as it runs:")
        st.code(loss_code(recipe.model), language="python")
        st.markdown("**One step of the training loop**:")
        st.code(step_code(), language="python")


def _objective(recipe: Recipe, points: dict[str, np.ndarray]) -> None:
    row = newest_validation(points)
    if recipe.model == "ae":
        st.markdown("An autoencoder has one term: how far the reconstruction x̂ is from the image x.")
        st.latex(r"\mathcal{L} = -\log p(x \mid z), \qquad z = \mathrm{encoder}(x)")
    elif recipe.model == "ad":
        st.markdown(
            "An auto-decoder has no encoder. Each training image xᵢ owns a latent vector zᵢ, a row of a table, "
            "and the gradient reaches both the row and the decoder. The second term pulls the rows together: "
            "it is −log N(z; 0, I) up to a constant."
        )
        st.latex(
            r"\mathcal{L} = \sum_i \; \underbrace{-\log p(x_i \mid z_i)}_{\text{reconstruction}} + \beta\,"
            r"\tfrac{1}{2}\lVert z_i \rVert^2"
        )
    else:
        if recipe.decoder_only:
            st.markdown(
                "No encoder: each training image owns its μ and log σ², a row of a table. The objective is the "
                "VAE's, the negative **ELBO**: how badly the image is reconstructed, plus how far its "
                "posterior q is from the prior N(0, I), weighted by β."
            )
        else:
            st.markdown(
                "A VAE is trained on the negative **ELBO** (evidence lower bound): how badly the image is "
                "reconstructed, plus how far the posterior q(z | x) is from the prior N(0, I), weighted by β."
            )
        # Two lines: one would not fit on a phone.
        st.latex(
            r"\begin{aligned}\mathcal{L} ={}& \underbrace{-\,\mathbb{E}_{q(z \mid x)} \log p(x \mid z)}"
            r"_{\text{reconstruction}} \\ &+ \beta\,\underbrace{\mathrm{KL}\left(q(z \mid x)\,\|\,"
            r"\mathcal{N}(0, I)\right)}_{\text{KL}}\end{aligned}"
        )
    if sigma := recipe.implied_sigma:
        st.markdown(
            f"With this likelihood, β = {recipe.beta:g} is the same as β = 1 with a Gaussian of "
            f"σ = {format_sig(sigma)}, that is {format_sig(255 * sigma)} grey levels of 255: errors below that hardly "
            "count."
        )
    if row is None:
        st.caption("The numbers appear when the first epoch has been validated.")
    else:
        st.markdown(numbers(recipe, row))


def numbers(recipe: Recipe, row: dict[str, float]) -> str:
    """The objective with the numbers of one validation, as a sentence."""
    start = f"After epoch {epoch(row['epoch'])}, on the held-out images: "
    # Two decimals instead of three digits: here the numbers must visibly add up.
    if recipe.model == "ae":
        return start + f"**{row['val_total']:.2f}** {unit(recipe.likelihood)} per image."
    return start + (
        f"{row['val_recon']:.2f} + {row['beta']:.3g} × {row['val_kl']:.2f} = **{row['val_total']:.2f}** "
        f"{unit(recipe.likelihood)} per image."
    )


def newest_validation(points: dict[str, np.ndarray]) -> dict[str, float] | None:
    """The last row of a history that ends an epoch, or None before there is one."""
    there = np.flatnonzero(np.isfinite(np.asarray(points.get("val_total", ()), float)))
    return {column: float(values[there[-1]]) for column, values in points.items()} if len(there) else None


@cache
def loss_code(family: str) -> str:
    """The source of that family's loss, and of what it is made of."""
    from core import models

    parts = [getattr(models.FAMILIES[family], verb) for verb in ("loss", "losses_at", "prior_term")]
    return "\n\n".join(inspect.cleandoc("\n" + inspect.getsource(part)) for part in parts)


@cache
def step_code() -> str:
    """The source of the training loop's step."""
    from core.training.autoencoder_trainer import AutoencoderTrainer

    return inspect.cleandoc("\n" + inspect.getsource(AutoencoderTrainer.step))

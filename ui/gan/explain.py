"""How a GAN works: the adversarial loss with this run's numbers, and the code that runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.recipes.recipe import Recipe
from core.runs import Run
from ui.gan.slow_motion import steps
from ui.shared.formatting import format_sig
from ui.shared.model_cache import LoadedModel
from ui.shared.source_code import show_code
from ui.training_view import gan_losses as losses


def how_it_works(run: Run, loaded: LoadedModel, images: ImageSet | None, seed: int) -> None:
    """The fold; its content is made only while it is open."""
    fold = st.expander(
        "How it works: the two losses with this run's numbers, and the code that runs",
        key="gan_depth",
        on_change="rerun",
    )
    if not fold.open:
        return
    recipe = run.recipe
    with fold:
        st.markdown(
            "A decoder that learns to reconstruct gets an error for every pixel. A generator only gets D's judgement "
            "of the whole image. The two play against each other: D learns to tell real images from generated ones, G "
            "to make images that D takes for real."
        )
        extra = losses.penalties(recipe)
        if images is not None:
            d, g = steps(run, loaded, images, seed)
            real, fake = _terms(recipe, d.real_before, d.fake_before)
            terms = format_sig(real), format_sig(fake), format_sig(d.loss - d.penalty)
            for formula in losses.formulas(recipe.adversarial, terms, format_sig(g.loss)):
                st.latex(formula)
            st.caption(
                f"On {len(d.z)} real and {len(d.z)} generated images, with this run's weights and the seed {seed}."
            )
            if d.penalty:
                extra.append(f"Here the penalty adds {format_sig(d.penalty)} to D's loss.")
        st.markdown(losses.LOSSES[recipe.adversarial].words)
        if extra:
            st.markdown(" ".join(extra))
        show_code(losses.step_code(), "The step of D and the step of G in training")
        show_code(losses.loss_code(), "The losses")
        show_code(_comparison(), "The walk through the same z, and the nearest real image")


def _terms(recipe: Recipe, real: np.ndarray, fake: np.ndarray) -> tuple[float, float]:
    """D's loss on the real images, and on the generated ones."""
    import torch

    from core.models import adversarial_losses

    terms = adversarial_losses.d_terms(
        recipe.adversarial, torch.from_numpy(real), torch.from_numpy(fake), recipe.label_smoothing
    )
    return terms[0].item(), terms[1].item()


def _comparison() -> list[Any]:
    from core.gan import before_after

    return [before_after.decode_both, before_after.tour, before_after.nearest_images]

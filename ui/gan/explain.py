"""The depth of the VAE → GAN page: the loss that was played for, with this run's numbers, and the code that runs."""

from __future__ import annotations

import inspect

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.recipes.recipe import Recipe
from core.runs import Run
from ui.gan.slow_motion import steps
from ui.shared.formatting import format_sig
from ui.shared.model_cache import LoadedModel
from ui.training_view import gan_losses as losses


def depth(run: Run, held: LoadedModel, images: ImageSet | None, seed: int) -> None:
    """A fold; its content is made only while it is open."""
    fold = st.expander(
        "How it works: the two losses with live numbers, and the code that runs", key="gan_depth", on_change="rerun"
    )
    if not fold.open:
        return
    recipe = run.recipe
    with fold:
        st.markdown(
            "A VAE's decoder is told, pixel by pixel, how its picture should have been. A generator is told "
            "only what D makes of its picture. The two play against each other: what lowers one loss raises "
            "the other."
        )
        extra = losses.penalties(recipe)
        if images is not None:
            d, g = steps(run, held, images, seed)
            numbers = *_terms(recipe, d.real_before, d.fake_before), d.loss - d.penalty
            for formula in losses.formulas(recipe.adversarial, tuple(map(format_sig, numbers)), format_sig(g.loss)):
                st.latex(formula)
            st.caption(
                f"On {len(d.z)} real and {len(d.z)} generated images, with this run's weights and the seed {seed}."
            )
            if d.penalty:
                extra.append(f"Here the penalty adds {format_sig(d.penalty)} to D's loss.")
        st.markdown(losses.LOSSES[recipe.adversarial].words)
        if extra:
            st.markdown(" ".join(extra))
        st.caption("The step of D and the step of G in training (core/training/gan_trainer.py):")
        st.code(losses.step_code(), language="python")
        st.caption("The losses (core/models/adversarial_losses.py):")
        st.code(losses.loss_code(), language="python")
        st.caption("The walk through the same z, and the nearest real image (core/gan/before_after.py):")
        st.code(_comparison(), language="python")


def _terms(recipe: Recipe, real: np.ndarray, fake: np.ndarray) -> tuple[float, float]:
    """D's loss on the real images and on the generated ones, from its verdicts, apart."""
    import torch

    from core.models import adversarial_losses

    terms = adversarial_losses.d_terms(
        recipe.adversarial, torch.from_numpy(real), torch.from_numpy(fake), recipe.label_smoothing
    )
    return terms[0].item(), terms[1].item()


def _comparison() -> str:
    from core.gan import before_after

    return "\n".join(
        inspect.getsource(f) for f in (before_after.decode_both, before_after.tour, before_after.nearest_images)
    )

"""Posterior collapse: how it shows in the KL of the latent dimensions, and a recipe that avoids it. Needs no torch.

A posterior has collapsed where it is the prior for every image: z then tells nothing, and the decoder gives the same
picture for each (Bowman et al. 2016). The KL presses towards this from the first step on, when the decoder cannot use z
yet; so the cures weaken it at the beginning (warm-up, cycles), or below a number of nats (free bits).
"""

from __future__ import annotations

import math

import numpy as np

from core.latent.axes import DEAD_BELOW
from core.recipes.family import SYMBOLS
from core.recipes.recipe import Recipe

COLLAPSED_BELOW = math.log(2)
"""KL of all dimensions together, in nats, below which a posterior counts as collapsed: with less, z cannot even tell
two equally frequent kinds of images apart."""

PATIENCE, LEAST_STEPS = 0.1, 100
"""Share of the epochs, one epoch at least, and steps that a training may take until its latents are in use."""

FREE_BITS, WARMUP, LESS = 0.1, 0.4, 0.1
"""The cure: nats per dimension, share of the epochs, and factor of the weight of another pull to the prior (MMD)."""


def has_collapsed(recipe: Recipe, kl_per_dim: np.ndarray, epoch: float, steps: float = LEAST_STEPS) -> bool:
    """Whether the posterior tells hardly anything about the images.

    Args:
        kl_per_dim: means over validation images, [d], in nats. epoch: epochs that had ended by then; NaN for none.
        steps: training steps by then.
    """
    kl = np.asarray(kl_per_dim, float)
    if not recipe.variational or not len(kl) or not np.isfinite(kl).all():
        return False
    late = epoch >= max(1.0, PATIENCE * recipe.epochs) and steps >= LEAST_STEPS
    return late and float(kl.sum()) < COLLAPSED_BELOW


def diagnose(recipe: Recipe, kl_per_dim: np.ndarray, epoch: float, steps: float = LEAST_STEPS) -> str:
    """What has happened and what helps, in two sentences; empty where nothing has collapsed. Arguments as above."""
    if not has_collapsed(recipe, kl_per_dim, epoch, steps):
        return ""
    kl = np.asarray(kl_per_dim, float)
    used = int((kl >= DEAD_BELOW).sum())
    words = "no latent dimension is"
    if used:
        words = f"only {used} of {len(kl)} latent dimensions {'is' if used == 1 else 'are'}"
    return (
        f"The posterior has collapsed: {words} in use (KL {kl.sum():.2g} nats in all), so every image is reconstructed "
        f"as nearly the same picture. {_helps(recipe)}"
    )


def _helps(recipe: Recipe) -> str:
    changes = cure(recipe)
    if changes is None:
        return "A still weaker pull to the prior or a longer warm-up helps."
    words = [
        f"{SYMBOLS.get(name, name)} {value:g} instead of {recipe.value(name):g}"
        for name, value in changes.items()
        if name in recipe.family.weights
    ]
    if "beta_warmup" in changes:
        epochs = changes["beta_warmup"]
        words.append(f"a warm-up of β over {epochs:g} epoch{'s' if epochs > 1 else ''}")
    if "free_bits" in changes:
        words.append(f"{changes['free_bits']:g} free nats for each dimension")
    return f"This helps: {', '.join(words[:-1])}{' and ' if words[:-1] else ''}{words[-1]}."


def cure(recipe: Recipe) -> dict[str, float] | None:
    """Changes to a recipe after which the posterior keeps telling about the images; None where it has no such fields,
    or has them at these values already."""
    family = recipe.family
    changes: dict[str, float] = {}
    if family.uses("beta") and recipe.beta > 1:
        changes["beta"] = 1.0
    for name in set(family.weights) - {"beta"}:
        changes[name] = LESS * recipe.value(name)
    if family.uses("beta_warmup") and recipe.beta and not recipe.beta_warmup and not recipe.beta_cycles:
        changes["beta_warmup"] = float(max(1, math.ceil(WARMUP * recipe.epochs)))
    if family.uses("free_bits") and recipe.free_bits < FREE_BITS and recipe.draws_per_image == 1:
        changes["free_bits"] = FREE_BITS
    return changes or None

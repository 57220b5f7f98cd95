"""Models: one family per file, each readable from top to bottom in five minutes; `build` makes one from a recipe."""

from __future__ import annotations

import torch

from core.models.auto_decoder import AutoDecoder
from core.models.base import LatentModel, Losses, Posterior
from core.models.gan import GAN
from core.recipes.recipe import Recipe

__all__ = ["GAN", "AutoDecoder", "LatentModel", "Losses", "Posterior", "build"]


def build(recipe: Recipe) -> LatentModel:
    """An untrained model of the recipe's family on the CPU.

    The recipe's seed determines the weights; the global random state is left unchanged.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model: LatentModel = recipe.family.model_class().from_recipe(recipe)
    return model

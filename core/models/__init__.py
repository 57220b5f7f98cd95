"""One family per file, each readable from top to bottom in five minutes; `build` turns a recipe into one of them."""

from __future__ import annotations

import torch

from core.models import likelihood, networks
from core.models.autoencoder import Autoencoder
from core.models.base import LatentModel, Losses, Posterior
from core.models.vae import VAE
from core.recipe import Recipe

__all__ = ["FAMILIES", "LatentModel", "Losses", "Posterior", "build"]

FAMILIES: dict[str, type[LatentModel]] = {"ae": Autoencoder, "vae": VAE}


def build(recipe: Recipe) -> LatentModel:
    """An untrained model on the CPU. The recipe's seed fixes its weights and leaves the global random state alone."""
    family = FAMILIES[recipe.model]
    outputs = recipe.latent_dim * (2 if family is VAE else 1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        if recipe.network == "mlp":
            encoder = networks.mlp_encoder(recipe.hidden, outputs)
            decoder = networks.mlp_decoder(recipe.hidden, recipe.latent_dim)
        else:
            encoder = networks.conv_encoder(recipe.channels, recipe.hidden, outputs)
            decoder = networks.conv_decoder(recipe.channels, recipe.hidden, recipe.latent_dim)
    return family(encoder, decoder, likelihood.build(recipe.likelihood, recipe.sigma), recipe.latent_dim)

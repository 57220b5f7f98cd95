"""One family per file, each readable from top to bottom in five minutes; `build` turns a recipe into one of them."""

from __future__ import annotations

import torch

from core.models import likelihood, networks
from core.models.auto_decoder import AutoDecoder, VariationalAutoDecoder
from core.models.autoencoder import Autoencoder
from core.models.base import LatentModel, Losses, Posterior
from core.models.vae import VAE
from core.recipe import Recipe

__all__ = ["FAMILIES", "AutoDecoder", "LatentModel", "Losses", "Posterior", "build"]

FAMILIES: dict[str, type[LatentModel]] = {
    "ae": Autoencoder, "vae": VAE, "ad": AutoDecoder, "vad": VariationalAutoDecoder,
}  # fmt: skip


def build(recipe: Recipe) -> LatentModel:
    """An untrained model on the CPU. The recipe's seed fixes its weights and leaves the global random state alone."""
    family, d = FAMILIES[recipe.model], recipe.latent_dim
    score = likelihood.build(recipe.likelihood, recipe.sigma)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        encoder = None
        if not recipe.decoder_only:
            outputs = d * (2 if family.variational else 1)
            encoder = (networks.mlp_encoder(recipe.hidden, outputs) if recipe.network == "mlp" else
                       networks.conv_encoder(recipe.channels, recipe.hidden, outputs))
        decoder = (networks.mlp_decoder(recipe.hidden, d) if recipe.network == "mlp" else
                   networks.conv_decoder(recipe.channels, recipe.hidden, d))
    model = family(decoder, score, d) if encoder is None else family(encoder, decoder, score, d)
    model.beta.fill_(recipe.beta)
    return model

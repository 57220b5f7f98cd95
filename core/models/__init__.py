"""One family per file, each readable from top to bottom in five minutes; `build` turns a recipe into one of them."""

from __future__ import annotations

import torch

from core.models import likelihood, networks
from core.models.auto_decoder import AutoDecoder
from core.models.autoencoder import Autoencoder
from core.models.base import LatentModel, Losses, Posterior
from core.models.gan import GAN
from core.models.vae import VAE
from core.models.variational_auto_decoder import VariationalAutoDecoder
from core.recipes.recipe import DECODER_ONLY, Recipe

__all__ = ["FAMILIES", "GAN", "AutoDecoder", "LatentModel", "Losses", "Posterior", "build"]

FAMILIES: dict[str, type[LatentModel]] = {
    "ae": Autoencoder,
    "vae": VAE,
    "ad": AutoDecoder,
    "vad": VariationalAutoDecoder,
}


def build(recipe: Recipe) -> LatentModel:
    """An untrained model on the CPU. The recipe's seed fixes its weights and leaves the global random state alone."""
    kind = recipe.source_model if recipe.model == "gan" else recipe.model
    family, d = FAMILIES.get(kind), recipe.latent_dim
    variational = (
        family is not None and family.variational and not (recipe.model == "gan" and recipe.generator == "scratch")
    )
    score = likelihood.build(recipe.likelihood, recipe.sigma)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        encoder = None
        if recipe.has_encoder:
            encoder = _encoder(recipe, d * (2 if variational else 1))
        decoder = _decoder(recipe)
        if recipe.model == "gan":
            model = GAN(
                encoder,
                decoder,
                score,
                d,
                discriminator=networks.discriminator(recipe.shape, recipe.d_channels, recipe.d_norm == "spectral"),
                origin=_decoder(recipe) if family else None,
                variational=variational,
                has_prior=family is None or family.has_prior,
                guess=kind in DECODER_ONLY and recipe.generator == "decoder",
                shape=recipe.shape,
            )
        else:
            model = (
                family(decoder, score, d, recipe.shape)
                if encoder is None
                else family(encoder, decoder, score, d, recipe.shape)
            )
    model.beta.fill_(0.0 if kind == "ae" else recipe.beta)  # an autoencoder's search, and its GAN's, knows no prior
    return model


def _encoder(recipe: Recipe, outputs: int) -> torch.nn.Module:
    return networks.BODIES[recipe.network][0](recipe.shape, *_sizes(recipe), outputs, recipe.activation)


def _decoder(recipe: Recipe) -> torch.nn.Module:
    return networks.BODIES[recipe.network][1](recipe.shape, *_sizes(recipe), recipe.latent_dim, recipe.activation)


def _sizes(recipe: Recipe) -> tuple[tuple[int, ...], ...]:
    return (recipe.hidden,) if recipe.network == "mlp" else (recipe.channels, recipe.hidden)

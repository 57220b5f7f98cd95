"""The parts of the three pictures: what each is for, what goes in and comes out, and the code that runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import streamlit as st

from core.recipes.recipe import Recipe


@dataclass(frozen=True)
class Part:
    """A part's name, its role's words in Markdown, and what runs there: (file, functions or classes)."""

    name: str
    words: str
    code: Callable[[Recipe], list[tuple[str, Any]]]


def _encoder(recipe: Recipe) -> list[tuple[str, Any]]:
    from core.latent import search
    from core.models import LatentModel, networks

    if (recipe.source_model if recipe.model == "gan" else recipe.model) in ("ad", "vad"):
        return [("core/latent/encoding.py", search.search)]
    body = networks.BODIES[recipe.network][0]
    return [("core/models/networks.py", body), ("core/models/base.py", LatentModel.encode)]


def _posterior(recipe: Recipe) -> list[tuple[str, Any]]:
    from core.models import LatentModel

    return [("core/models/base.py", LatentModel.posterior)]


def _latent(recipe: Recipe) -> list[tuple[str, Any]]:
    from core.models import Posterior

    return [("core/models/base.py", Posterior)]


def _decoder(recipe: Recipe) -> list[tuple[str, Any]]:
    from core.models import LatentModel, networks

    body = networks.BODIES[recipe.network][1]
    return [("core/models/networks.py", body), ("core/models/base.py", LatentModel.decode)]


def _reconstruction(recipe: Recipe) -> list[tuple[str, Any]]:
    from core.models.likelihood import Likelihood

    return [("core/models/likelihood.py", Likelihood.nll)]


def _noise(recipe: Recipe) -> list[tuple[str, Any]]:
    from core.latent import sampling
    from core.models import LatentModel

    return [("core/latent/codec.py", sampling.prior), ("core/models/base.py", LatentModel.from_noise)]


def _picture(recipe: Recipe) -> list[tuple[str, Any]]:
    from core.models import GAN, LatentModel

    return [("core/models/base.py", LatentModel.decode), ("core/models/gan.py", GAN.before)]


def _generator(recipe: Recipe) -> list[tuple[str, Any]]:
    from core.models import adversarial_losses

    return [_decoder(recipe)[0], ("core/models/adversarial_losses.py", adversarial_losses.g_loss)]


def _fake(recipe: Recipe) -> list[tuple[str, Any]]:
    from core.models import LatentModel

    return [("core/models/base.py", LatentModel.sample), ("core/models/base.py", LatentModel.decode)]


def _real(recipe: Recipe) -> list[tuple[str, Any]]:
    from core import data
    from core.latent import codec

    return [("core/latent/codec.py", codec.image_tensor), ("core/data/loading.py", data.split)]


def _discriminator(recipe: Recipe) -> list[tuple[str, Any]]:
    from core.models import networks

    return [("core/models/networks.py", networks.discriminator)]


def _verdict(recipe: Recipe) -> list[tuple[str, Any]]:
    from core.models import adversarial_losses

    return [
        ("core/models/adversarial_losses.py", adversarial_losses.d_loss),
        ("core/models/adversarial_losses.py", adversarial_losses.decision_threshold),
    ]


PARTS = {
    "real": Part(
        "Real images",
        "28 × 28 grey levels from 0 to 1. The VAE learns to redraw them; in the GAN only the "
        "discriminator ever sees them.",
        _real,
    ),
    "encoder": Part(
        "Encoder",
        "An image goes in, where it lies in the latent space comes out. It learns **together "
        "with** the decoder: both want the image redrawn. A GAN has none.",
        _encoder,
    ),
    "posterior": Part(
        "Posterior: μ and σ",
        "Not one place but a Gaussian for each image: its middle μ and its width σ, one of each per latent dimension.",
        _posterior,
    ),
    "latent": Part(
        "Latent vector z",
        "A draw μ + σ ε with ε ~ N(0, I). Written like this (the reparameterisation "
        "trick) the gradient reaches μ and σ.",
        _latent,
    ),
    "decoder": Part(
        "Decoder",
        "z goes in, an image comes out. Nothing in it asks where z came from: so it can be "
        "taken out and given z of your own.",
        _decoder,
    ),
    "reconstruction": Part(
        "Reconstruction",
        "Compared with the image itself, pixel by pixel. Where several images "
        "would fit, the best answer is their average: that is why a VAE blurs.",
        _reconstruction,
    ),
    "noise": Part(
        "z drawn from the prior",
        "No image behind it: numbers drawn at random. The VAE's KL term kept the "
        "latents close to this prior, so that such draws mean something.",
        _noise,
    ),
    "picture": Part(
        "A new image",
        "What the decoder makes of a z that belongs to no image: generated, by a network "
        "that was only ever asked to reconstruct.",
        _picture,
    ),
    "generator": Part(
        "Generator G",
        "The same network with the same weights to begin with; only its teacher is "
        "another. It no longer redraws anything: it learns to make images that D takes for real.",
        _generator,
    ),
    "fake": Part(
        "Generated images",
        "G's answer to the same z. It does not have to match any image, only to look like "
        "one: so it has no reason to blur.",
        _fake,
    ),
    "discriminator": Part(
        "Discriminator D",
        "An image goes in, one number comes out: large for real ones. It learns "
        "**against** the generator, and is thrown away when the training is over. Unlike an encoder "
        "it says nothing about what the image shows.",
        _discriminator,
    ),
    "verdict": Part(
        "D's verdicts and its loss",
        "D is to say *real* of real images and *generated* of generated ones. "
        "The gradient of its verdict, back through D into each pixel, is all that G learns from.",
        _verdict,
    ),
}


def show(part: str, recipe: Recipe) -> None:
    """What a part is, and its code."""
    chosen = PARTS[part]
    st.markdown(f"**{chosen.name}.** {chosen.words}")
    for file, code in chosen.code(recipe):
        st.caption(file)
        st.code(dedent(inspect.getsource(code)), language="python")

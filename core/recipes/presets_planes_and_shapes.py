"""Presets to compare families by: with two latent dimensions, and on shapes whose factors are known."""

from __future__ import annotations

from core.data.registry import SOURCES
from core.recipes.preset import described

PRESETS = (
    # The other families with two latent dimensions, for comparison with `plane-vae`.
    described(
        "plane-ae",
        "The autoencoder with two latent dimensions, for comparison with the VAE's plane.",
        title="AE, 2 dimensions",
        model="ae",
        likelihood="bernoulli",
        hidden=(400, 200),
        latent_dim=2,
        epochs=50,
    ),
    described(
        "plane-ad",
        "The auto-decoder with two latent dimensions, for comparison with the VAE's plane.",
        title="AD, 2 dimensions",
        model="ad",
        likelihood="bernoulli",
        hidden=(400, 200),
        latent_dim=2,
        beta=1.0,
        validation=250,
        epochs=50,
    ),
    described(
        "plane-vad",
        "The variational auto-decoder with two latent dimensions, for comparison with the VAE's plane.",
        title="VAD, 2 dimensions",
        model="vad",
        hidden=(400, 200),
        latent_dim=2,
        validation=250,
        epochs=50,
    ),
    # In colour, on a set with known factors. A fully connected network reaches on it in a minute what convolutions
    # need several for. β is that of a β-VAE (Higgins et al. 2017), small enough that hue, place and size survive.
    described(
        "shapes-vae",
        "A β-VAE in colour, on shapes with known factors: does each factor get a latent dimension of its own?",
        title="β-VAE, colour",
        dataset="shapes",
        image_shape=SOURCES["shapes"].shape.chw,
        hidden=(512, 256),
        latent_dim=10,
        beta=2.0,
        activation="silu",
        lr=3e-3,
        beta2=0.95,
        schedule="one-cycle",
        validation=500,
        epochs=30,
    ),
    described(
        "shapes-tc-vae",
        "The β-TCVAE in colour, with the network of shapes-vae: are its dimensions disentangled better?",
        title="β-TCVAE, colour",
        dataset="shapes",
        image_shape=SOURCES["shapes"].shape.chw,
        model="tcvae",
        hidden=(512, 256),
        latent_dim=10,
        beta=6.0,
        activation="silu",
        lr=3e-3,
        beta2=0.95,
        schedule="one-cycle",
        validation=500,
        epochs=30,
    ),
)

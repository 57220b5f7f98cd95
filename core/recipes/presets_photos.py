"""Presets for photos in colour by the tutorials' networks (CIFAR-10, CelebA, any set of those shapes), and VQ-VAEs."""

from __future__ import annotations

from typing import Any

from core.data.registry import SOURCES
from core.recipes.preset import described

COLOUR_32 = SOURCES["cifar-10"].shape.chw

BESIDE_PCA: dict[str, Any] = {
    "network": "patch",
    "channels": (64, 64),
    "hidden": (512,),
    "linear_path": "pca",
    "activation": "silu",
    "lr": 2e-3,
    "beta2": 0.99,
    "schedule": "one-cycle",
    "precision": "mixed",
    "batch_size": 256,
    "validation": 1000,
}
"""What the fast presets for photos have in common."""

FAST_CODES: dict[str, Any] = {
    "network": "patch",
    "activation": "silu",
    "lr": 3e-3,
    "beta2": 0.99,
    "schedule": "one-cycle",
    "precision": "mixed",
    "batch_size": 128,
    "codebook_decay": 0.9,
    "validation": 1000,
}
"""What the fast presets of codes have in common. With large steps the encoder's outputs move fast, and a codebook that
averages them over a hundred steps stays behind: most of its codes are then used by none of them."""

PRESETS = (
    # Photos in colour, by the tutorials' networks: CIFAR-10, or any set of that shape.
    described(
        "conv-ae-32",
        "An autoencoder of colour photos, with convolutions: 3,072 values in 128 numbers.",
        title="AE, colour photos",
        dataset="cifar-10",
        image_shape=COLOUR_32,
        model="ae",
        likelihood="mse",
        network="conv",
        channels=(32, 64, 128),
        hidden=(500,),
        latent_dim=128,
        epochs=60,
    ),
    # A network as narrow as this takes dozens of epochs to PCA's error on photos. Beside linear layers that begin
    # as PCA it starts there. These learn at a tenth of the rate: at the full one Adam's first steps undo the start.
    described(
        "conv-ae-32-fast",
        "The autoencoder of photos, which begins as PCA: linear layers beside convolutions on patches.",
        dataset="cifar-10",
        image_shape=COLOUR_32,
        model="ae",
        likelihood="mse",
        latent_dim=128,
        **BESIDE_PCA,
        epochs=12,
    ),
    described(
        "conv-vae-32",
        "A VAE of colour photos, scored by the probability of their 8-bit levels, in bits per dimension.",
        title="VAE, colour photos",
        dataset="cifar-10",
        image_shape=COLOUR_32,
        likelihood="logistic",
        network="conv",
        channels=(32, 64, 128),
        hidden=(500,),
        latent_dim=128,
        epochs=60,
    ),
    described(
        "conv-vae-32-fast",
        "The VAE of photos, which begins as probabilistic PCA: linear layers beside convolutions on patches.",
        dataset="cifar-10",
        image_shape=COLOUR_32,
        likelihood="logistic",
        latent_dim=128,
        **BESIDE_PCA,
        epochs=12,
    ),
    described(
        "auto-decoder-32-fast",
        "The auto-decoder of photos: every training image has its own latent vector, which begins as in PCA.",
        title="no encoder, colour photos",
        dataset="cifar-10",
        image_shape=COLOUR_32,
        model="ad",
        likelihood="mse",
        latent_dim=128,
        beta=1e-3,
        latent_init="ppca",
        latent_lr=1e-2,
        **BESIDE_PCA | {"validation": 250},
        epochs=12,
    ),
    described(
        "variational-auto-decoder-32-fast",
        "The variational auto-decoder of photos: every training image has its own Gaussian.",
        title="VAD, colour photos",
        dataset="cifar-10",
        image_shape=COLOUR_32,
        model="vad",
        likelihood="logistic",
        latent_dim=128,
        latent_init="ppca",
        latent_lr=1e-2,
        **BESIDE_PCA | {"validation": 250},
        epochs=12,
    ),
    described(
        "faces-64-fast",
        "A VAE of 64 × 64 pixels in colour, for CelebA or your own folder or archive of faces, or of others alike.",
        title="VAE, faces at 64 × 64",
        dataset="celeba",
        image_shape=SOURCES["celeba"].shape.chw,
        likelihood="gaussian-learned",
        latent_dim=128,
        **BESIDE_PCA,
        epochs=6,
    ),
    # The networks of van den Oord et al. 2017, of a width for a laptop: two halvings, two residual blocks.
    described(
        "vq-vae",
        "A VQ-VAE: each image becomes 7 × 7 codes, entries of a learned codebook of 128.",
        title="VQ-VAE, grid of codes",
        model="vq",
        network="conv",
        channels=(64, 128, 128, 128),
        epochs=30,
    ),
    described(
        "vq-vae-fast",
        "The VQ-VAE with convolutions on the grid of codes alone and a large learning rate that decays.",
        model="vq",
        **FAST_CODES,
        channels=(64, 64, 64),
        epochs=4,
    ),
    described(
        "vq-vae-32",
        "A VQ-VAE of colour photos: each becomes 8 × 8 codes, entries of a learned codebook of 512.",
        title="VQ-VAE, colour photos",
        dataset="cifar-10",
        image_shape=COLOUR_32,
        model="vq",
        likelihood="gaussian",
        sigma=0.1,
        network="conv",
        channels=(64, 128, 128, 128),
        codebook_size=512,
        epochs=50,
    ),
    described(
        "vq-vae-32-fast",
        "The VQ-VAE of photos with convolutions on the grid of codes alone and a large learning rate that decays.",
        dataset="cifar-10",
        image_shape=COLOUR_32,
        model="vq",
        likelihood="gaussian",
        sigma=0.1,
        **FAST_CODES,
        channels=(64, 64, 64),
        codebook_size=512,
        epochs=17,
    ),
    described(
        "decoder-gan-32-fast",
        "The GAN of photos from a trained decoder, such as that of conv-vae-32-fast.",
        title="GAN, colour photos",
        dataset="cifar-10",
        image_shape=COLOUR_32,
        model="gan",
        batch_size=64,
        lr=1e-3,
        d_lr=1e-3,
        d_channels=(32, 64, 128),
        r1=5.0,
        ema=0.99,
        epochs=20,
    ),
)

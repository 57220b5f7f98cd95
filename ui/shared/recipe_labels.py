"""The recipe's fields and values in plain words, for the form and for tables."""

from __future__ import annotations

import dataclasses

from core import data
from core.recipes.recipe import fields

LABELS = {
    "name": "Start from",
    "dataset": "Images",
    "folder": "Your folder",
    "train_images": "Training images (0: all)",
    "validation": "Held-out images",
    "model": "Kind of model",
    "hidden": "Hidden layers",
    "latent_dim": "Latent size",
    "likelihood": "Reconstruction loss",
    "sigma": "σ of the Gaussian",
    "beta": "β, weight of the KL",
    "beta_warmup": "Warm-up of β",
    "lr": "Learning rate",
    "max_minutes": "Time limit in minutes (0: none)",
    "patience": "Patience in epochs (0: never)",
    "source": "Decoder from",
    "generator": "The generator starts",
    "adversarial": "What D and G play for",
    "d_channels": "Channels of the discriminator",
    "d_norm": "Normalisation in the discriminator",
    "d_lr": "Learning rate of the discriminator",
    "d_steps": "Steps of D for each step of G",
    "r1": "R1 penalty γ (0: none)",
    "gradient_penalty": "Gradient penalty λ",
    "ema": "Running average of G (0: none)",
    "freeze": "Does not learn",
    "round_images": "Images in a round (0: all)",
    "beta2": "Memory of squared gradients (Adam’s β₂)",
    "schedule": "Size of the steps",
    "latent_lr": "Learning rate of the latents",
    "latent_init": "Where the latents begin",
}
FOLDS = {
    "data": "How many images",
    "model": "The network",
    "loss": "The loss",
    "gan": "Generator and discriminator",
    "training": "How it learns",
    "stop": "When else to stop",
}
WORDS = {
    "ae": "Autoencoder",
    "vae": "Variational autoencoder",
    "ad": "Auto-decoder",
    "vad": "Variational auto-decoder",
    "gan": "GAN: a decoder against a discriminator",
    "decoder": "As the trained decoder",
    "scratch": "From scratch, with random weights",
    "non-saturating": "Cross-entropy (non-saturating)",
    "hinge": "Hinge",
    "least-squares": "Least squares",
    "wgan-gp": "Wasserstein distance (WGAN-GP)",
    "none": "None",
    "spectral": "Spectral",
    "nothing": "Both learn",
    "generator": "The generator",
    "discriminator": "The discriminator",
    "pca": "Along the images' main directions",
    "ppca": "As for a linear decoder",
    "small": "At random, near 0",
    "mlp": "Fully connected",
    "conv": "Convolutions",
    "patch": "Convolutions on patches",
    "relu": "ReLU",
    "silu": "SiLU",
    "float32": "Single precision (float32)",
    "mixed": "Mixed with bfloat16, where the machine has it",
    "constant": "The same throughout",
    "one-cycle": "Rising, then falling (one-cycle)",
    "bernoulli": "Bernoulli (cross-entropy)",
    "gaussian": "Gaussian, fixed σ",
    "gaussian-learned": "Gaussian, learned σ",
    "logistic": "Discretised logistic, learned scale",
    "mse": "Squared error",
    "adam": "Adam",
    "sgd": "SGD",
} | {name: source.title for name, source in data.SOURCES.items()}


def in_words(sentence: str) -> str:
    """The error with the form's label in place of the field's name, and its words in place of the recipe's."""
    name, colon, rest = sentence.partition(":")
    known = colon and any(f.name == name for f in fields())
    for value, word in WORDS.items():
        rest = rest.replace(f"'{value}'", f"'{word}'")
    return f"{label(name)}:{rest.replace('None', 'An empty field')}" if known else sentence


def bounds(f: dataclasses.Field) -> str:
    """What a number may be, as the end of its help."""
    low, high = f.metadata["low"], f.metadata["high"]
    return "" if str(f.type) not in ("int", "float") else f" From {low:g} to {high:,.6g}."


def label(name: str) -> str:
    """A field's name in plain words."""
    return LABELS.get(name, name.replace("_", " ").capitalize())

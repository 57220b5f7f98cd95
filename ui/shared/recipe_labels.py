"""Labels: the recipe's fields, and the values of those with choices, in plain words for the form and for tables."""

from __future__ import annotations

import dataclasses
from typing import Any

from core import data
from core.data import celeba
from core.recipes.family import FAMILIES
from core.recipes.recipe import fields

LABELS = {
    "name": "Recipe",
    "image_shape": "Image shape (channels-height-width)",
    "dataset": "Images",
    "folder": "Folder or zip",
    "attribute": "Attribute that gives the classes",
    "levels": "Black and white of deep pictures",
    "ground": "Behind transparent pixels",
    "polarity": "Dark on light or light on dark",
    "fit": "Pictures of other proportions",
    "train_images": "Training images (0: all)",
    "without_classes": "Classes left out",
    "validation": "Held-out images",
    "model": "Kind of model",
    "hidden": "Hidden layers",
    "linear_path": "Linear layers beside the networks",
    "latent_dim": "Latent size",
    "codebook_size": "Codes in the codebook, K",
    "codebook_dim": "Dimensions of a code",
    "grid_pixels": "Pixels along a cell of the grid",
    "commitment": "Weight of the commitment loss",
    "codebook_decay": "Decay of the codebook’s averages",
    "likelihood": "Reconstruction loss",
    "sigma": "σ of the Gaussian",
    "beta": "β, weight of the prior term",
    "beta_warmup": "Warm-up of β",
    "beta_cycles": "Cycles of β (0: none)",
    "free_bits": "Free nats per dimension (0: none)",
    "importance_samples": "Importance samples (1: the ELBO)",
    "optimizer": "Optimiser",
    "lr": "Learning rate",
    "max_minutes": "Time limit in minutes (0: none)",
    "patience": "Patience in epochs (0: never)",
    "source": "Decoder from",
    "generator": "The generator starts",
    "adversarial": "Adversarial loss",
    "d_network": "Network of the discriminator",
    "d_hidden": "Hidden layers of the discriminator",
    "d_channels": "Channels of the discriminator",
    "d_norm": "Normalisation in the discriminator",
    "d_lr": "Learning rate of the discriminator",
    "d_steps": "Steps of D for each step of G",
    "g_steps": "Steps of G for each step of D",
    "r1": "R1 penalty γ (0: none)",
    "r1_noise": "Noise for estimating R1 (0: exact)",
    "gradient_penalty": "Gradient penalty λ",
    "ema": "Moving average of G’s weights (0: none)",
    "freeze": "Frozen network",
    "round_images": "Images per epoch (0: all)",
    "beta2": "Adam β₂",
    "schedule": "Learning-rate schedule",
    "latent_lr": "Learning rate of the latents",
    "latent_init": "Initialisation of the latents",
} | {own.name: own.label for family in FAMILIES.values() for own in family.own_fields if own.label}
FOLDS = {
    "data": "Data",
    "model": "Architecture",
    "loss": "Loss",
    "adversarial": "Generator and discriminator",
    "training": "Optimisation",
    "stop": "Stopping",
}
CHOICES: dict[str, dict[str, str]] = {
    "network": {"mlp": "Fully connected", "conv": "Convolutions", "patch": "Convolutions on patches"},
    "activation": {"relu": "ReLU", "silu": "SiLU"},
    "linear_path": {"none": "None", "pca": "From PCA"},
    "likelihood": {
        "bernoulli": "Bernoulli (cross-entropy)",
        "gaussian": "Gaussian, fixed σ",
        "gaussian-learned": "Gaussian, learned σ",
        "logistic": "Discretised logistic",
        "mse": "Squared error",
    },
    "source_model": {"none": "None"},
    "ground": {"auto": "What keeps the set visible", "black": "Black", "white": "White", "each": "Each its own"},
    "polarity": {
        "as-is": "As the files are",
        "light-on-dark": "All light on dark",
        "dark-on-light": "All dark on light",
        "inverted": "All inverted",
    },
    "fit": {"pad": "Pad with the border’s colour", "crop": "Crop the middle", "stretch": "Stretch"},
    "generator": {
        "decoder": "As the trained decoder",
        "scratch": "From scratch, with random weights",
        "map": "As a map of z, then the decoder",
    },
    "adversarial": {
        "non-saturating": "Cross-entropy (non-saturating)",
        "hinge": "Hinge",
        "least-squares": "Least squares",
        "wgan-gp": "Wasserstein distance (WGAN-GP)",
    },
    "d_network": {"conv": "Convolutions", "mlp": "Fully connected"},
    "d_norm": {"none": "None", "spectral": "Spectral"},
    "freeze": {"nothing": "None: both learn", "generator": "The generator", "discriminator": "The discriminator"},
    "optimizer": {"adam": "Adam", "sgd": "SGD with momentum"},
    "schedule": {"constant": "Constant", "one-cycle": "One-cycle: rising, then falling"},
    "latent_init": {
        "pca": "PCA: along the images’ main directions",
        "ppca": "Probabilistic PCA: as for a linear decoder",
        "small": "At random, near 0",
    },
    "precision": {
        "float32": "Single (float32)",
        "mixed": "Mixed with bfloat16, where the machine has it",
    },
}
"""Field → its value → words. Those of data sets and kinds of model are in their registries."""


def choice(name: str, value: Any) -> str:
    """The words for a field's value; the value itself where there are none."""
    text = str(value)
    if name == "dataset" and text in data.SOURCES:
        return data.SOURCES[text].title
    if name == "attribute":
        return celeba.words(text)
    if name in ("model", "source_model") and text in FAMILIES:
        return FAMILIES[text].name
    return CHOICES.get(name, {}).get(text, text)


def label(name: str) -> str:
    """A field's name in words."""
    return LABELS.get(name, name.replace("_", " ").capitalize())


def field_of(sentence: str) -> str:
    """Name of the field that a recipe's error message is about, which it begins with; empty where it names none."""
    name, colon, _ = sentence.partition(":")
    return name if colon and any(f.name == name for f in fields()) else ""


def in_words(sentence: str) -> str:
    """A recipe's error message with the form's labels and words in place of the names of its field and values."""
    name, rest = field_of(sentence), sentence.partition(":")[2]
    if not name:
        return sentence
    for f in fields():
        for value in f.metadata["choices"] or ():
            rest = rest.replace(f"'{value}'", f"'{choice(f.name, value)}'")
    return f"{label(name)}:{rest.replace('None', 'An empty field')}"


def bounds(f: dataclasses.Field) -> str:
    """The range of a number, to follow the field's help; empty for a field of another type."""
    low, high = f.metadata["low"], f.metadata["high"]
    return "" if str(f.type) not in ("int", "float") else f" From {low:g} to {high:,.6g}."

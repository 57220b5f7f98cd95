"""Shared by several benchmarks: train a recipe to its last epoch without a run's folder."""

import torch

from core import data
from core.models import LatentModel
from core.recipes.presets import preset
from core.recipes.recipe import Recipe
from core.training import base_trainer
from core.training.autoencoder_trainer import AutoencoderTrainer

CPU = torch.device("cpu")

DENSE_AD = preset("auto-decoder").with_(network="mlp", hidden=(400,), lr=3e-3, epochs=3)
"""The auto-decoder with a fully connected decoder."""

DENSE_VAD = preset("variational-auto-decoder").with_(network="mlp", hidden=(400,), latent_lr=2e-2, epochs=15)
"""The variational auto-decoder with a fully connected decoder."""


def trained(recipe: Recipe, images: data.ImageSet | None = None) -> LatentModel:
    """The model after `recipe.epochs` epochs on the recipe's own images, or on others."""
    torch.set_num_threads(base_trainer.threads_for(recipe, CPU))
    trainer = AutoencoderTrainer(recipe, CPU, images)
    trainer.begin()
    while trainer.epoch < recipe.epochs:
        while not trainer.epoch_done:
            trainer.step()
        if trainer.epoch == recipe.epochs - 1:
            trainer.validate()  # publishes the table, and the start of a search
        trainer.end_epoch()
    return trainer.model.eval().requires_grad_(False)

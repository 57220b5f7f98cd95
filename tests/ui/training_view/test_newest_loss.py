"""The largest figure of a live page: the newest measured value, with the epoch it is of."""

import numpy as np

from core.recipes.recipe import Recipe
from tests.tiny_runs import tiny
from ui.training_view.controls import newest_loss

NAN = float("nan")


def test_the_validation_loss_stands_with_its_epoch_and_before_the_first_the_training_loss():
    points = {
        "epoch": np.array([0.0, 0.5, 1.0, 1.3]),
        "train_total": np.array([NAN, 210.0, 180.0, 170.0]),
        "val_total": np.array([547.0, NAN, 175.2, NAN]),
    }
    recipe = tiny(likelihood="bernoulli")
    assert newest_loss(recipe, points) == "**175** nats · validation loss after epoch 1"
    young = {name: values[:2] for name, values in points.items()}
    assert newest_loss(recipe, young) == "**210** nats · training loss"
    assert newest_loss(tiny("deep-ae", likelihood="mse"), young) == "**210** squared error · training loss"
    assert newest_loss(recipe, {}) == "**–** nats · training loss"


def test_a_gan_is_watched_by_its_frechet_distance():
    points = {"epoch": np.array([0.0, 0.4, 1.0]), "val_frechet": np.array([131.0, NAN, 90.31])}
    assert newest_loss(Recipe(model="gan", source_model="vae"), points) == "**90.3** Fréchet distance after epoch 1"

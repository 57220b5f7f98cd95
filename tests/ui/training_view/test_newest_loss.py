"""The largest figure of a live page: the newest measured value, with the epoch it is of."""

import numpy as np

from core.recipes.recipe import Recipe
from tests.tiny_runs import tiny
from ui.training_view.controls import _figures, newest_loss

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


def test_at_the_end_the_training_loss_is_of_the_part_of_the_epoch_that_was_trained():
    points = {
        "epoch": np.array([0.5, 1.0, 1.05, 1.1, 1.1]),
        "train_total": np.array([240.0, 180.0, 170.0, 168.0, NAN]),
        "val_total": np.array([NAN, 175.2, NAN, NAN, 167.0]),
    }
    recipe = tiny(likelihood="bernoulli")
    stopped = _figures(recipe, points, ended=True)
    assert stopped == "in the part of epoch 2 that was trained: training loss 169, validation loss 167 nats"
    whole = {name: values[:2] for name, values in points.items()}
    assert _figures(recipe, whole, ended=True) == "in epoch 1: training loss 210, validation loss 175 nats"
    assert newest_loss(recipe, points) == "**167** nats · validation loss after 1.1 epochs"


def test_a_gan_is_watched_by_its_frechet_distance():
    points = {"epoch": np.array([0.0, 0.4, 1.0]), "val_frechet": np.array([131.0, NAN, 90.31])}
    assert newest_loss(Recipe(model="gan", source_model="vae"), {}) == "**–** Fréchet distance"
    assert newest_loss(Recipe(model="gan", source_model="vae"), points) == "**90.3** Fréchet distance after epoch 1"

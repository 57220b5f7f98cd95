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
    stopped = _figures(recipe, points, [], ended=True)
    assert stopped == "in the part of epoch 2 that was trained: training loss 169, validation loss 167 nats"
    whole = {name: values[:2] for name, values in points.items()}
    assert _figures(recipe, whole, [], ended=True) == "in epoch 1: training loss 210, validation loss 175 nats"
    assert newest_loss(recipe, points) == "**167** nats · validation loss after 1.1 epochs"


def test_training_losses_of_two_weights_in_one_epoch_are_not_shown_as_one():
    points = {
        "epoch": np.array([2.0, 2.5, 2.75, 2.9, 3.0]),
        "train_total": np.array([108.0, 106.0, 105.0, 162.0, 158.0]),
        "val_total": np.array([107.0, NAN, NAN, NAN, 159.0]),
    }
    recipe = tiny(likelihood="bernoulli")
    changes = [{"field": "lr", "epoch": 2.95, "new": 1e-4}, {"field": "beta", "epoch": 2.75, "new": 4.0}]
    told = "in epoch 3 after β → 4: training loss 160, validation loss 159 nats"
    assert _figures(recipe, points, changes, ended=True) == told
    changes[1]["epoch"] = 2.999
    points["epoch"][-1], points["train_total"][-1] = 3.0, NAN
    assert _figures(recipe, points, changes, ended=True) == "validation loss 159 nats"
    changes[1]["epoch"] = 1.5  # an epoch before
    assert _figures(recipe, points, changes, ended=True).startswith("in epoch 3: training loss 124,")


def test_a_gan_is_watched_by_its_frechet_distance():
    points = {"epoch": np.array([0.0, 0.4, 1.0]), "val_frechet": np.array([131.0, NAN, 90.31])}
    assert newest_loss(Recipe(model="gan", source_model="vae"), {}) == "**–** Fréchet distance"
    assert newest_loss(Recipe(model="gan", source_model="vae"), points) == "**90.3** Fréchet distance after epoch 1"

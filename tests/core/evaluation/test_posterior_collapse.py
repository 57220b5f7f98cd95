"""Posterior collapse: who has it, what is said, and that the cure helps a training that collapses without it."""

import numpy as np
import pytest

from core.evaluation import posterior_collapse as collapse
from core.recipes.presets import preset
from core.recipes.recipe import Recipe
from core.training.autoencoder_trainer import AutoencoderTrainer
from tests.tiny_runs import tiny

VAE = Recipe(latent_dim=4, epochs=50, beta=20.0)


@pytest.mark.parametrize(
    ("kl", "epoch", "collapsed"),
    [
        ([0.001, 0.002, 0.0, 0.0], 10, True),
        ([0.3, 0.1, 0.0, 0.0], 10, True),
        ([0.6, 0.0, 0.0, 0.0], 10, True),  # as at β 20 on the digits
        ([0.7, 0.0, 0.0, 0.0], 10, False),  # more than ln 2
        ([3.0, 0.0, 0.0, 0.0], 10, False),
        ([0.0, 0.0, 0.0, 0.0], 4, False),  # it may still come
        ([0.0, 0.0, 0.0, 0.0], 5, True),
        ([np.nan, 0.0, 0.0, 0.0], 10, False),
        ([0.0, 0.0, 0.0, 0.0], np.nan, False),
        ([], 10, False),
    ],
)
def test_a_posterior_that_tells_less_than_two_kinds_apart_has_collapsed(kl, epoch, collapsed):
    assert collapse.has_collapsed(VAE, np.array(kl), epoch) == collapsed
    assert bool(collapse.diagnose(VAE, np.array(kl), epoch)) == collapsed


def test_a_training_of_few_steps_has_had_no_time_yet():
    assert not collapse.has_collapsed(VAE, np.zeros(4), 10, steps=99) and collapse.has_collapsed(VAE, np.zeros(4), 10)


def test_points_have_no_posterior_that_could():
    assert not collapse.has_collapsed(preset("deep-ae"), np.zeros(32), 10)


def test_the_sentence_names_what_helps_and_the_cure_does_it():
    said = collapse.diagnose(VAE, np.array([0.02, 0.0, 0.0, 0.0]), 10)
    assert "only 1 of 4 latent dimensions is in use (KL 0.02 nats" in said
    assert said.endswith(
        "This helps: β 1 instead of 20, a warm-up of β over 20 epochs and 0.1 free nats for each dimension."
    )
    changes = collapse.cure(VAE)
    assert changes == {"beta": 1.0, "beta_warmup": 20.0, "free_bits": 0.1}
    assert collapse.cure(VAE.with_(**changes)) is None
    assert collapse.cure(VAE.with_(beta=1.0, importance_samples=5)) == {"beta_warmup": 20.0}
    assert "A still weaker pull" in collapse.diagnose(VAE.with_(**changes), np.zeros(4), 20)


def test_another_pull_to_the_prior_than_the_kl_is_weakened():
    recipe = preset("info-vae").with_(mmd_weight=500.0)
    assert collapse.cure(recipe) == {"mmd_weight": 50.0}
    assert collapse.diagnose(recipe, np.zeros(8), 20).endswith("This helps: λ 50 instead of 500.")


@pytest.mark.slow
def test_a_training_that_collapses_does_not_with_the_cure():
    import torch

    recipe = tiny(train_images=0, validation=180, batch_size=32, epochs=10, latent_dim=4, hidden=(32,), beta=30.0)
    found = {}
    for name, changes in (("plain", {}), ("cured", collapse.cure(recipe))):
        trainer = AutoencoderTrainer(recipe.with_(**changes), torch.device("cpu"))
        while trainer.epoch < recipe.epochs:
            trainer.step()
            if trainer.epoch_done:
                trainer.end_epoch()
        found[name] = trainer.validate().kl_per_dim
    assert collapse.has_collapsed(recipe, found["plain"], 10)
    assert not collapse.has_collapsed(recipe, found["cured"], 10) and found["cured"].sum() > 2

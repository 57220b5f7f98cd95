"""Draws of a posterior have its moments, of the encoder's own σ; those of a seed are always the same."""

import numpy as np
import pytest
import torch

from core.latent import posterior_draws
from core.models import build
from tests.tiny_runs import tiny


def test_the_deviations_are_those_of_the_encoder():
    model = build(tiny("mlp-vae", latent_dim=3)).eval()
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype=np.uint8)
    found = posterior_draws.deviations(model, images)
    with torch.no_grad():
        logvar = model.encode(torch.tensor(images)[:, None] / 255).logvar
    assert found is not None and logvar is not None
    assert found == pytest.approx(np.sqrt(np.exp(logvar.numpy())), rel=1e-5)
    assert posterior_draws.deviations(build(tiny("plane-ae")), images) is None


def test_a_model_that_is_told_the_class_gets_it():
    model = build(tiny("cvae")).eval()
    with torch.no_grad():
        model.encoder.class_images.normal_(generator=torch.Generator().manual_seed(1))
    images = np.random.default_rng(0).integers(0, 256, (2, 28, 28), dtype=np.uint8)
    with torch.no_grad():
        logvar = model.encode_as(torch.tensor(images)[:, None] / 255, torch.tensor([3, 8])).logvar
    found = posterior_draws.deviations(model, images, np.array([3, 8]))
    assert found == pytest.approx(np.sqrt(np.exp(logvar.numpy())), rel=1e-5)


def test_draws_have_the_moments_of_the_posterior_and_leave_class_weights_alone():
    mean, sigma = np.array([1.0, -2.0, 0.0, 1.0]), np.array([0.5, 2.0])
    draws = np.stack([posterior_draws.draw(mean, sigma, seed) for seed in range(1, 4001)])
    assert draws[:, :2].mean(0) == pytest.approx(mean[:2], abs=4 * 2.0 / np.sqrt(4000))
    assert draws[:, :2].std(0) == pytest.approx(sigma, rel=0.05)
    assert (draws[:, 2:] == mean[2:]).all()
    assert (posterior_draws.draw(mean, sigma, 7) == draws[6]).all()

"""Several completions of a picture: their mean and spread against the closed form of a linear model."""

import numpy as np
import pytest
import torch

from core.evaluation.completions import complete
from core.images import masks
from core.models import AutoDecoder
from core.models.variational_auto_decoder import VariationalAutoDecoder
from core.system.progress import Steps
from tests.core.evaluation.test_inpainting import conditional_mean, digits, linear

IMAGE = np.full((28, 28), 110, np.uint8) + digits(1)[0] // 4


def independent(family):
    """A linear model in which each latent moves pixels of its own, so that the posterior of z is independent too."""
    model = linear(family)
    own = torch.arange(784)[:, None] % model.latent_dim == torch.arange(model.latent_dim)
    model.decoder[0].weight.data *= own
    return model


@pytest.mark.parametrize("visible", [masks.half("top"), np.zeros((28, 28), bool)], ids=["half hidden", "all hidden"])
def test_draws_have_the_mean_and_deviation_of_the_exact_posterior(visible):
    model = independent(VariationalAutoDecoder)
    made = Steps(complete(model, IMAGE, visible, count=300, starts=300, steps=80)).end()
    a, seen = model.decoder[0].weight.double().numpy(), visible.ravel()
    variance = 1 / (1 + np.square(a[seen]).sum(0) / model.likelihood.sigma**2)
    wanted = np.sqrt(np.square(a) @ variance)[~seen]
    assert np.abs(made.spread.ravel()[~seen] - wanted).mean() < 0.15 * wanted.mean()
    mean = (made.pictures / 255).mean(0).ravel()[~seen]
    exact = conditional_mean(model, IMAGE, visible) if seen.any() else np.full(784, 0.4)
    assert np.abs(mean - exact).mean() < 0.3 * wanted.mean()


def test_points_end_where_the_visible_pixels_leave_one_optimum_and_only_the_best_are_kept():
    model, visible = independent(AutoDecoder), masks.half("left")
    made = Steps(complete(model, IMAGE, visible, count=4, starts=9, steps=150)).end()
    assert made.pictures.shape == (4, 28, 28) and made.spread.max() < 0.01
    errors = np.square(made.pictures / 255.0 - IMAGE / 255.0)[:, visible].mean(1)
    assert made.visible_mse == pytest.approx(errors)
    again = Steps(complete(model, IMAGE, visible, count=4, starts=9, steps=150)).end()
    assert np.array_equal(made.pictures, again.pictures), "the same seed gives the same completions"

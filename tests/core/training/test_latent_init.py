"""Starting points of latent tables for large images: the Gram matrix gives what the covariance matrix gives."""

import pytest
import torch

from core.models import build
from core.training import latent_init
from tests.tiny_runs import tiny


def images(n: int) -> torch.Tensor:
    return torch.randint(0, 256, (n, 3, 10, 12), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


@pytest.mark.parametrize("n", [40, 500])
@pytest.mark.parametrize("start", ["pca", "ppca"])
def test_tables_of_large_images_are_those_of_the_covariance_matrix(monkeypatch, n, start):
    recipe = tiny("auto-decoder", dataset="digits", image_shape=(3, 10, 12), latent_init=start, latent_dim=5)
    known = latent_init.initial_table(recipe, images(n))
    monkeypatch.setattr(latent_init, "SMALL_IMAGE", 1)
    torch.testing.assert_close(latent_init.initial_table(recipe, images(n)), known, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n", [40, 500])
def test_the_regression_on_large_images_is_that_of_the_covariance_matrix(monkeypatch, n):
    recipe = tiny("auto-decoder", dataset="digits", image_shape=(3, 10, 12), latent_dim=4)
    weights = []
    for small in (10_000, 1):
        monkeypatch.setattr(latent_init, "SMALL_IMAGE", small)
        model = build(recipe)
        model.table = torch.randn(n, 4, generator=torch.Generator().manual_seed(1))
        latent_init.fit_ridge(model, images(n))
        weights.append(model.ridge_weight.clone())
    assert weights[0].abs().max() > 0
    torch.testing.assert_close(*weights, rtol=1e-4, atol=1e-6)

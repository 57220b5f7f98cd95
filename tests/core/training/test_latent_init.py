"""Starting points of latent tables, and of linear layers beside the networks: PCA, by whichever matrix."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from core.models import build
from core.models.layers import layers_of
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


def smooth_images(n: int, shape: tuple[int, int, int] = (3, 10, 12)) -> torch.Tensor:
    """Images whose variances fall as those of photos do: few directions hold most."""
    generator = torch.Generator().manual_seed(3)
    size = shape[0] * shape[1] * shape[2]
    axes = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64)).Q
    spread = 300.0 / torch.arange(1, size + 1)
    pixels = 128 + (torch.randn(n, size, generator=generator, dtype=torch.float64) * spread) @ axes.T
    return pixels.clamp(0, 255).to(torch.uint8).reshape(n, *shape)


@pytest.mark.slow
def test_directions_of_many_large_images_are_scikit_learns(monkeypatch):
    monkeypatch.setattr(latent_init, "SMALL_IMAGE", 1)
    monkeypatch.setattr(latent_init, "FITTED_LARGE", 10)
    pictures = smooth_images(400)
    found, known = latent_init._principal(pictures, 6), PCA(6).fit(pictures.flatten(1).double().numpy() / 255)
    np.testing.assert_allclose(found.variances, known.explained_variance_, rtol=1e-4)
    cosines = np.abs((known.components_ * found.directions.numpy().T).sum(1))
    np.testing.assert_allclose(cosines, 1.0, atol=1e-4)
    others = np.linalg.eigvalsh(np.cov(pictures.flatten(1).double().numpy().T / 255))[:-6].sum() / (360 - 6)
    assert found.left_out == pytest.approx(others, rel=1e-4)


def pca_of(pictures: torch.Tensor, d: int) -> np.ndarray:
    flat = pictures.flatten(1).double().numpy() / 255
    known = PCA(d, svd_solver="full").fit(flat)
    return known.inverse_transform(known.transform(flat))


@pytest.mark.parametrize("network", ["conv", "patch", "mlp"])
def test_networks_beside_linear_layers_begin_as_pca(network):
    recipe = tiny(
        "plane-ae", image_shape=(3, 10, 12), network=network, likelihood="mse", linear_path="pca", latent_dim=5
    )
    model, pictures = build(recipe), smooth_images(300)
    latent_init.start_linear(model, recipe, pictures)
    x = pictures.float() / 255
    drawn = model.decoder(model.encode(x).mean).detach().flatten(1).numpy()
    np.testing.assert_allclose(drawn, pca_of(pictures, 5), atol=2e-5)
    model.decoder.body.apply(lambda layer: layer.reset_parameters() if hasattr(layer, "reset_parameters") else None)
    assert not np.allclose(model.decoder(model.encode(x).mean).detach().flatten(1).numpy(), drawn), (
        "the network is there"
    )


@pytest.mark.slow
def test_a_vae_beside_linear_layers_begins_as_probabilistic_pca():
    recipe = tiny("mlp-vae", image_shape=(3, 10, 12), likelihood="logistic", linear_path="pca", latent_dim=5)
    model, pictures = build(recipe), smooth_images(500)
    latent_init.start_linear(model, recipe, pictures)
    flat = pictures.flatten(1).double().numpy() / 255
    known = PCA(5, svd_solver="full").fit(flat)
    noise, q = known.noise_variance_, model.encode(pictures.float() / 255)
    expected = noise / known.explained_variance_
    np.testing.assert_allclose(q.logvar.exp().detach().numpy(), np.tile(expected, (500, 1)), rtol=0.03)
    # The posterior of Tipping & Bishop, whose decoder shrinks what PCA gives back by 1 − σ².
    shrunk = known.mean_ + (known.transform(flat) * (1 - expected)) @ known.components_
    np.testing.assert_allclose(model.decoder(q.mean).detach().flatten(1).numpy(), shrunk, atol=5e-3)
    assert model.likelihood.sigma == pytest.approx(noise**0.5, rel=0.02)


def test_an_auto_decoder_beside_a_linear_layer_begins_at_pca_of_its_images():
    recipe = tiny("plane-ad", image_shape=(3, 10, 12), likelihood="mse", linear_path="pca", latent_dim=5)
    model, pictures = build(recipe), smooth_images(300)
    table = latent_init.initial_table(recipe, pictures)
    latent_init.start_linear(model, recipe, pictures)
    np.testing.assert_allclose(model.decoder(table).detach().flatten(1).numpy(), pca_of(pictures, 5), atol=2e-5)


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("likelihood", ["gaussian-learned", "logistic"])
def test_fewer_images_than_latent_dimensions_are_drawn_exactly_with_a_sigma_that_learns(n, likelihood):
    recipe = tiny("mlp-vae", image_shape=(3, 10, 12), likelihood=likelihood, linear_path="pca", latent_dim=8)
    model, pictures = build(recipe), smooth_images(n)
    latent_init.start_linear(model, recipe, pictures)
    x = pictures.float() / 255
    torch.testing.assert_close(model.decoder(model.encode(x).mean), x, atol=2e-3, rtol=0)
    assert model.likelihood.sigma == pytest.approx(0.01)
    model.loss(x, torch.Generator().manual_seed(0)).terms["recon"].sum().backward()
    (scale,) = model.likelihood.parameters()
    assert torch.isfinite(scale.grad) and scale.grad != 0


def test_the_linear_layer_is_the_last_one_of_a_diagram_and_of_cross_entropy_there_is_none():
    recipe = tiny("plane-ae", image_shape=(3, 10, 12), likelihood="mse", linear_path="pca")
    model, z = build(recipe), torch.randn(4, 2)
    last = layers_of(model.decoder, z)[-1]
    assert (last.kind, last.inputs, last.shape) == ("linear path", (2,), (3, 10, 12))
    np.testing.assert_array_equal(last.values, model.decoder(z).detach().numpy())
    logits = recipe.with_(likelihood="bernoulli")
    assert not logits.beside_pca and "linear path" not in [one.kind for one in layers_of(build(logits).decoder, z)]

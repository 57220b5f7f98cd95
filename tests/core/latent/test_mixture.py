"""Sampling from fitted latents: the mixture against its closed form and scikit-learn, and what is kept of it."""

import os

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from core import data, runs
from core.latent import mixture, sampling
from core.latent.mixture import Mixture
from core.models import build
from core.runs import weights
from core.system import cache as system_cache
from core.system import paths
from tests.tiny_runs import tiny, trained


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))


def three_heaps(n: int = 1_200, d: int = 3) -> np.ndarray:
    """Latents round three places, each heap stretched in its own way."""
    rng = np.random.default_rng(0)
    places, stretch = 6 * rng.normal(size=(3, d)), rng.normal(size=(3, d, d))
    which = rng.integers(0, 3, n)
    return places[which] + np.einsum("nd,nde->ne", rng.normal(size=(n, d)), stretch[which])


@pytest.fixture(scope="module")
def fitted() -> Mixture:
    return mixture.fit(three_heaps(), components=3)


@pytest.mark.parametrize("temperature", [1.0, 0.5, 0.0])
def test_many_draws_have_the_mean_and_covariance_of_the_closed_form(fitted, temperature):
    z = fitted.draw(200_000, seed=4, temperature=temperature).astype(np.float64)
    cooled = Mixture(fitted.weights, fitted.means, temperature**2 * fitted.covariances, fitted.latents)
    mean, cov = cooled.moments()
    error = 5 * np.sqrt(cov.diagonal().max() / len(z))
    assert z.mean(0) == pytest.approx(mean, abs=error)
    assert np.cov(z.T) == pytest.approx(cov, abs=0.02 * cov.diagonal().max())


def test_the_closed_form_is_that_of_the_latents_themselves(fitted):
    """EM fits the first two moments exactly, but for the floor under the variances."""
    latents = three_heaps()
    mean, cov = fitted.moments()
    assert mean == pytest.approx(latents.mean(0), abs=1e-6)
    floor = mixture.VARIANCE_FLOOR * latents.var(0).mean()
    assert cov == pytest.approx(np.cov(latents.T, bias=True) + floor * np.eye(3), abs=1e-6)


def test_the_log_density_is_scikit_learns(fitted):
    oracle = GaussianMixture(3)
    oracle.weights_, oracle.means_, oracle.covariances_ = fitted.weights, fitted.means, fitted.covariances
    oracle.precisions_cholesky_ = np.linalg.cholesky(np.linalg.inv(fitted.covariances))
    z = np.concatenate([three_heaps(50), 100 * np.ones((1, 3))])
    assert fitted.log_density(z) == pytest.approx(oracle.score_samples(z), rel=1e-9)


def test_each_heap_gets_its_share_of_the_draws(fitted):
    z = fitted.draw(30_000, seed=0)
    nearest = np.linalg.norm(z[:, None] - fitted.means, axis=2).argmin(1)
    shares = np.bincount(nearest, minlength=3) / len(z)
    assert shares == pytest.approx(fitted.weights, abs=0.05)


def test_a_seed_means_the_same_points_and_more_points_begin_with_the_same(fitted):
    assert np.array_equal(fitted.draw(5, 7), fitted.draw(12, 7)[:5])
    assert not np.array_equal(fitted.draw(5, 7), fitted.draw(5, 8))
    assert fitted.draw(0, 0).shape == (0, 3) and fitted.draw(2, 0).dtype == np.float32


def test_with_few_latents_for_many_dimensions_there_are_fewer_components():
    rng = np.random.default_rng(1)
    assert len(mixture.fit(rng.normal(size=(200, 25)), 10).weights) == 4
    assert len(mixture.fit(rng.normal(size=(20, 60)), 10).weights) == 1
    assert np.isfinite(mixture.fit(np.ones((1, 4))).draw(3, 0)).all(), "one image alone"


def test_a_collapsed_dimension_and_coinciding_latents_are_no_error():
    latents = three_heaps(300)
    latents[:, 1] = 0
    assert abs(mixture.fit(latents).draw(2_000, 0)[:, 1]).max() < 1
    assert np.isfinite(mixture.fit(np.zeros((50, 3))).draw(10, 0)).all()


def test_latents_that_are_not_numbers_are_refused():
    with pytest.raises(runs.RunError, match="finite"):
        mixture.fit(np.full((20, 2), np.nan))


@pytest.fixture(scope="module")
def auto_decoder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(tmp_path_factory.mktemp("runs")))
        return trained(tiny("auto-decoder", network="mlp", latent_dim=4, train_images=0, batch_size=64, epochs=2))


def of(run: runs.Run) -> Mixture:
    return mixture.for_run(run, weights.load_model(run))


@pytest.mark.slow
def test_a_run_is_fitted_once_and_read_the_next_time(auto_decoder, monkeypatch):
    first = of(auto_decoder)
    assert first.latents == len(weights.load_model(auto_decoder).table) and len(first.weights) == 10
    monkeypatch.setattr(mixture, "fit", None)
    again = of(auto_decoder)
    assert all(np.array_equal(getattr(first, name), getattr(again, name)) for name in ("weights", "means"))
    assert np.array_equal(first.draw(9, 3), again.draw(9, 3))


def test_it_is_fitted_to_the_rows_of_the_table(auto_decoder):
    rows = weights.load_model(auto_decoder).table.numpy()
    assert of(auto_decoder).moments()[0] == pytest.approx(rows.mean(0), abs=1e-5)


def test_other_weights_have_another_mixture(auto_decoder, tmp_path, monkeypatch):
    one = of(auto_decoder)
    model = weights.load_model(auto_decoder)
    model.table += 5
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "others"))
    other = runs.create(auto_decoder.recipe, "other")
    weights.save(other.path / "best.safetensors", model.state_dict(), {"epoch": 1})
    assert of(other).moments()[0] == pytest.approx(one.moments()[0] + 5, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["truncated", "another shape", "not positive"])
def test_a_damaged_file_is_ignored(auto_decoder, damage):
    first = of(auto_decoder)
    (path,) = paths.cache_folder().glob("mixture-*")
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:90])
    else:
        arrays, facts = system_cache.load(path)
        if damage == "another shape":
            arrays["means"] = arrays["means"][:, :2]
        else:
            arrays["covariances"] = -arrays["covariances"]
        system_cache.save(path, arrays, facts)
    assert np.array_equal(of(auto_decoder).draw(5, 0), first.draw(5, 0))


def test_a_folder_of_runs_or_a_cache_that_cannot_be_written_to_is_no_trouble(auto_decoder, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "file" / "cache"))
    before = sorted(os.listdir(auto_decoder.path))
    assert len(of(auto_decoder).weights) == 10
    assert sorted(os.listdir(auto_decoder.path)) == before, "the run's own folder is left alone"


def test_without_its_data_set_a_table_still_has_its_latents_and_an_encoder_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "data"))
    table = runs.create(tiny("auto-decoder", network="mlp", dataset="mnist"), "table")
    model = build(table.recipe)
    model.table = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    weights.save(table.path / "best.safetensors", model.state_dict(), {"epoch": 1})
    assert of(table).latents == 100
    encoder = runs.create(tiny("mlp-vae", dataset="mnist"), "encoder")
    weights.save(encoder.path / "best.safetensors", build(encoder.recipe).state_dict(), {"epoch": 1})
    with pytest.raises(data.DataError, match="not on this machine"):
        of(encoder)


def test_each_source_draws_from_where_it_says():
    vae, ae = build(tiny("mlp-vae", latent_dim=3)), build(tiny("deep-ae", latent_dim=3))
    for model in (vae, ae):
        model.latent_mean.copy_(torch.tensor([1.0, -2.0, 3.0]))
        model.latent_cov.copy_(torch.tensor([[2.0, 0.6, 0.0], [0.6, 1.0, 0.0], [0.0, 0.0, 0.5]]))
        assert np.array_equal(mixture.draw(model, "prior", 5, 3, 0.5), sampling.prior(5, 3, 3, 0.5))
        z = mixture.draw(model, "gaussian", 100_000, 0)
        assert z.mean(0) == pytest.approx(model.latent_mean.numpy(), abs=0.03)
        assert np.cov(z.T) == pytest.approx(model.latent_cov.numpy(), abs=0.04)
        with pytest.raises(ValueError, match="needs the mixture"):
            mixture.draw(model, "mixture", 1, 0)
    assert (mixture.default_sampler(vae), mixture.default_sampler(ae)) == ("prior", "gaussian")
    assert np.array_equal(mixture.draw(ae, "gaussian", 4, 1), sampling.sample_latents(ae, sampling.prior(4, 3, 1))), (
        "an autoencoder's own samples"
    )


def test_the_root_of_the_covariance_does_not_hang_on_the_signs_of_eigenvectors(monkeypatch):
    """Another machine's LAPACK may turn them round; a seed must mean the same picture there."""
    ae = build(tiny("deep-ae", latent_dim=3))
    ae.latent_cov.copy_(torch.tensor([[2.0, 0.6, 0.1], [0.6, 1.0, 0.2], [0.1, 0.2, 0.5]]))
    here, eigh = mixture.draw(ae, "gaussian", 6, 0), torch.linalg.eigh

    def turned(matrix):
        values, vectors = eigh(matrix)
        return values, vectors * torch.tensor([-1.0, 1.0, -1.0])

    monkeypatch.setattr(torch.linalg, "eigh", turned)
    assert mixture.draw(ae, "gaussian", 6, 0) == pytest.approx(here, abs=1e-6)

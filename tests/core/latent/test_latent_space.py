"""Walks through the latent space against closed forms."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from core.latent import axes as latent_axes
from core.latent import codec as ls
from core.latent import sampling, walks
from core.models import build
from core.recipes.adaptation import for_digits
from core.recipes.presets import preset

T = np.linspace(0, 1, 11)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def vae():
    model = build(preset("mlp-vae").with_(hidden=(16,), latent_dim=4)).eval()
    model.kl_per_dim.copy_(torch.tensor([0.5, 0.001, 2.0, float("nan")]))
    return model


@pytest.fixture(scope="module")
def ae():
    model = build(for_digits(preset("deep-ae")).with_(hidden=(16,), latent_dim=3)).eval()
    model.latent_mean.copy_(torch.tensor([1.0, -2.0, 0.5]))
    model.latent_cov.copy_(torch.tensor([[4.0, 1.0, 0.0], [1.0, 9.0, 0.0], [0.0, 0.0, 0.0]]))
    return model


def test_a_seed_means_the_same_draw_and_temperature_only_scales_it():
    assert np.array_equal(sampling.prior(5, 3, seed=7), sampling.prior(5, 3, seed=7))
    assert not np.array_equal(sampling.prior(5, 3, seed=7), sampling.prior(5, 3, seed=8))
    assert np.allclose(sampling.prior(5, 3, seed=7, temperature=0.5), 0.5 * sampling.prior(5, 3, seed=7))
    assert not sampling.prior(5, 3, seed=7, temperature=0).any()


def test_the_prior_is_a_standard_normal():
    draws = sampling.prior(20_000, 2, seed=1)
    assert draws.dtype == np.float32 and draws.shape == (20_000, 2)
    assert stats.kstest(draws.ravel(), "norm").pvalue > 0.001


def test_a_sweep_changes_one_coordinate_and_runs_from_end_to_end(rng):
    z, dims, steps = rng.normal(size=5).astype(np.float32), [3, 0], 7
    points = walks.sweeps(z, dims, -3, 3, steps)
    assert points.shape == (14, 5)
    for row, dim in enumerate(dims):
        part = points[row * steps : (row + 1) * steps]
        others = [k for k in range(5) if k != dim]
        assert np.array_equal(part[:, others], np.tile(z[others], (steps, 1)))
        assert np.allclose(part[:, dim], [-3, -2, -1, 0, 1, 2, 3])


def test_a_sweep_takes_ends_per_dimension():
    low, high = np.array([-1.0, -2.0]), np.array([1.0, 4.0])
    points = walks.sweeps(np.zeros(2), [0, 1], low, high, 3).reshape(2, 3, 2)
    assert np.allclose(points[0, :, 0], [-1, 0, 1]) and np.allclose(points[1, :, 1], [-2, 1, 4])


def test_lerp_is_a_straight_line(rng):
    a, b = rng.normal(size=(2, 6))
    path = walks.lerp(a, b, T)
    assert np.allclose(path[0], a) and np.allclose(path[-1], b) and np.allclose(path[5], (a + b) / 2, atol=1e-6)


def test_slerp_starts_and_ends_exactly_and_its_length_goes_evenly(rng):
    a, b = rng.normal(size=(2, 20))
    path = walks.slerp(a, 3 * b, T)
    assert np.allclose(path[0], a, atol=1e-6) and np.allclose(path[-1], 3 * b, atol=1e-5)
    lengths = np.linalg.norm(path, axis=1)
    assert np.allclose(lengths, np.linspace(lengths[0], lengths[-1], 11), rtol=1e-5)


def test_slerp_turns_evenly(rng):
    a, b = rng.normal(size=(2, 20))
    path = walks.slerp(a, b, T)
    units = path / np.linalg.norm(path, axis=1, keepdims=True)
    turns = np.arccos(np.clip((units[1:] * units[:-1]).sum(1), -1, 1))
    whole = math.acos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    assert np.allclose(turns, whole / 10, atol=1e-3)


def test_slerp_between_perpendicular_units_is_a_circle():
    path = walks.slerp(np.array([1.0, 0]), np.array([0, 1.0]), T)
    assert np.allclose(path, np.stack([np.cos(T * np.pi / 2), np.sin(T * np.pi / 2)], axis=1), atol=1e-6)


@pytest.mark.parametrize("b", [[2.0, 0, 0], [0.0, 0, 0], [1.0, 1e-9, 0]])
def test_slerp_along_one_direction_is_the_straight_line(b):
    a = np.array([1.0, 0, 0])
    assert np.allclose(walks.slerp(a, np.array(b), T), walks.lerp(a, np.array(b), T), atol=1e-6)


@pytest.mark.parametrize("noise", [0.0, 1e-9])
def test_slerp_between_opposite_vectors_goes_half_a_turn_and_not_through_zero(noise):
    a = np.array([0.0, 2.0, 0.0])
    path = walks.slerp(a, -a + noise, T)
    assert np.isfinite(path).all()
    assert np.allclose(np.linalg.norm(path, axis=1), 2, atol=1e-5)
    assert np.allclose(path[0], a, atol=1e-5) and np.allclose(path[-1], -a, atol=1e-5)


def test_slerp_in_one_dimension_is_the_straight_line():
    assert np.allclose(walks.slerp(np.array([1.0]), np.array([-1.0]), T)[:, 0], 1 - 2 * T, atol=1e-6)


def test_log_prior_is_the_normal_density(rng):
    z = rng.normal(size=8)
    assert sampling.log_prior(z) == pytest.approx(stats.multivariate_normal(np.zeros(8)).logpdf(z), rel=1e-9)


def test_sliders_come_by_kl_and_dead_dimensions_last(vae):
    axes = latent_axes.axes(vae)
    assert axes.order.tolist() == [2, 0, 1, 3]
    assert axes.dead.tolist() == [False, True, False, True]
    assert np.array_equal(axes.to_z([1, 2, 3, 4]), [1, 2, 3, 4])


def test_an_autoencoders_sliders_run_over_its_latents(ae):
    axes = latent_axes.axes(ae)
    assert axes.order.tolist() == [1, 0, 2] and axes.dead.tolist() == [False, False, True]
    assert np.allclose(axes.to_z([3, -3, 0]), [1 + 3 * 2, -2 - 3 * 3, 0.5])
    assert np.allclose(axes.to_sigma_units(axes.to_z([0.3, -0.7, 1.5])), [0.3, -0.7, 1.5], atol=1e-6)


def test_points_with_a_prior_have_its_axes_and_come_by_their_spread():
    model = build(preset("wae").with_(hidden=(16,), latent_dim=3)).eval()
    model.latent_mean.copy_(torch.tensor([0.3, 0.0, 0.1]))
    model.latent_cov.copy_(torch.diag(torch.tensor([0.81, 1.21, 0.0])))
    axes = latent_axes.axes(model)
    assert axes.weight.tolist() == pytest.approx([0.9, 1.1, 0.0]) and axes.order.tolist() == [1, 0, 2]
    assert axes.dead.tolist() == [False, False, True]
    assert np.array_equal(axes.to_z([1, 2, 3]), [1, 2, 3]), "σ is the prior's"


def test_an_autoencoder_samples_the_gaussian_of_its_latents(ae):
    z = sampling.sample_latents(ae, sampling.prior(50_000, 3, seed=0))
    assert np.allclose(z.mean(0), ae.latent_mean, atol=0.05)
    assert np.allclose(np.cov(z.T), ae.latent_cov, atol=0.15)


def test_a_vae_samples_its_prior(vae):
    noise = sampling.prior(3, 4, seed=0)
    assert np.array_equal(sampling.sample_latents(vae, noise), noise)


def test_decoding_in_chunks_changes_nothing(vae):
    z = sampling.prior(10, 4, seed=0)
    whole = ls.decode(vae, z, chunk=10)
    assert whole.shape == (10, 28, 28) and whole.dtype == np.uint8
    assert np.abs(ls.decode(vae, z, chunk=3).astype(int) - whole).max() <= 1
    assert ls.decode(vae, z[:0]).shape == (0, 28, 28)


def test_decoding_gives_what_the_model_gives(vae):
    z = sampling.prior(4, 4, seed=0)
    with torch.no_grad():
        expected = (vae.decode(torch.from_numpy(z))[:, 0].numpy() * 255).round()
    assert np.array_equal(ls.decode(vae, z), expected)


def test_encoding_gives_the_posterior_mean_of_read_only_images(vae, rng):
    pixels = rng.integers(0, 256, (5, 28, 28), dtype=np.uint8)
    pixels.flags.writeable = False
    with torch.no_grad():
        expected = vae.encode(torch.tensor(pixels)[:, None].float() / 255).mean.numpy()
    assert np.allclose(ls.encode(vae, pixels, chunk=2), expected, atol=1e-5)


@pytest.mark.parametrize("preset_name", ["plane-ad", "plane-vad"])
def test_a_watched_search_finds_what_encoding_finds_and_tells_how_far_it_is(preset_name, rng):
    model = build(preset(preset_name).with_(hidden=(16,))).eval().requires_grad_(False)
    pixels, parts = rng.integers(0, 256, (300, 28, 28), dtype=np.uint8), []
    search = ls.encoding_progress(model, pixels)
    while True:
        try:
            parts.append(next(search))
        except StopIteration as end:
            assert np.allclose(end.value.mean, ls.encode(model, pixels), atol=1e-4)
            break
    assert parts == sorted(parts) and 0 < parts[0] < 0.1 and parts[-1] <= 1

"""Holes of a latent plane: the density against the true one, and the share of points that lie in holes."""

import numpy as np
import pytest

from core.evaluation import holes


def two_heaps(n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random((n, 1)) < 0.5, -4.0, 4.0) * np.array([1.0, 0.0]) + 0.5 * rng.normal(size=(n, 2))


def test_the_density_of_a_gaussian_is_that_of_its_formula():
    z = np.random.default_rng(1).normal(size=(200_000, 2)) * [1.0, 3.0] + [2.0, -1.0]
    found = holes.density_of(z)
    at = np.array([[2.0, -1.0], [3.0, -1.0], [2.0, 2.0], [3.0, 2.0]])
    expected = np.exp(-0.5 * (((at - [2.0, -1.0]) / [1.0, 3.0]) ** 2).sum(1))
    assert found.at(at) / found.at(at)[0] == pytest.approx(expected, rel=0.05)


def test_one_in_a_hundred_of_the_latents_lies_in_a_hole_also_of_new_ones():
    found = holes.density_of(two_heaps(20_000))
    assert found.share_in_holes(two_heaps(20_000)) == pytest.approx(holes.LEAST_SHARE, abs=2e-3)
    assert found.share_in_holes(two_heaps(20_000, seed=5)) == pytest.approx(holes.LEAST_SHARE, abs=4e-3)


def test_between_the_heaps_and_outside_the_window_is_a_hole():
    found = holes.density_of(two_heaps(20_000))
    assert found.share_in_holes(np.array([[0.0, 0.0], [1e6, 0.0], [-1e6, -1e6], [np.nan, 0.0]])) == 1.0
    assert found.share_in_holes(np.array([[4.0, 0.0], [-4.0, 0.2]])) == 0.0
    # A Gaussian with the same mean and covariance: 4 / (2 · 0.5) = 8 heap widths of its mass lie between the heaps.
    z = two_heaps(20_000)
    drawn = np.random.default_rng(2).multivariate_normal(z.mean(0), np.cov(z.T), 20_000)
    assert 0.4 < found.share_in_holes(drawn) < 0.9


def test_a_sampler_reaches_the_latents_that_lie_where_it_draws():
    latents = two_heaps(20_000)
    assert holes.share_reached(two_heaps(20_000, seed=3), latents) == pytest.approx(0.99, abs=4e-3)
    left = two_heaps(20_000)
    assert holes.share_reached(left[left[:, 0] < 0], latents) == pytest.approx(0.5, abs=0.02)
    narrow = 0.01 * np.random.default_rng(4).normal(size=(5_000, 2)) + [4.0, 0.0]
    assert holes.share_reached(narrow, latents) < 0.01, "it avoids all holes and reaches nothing"
    assert np.isnan(holes.share_reached(latents[:1], latents))


def test_latents_that_coincide_are_no_trouble():
    found = holes.density_of(np.ones((10, 2)))
    assert found.share_in_holes(np.ones((3, 2))) == 0.0 and found.share_in_holes(np.zeros((3, 2))) == 1.0

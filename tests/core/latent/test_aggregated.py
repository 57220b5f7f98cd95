"""The aggregated posterior against the prior: closed forms, SciPy's distributions and brute force."""

import math

import numpy as np
import pytest
from scipy import stats

from core.latent import aggregated

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.99])
def test_the_radius_of_a_circle_is_the_quantile_of_chi(share):
    assert aggregated.quantile_radius(share) == pytest.approx(stats.chi(2).ppf(share))


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_shares_inside_are_those_of_a_rayleigh_distribution(scale):
    n = 40_000
    held = aggregated.shares_inside(scale * RNG.standard_normal((n, 2)))
    for share, quantile in zip(held, aggregated.QUANTILES, strict=True):
        wanted = stats.rayleigh(scale=scale).cdf(aggregated.quantile_radius(quantile))
        assert share == pytest.approx(wanted, abs=4 * math.sqrt(0.25 / n))
    assert all(map(math.isnan, aggregated.shares_inside(np.zeros((0, 2)))))


def test_circles_say_what_they_hold_of_the_prior_and_of_points():
    points = np.array([[0, 0], [0, 2], [3, 0], [9, 9]])
    assert [held for _, _, held in aggregated.circles(points)] == [0.25, 0.5, 0.75]
    assert all(held is None for _, _, held in aggregated.circles()) and len(aggregated.circles(np.zeros((0, 2)))) == 3
    for radius, share, _ in aggregated.circles():
        assert stats.chi2(2).cdf(radius**2) == pytest.approx(share)


def test_draws_have_the_moments_of_the_mixture_and_points_are_themselves():
    mean, sigma = RNG.normal(size=(20_000, 2)) * [0.6, 2], np.array([0.8, 0.1])
    z = aggregated.draws(mean.astype(np.float32), np.broadcast_to(sigma, mean.shape).astype(np.float32))
    assert np.allclose(z.var(0), mean.var(0) + sigma**2, rtol=0.03)
    assert np.array_equal(aggregated.draws(mean, None), mean.astype(np.float32))


def brute_force(x, y):
    pooled = np.concatenate([x, y])
    n, m = len(x), len(y)
    distances = [math.dist(pooled[i], pooled[j]) for i in range(n + m) for j in range(i)]
    h = float(np.median(distances))
    k = lambda a, b: math.exp(-(math.dist(a, b) ** 2) / (2 * h * h))  # noqa: E731
    within_x = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_y = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within_x + within_y - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


@pytest.mark.parametrize(("n", "m", "d"), [(2, 4, 2), (9, 6, 2), (5, 6, 3)])
def test_the_mmd_is_that_of_the_definition(n, m, d):
    x, y = RNG.normal(size=(n, d)), RNG.normal(size=(m, d)) * 2 + 1
    assert (n + m) * (n + m - 1) // 2 % 2 == 1, "then the median of the squares is the square of the median"
    assert aggregated.mmd(x, y) == pytest.approx(brute_force(x, y), abs=1e-12)


def test_the_mmd_is_zero_on_average_where_the_distributions_agree_and_grows_with_their_distance():
    same = [aggregated.mmd(RNG.normal(size=(60, 2)), RNG.normal(size=(80, 2))) for _ in range(150)]
    error = np.std(same) / math.sqrt(len(same))
    assert abs(np.mean(same)) < 4 * error and min(same) < 0 < max(same), "unbiased"
    near, far = (aggregated.mmd(RNG.normal(size=(200, 2)) + shift, RNG.normal(size=(200, 2))) for shift in (1, 4))
    assert 10 * error < near < far < 2


@pytest.mark.parametrize(("x", "y"), [(np.zeros((1, 2)), np.zeros((5, 2))), (np.zeros((4, 2)), np.zeros((5, 2)))])
def test_too_few_points_have_no_mmd(x, y):
    assert math.isnan(aggregated.mmd(x, y))

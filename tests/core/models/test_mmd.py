"""MMD of a batch: against a hand computation and loops over pairs; unbiased, whatever the size of the batch."""

import math

import numpy as np
import pytest
import torch

from core.models import build
from core.models.mmd import SCALES, mmd
from tests.tiny_runs import tiny


def kernel(a, b, d):
    return sum(2 * d * s / (2 * d * s + np.sum((a - b) ** 2)) for s in SCALES)


def test_it_is_the_mean_of_the_kernel_over_pairs_of_different_points():
    x, y = np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    among = kernel(x[0], x[1], 2) + kernel(y[0], y[1], 2)
    between = np.mean([kernel(a, b, 2) for a in x for b in y])
    assert float(mmd(torch.from_numpy(x), torch.from_numpy(y))) == pytest.approx(among - 2 * between, rel=1e-12)
    assert kernel(x[0], x[1], 2) == pytest.approx(sum(4 * s / (4 * s + 25) for s in SCALES))


def test_its_gradient_is_that_of_the_differences():
    draws = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: mmd(x, draws[1]), draws[0].requires_grad_())


def test_equal_distributions_have_an_mmd_of_0_within_two_standard_errors():
    generator = torch.Generator().manual_seed(0)
    draws = torch.randn(200, 2, 100, 8, generator=generator, dtype=torch.float64)
    found = np.array([float(mmd(x, y)) for x, y in draws])
    assert abs(found.mean()) < 2 * found.std() / math.sqrt(len(found)) and found.min() < 0 < found.max()


def test_it_grows_with_the_shift():
    draws = torch.randn(2, 400, 8, generator=torch.Generator().manual_seed(1))
    found = [float(mmd(draws[0] + shift, draws[1])) for shift in (0.0, 0.3, 0.6, 1.2, 2.4, 4.8)]
    assert (np.diff(found) > 0).all()


def test_its_mean_does_not_depend_on_the_size_of_the_batch():
    generator = torch.Generator().manual_seed(2)
    means, errors = [], []
    for size in (64, 256):
        x = torch.randn(200, size, 4, generator=generator) + 0.5
        y = torch.randn(200, size, 4, generator=generator)
        found = np.array([float(mmd(a, b)) for a, b in zip(x, y, strict=True)])
        means.append(found.mean())
        errors.append(found.std() / math.sqrt(len(found)))
    assert abs(means[0] - means[1]) < 2 * math.hypot(*errors)
    assert means[0] > 5 * errors[0]


@pytest.mark.parametrize("n", [0, 1])
def test_of_fewer_than_two_points_it_says_nothing(n):
    x = torch.zeros(n, 3, requires_grad=True)
    value = mmd(x, torch.zeros(n, 3))
    value.backward()
    assert float(value.detach()) == 0 and not x.grad.any()


def test_in_training_the_draws_of_the_prior_are_new_and_in_a_measurement_always_the_same():
    model = build(tiny("wae"))
    x = torch.rand(16, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    noise = torch.Generator().manual_seed(5)
    first, second = (float(model.loss(x, noise).terms["mmd"].detach()) for _ in range(2))
    posterior = model.encode(x)
    same = [float(model.losses_at(posterior, posterior.mean, x).terms["mmd"].detach()) for _ in range(2)]
    assert first != second and same[0] == same[1]


def test_an_image_that_is_searched_for_does_not_feel_the_others():
    model = build(tiny("info-vae", beta=0.5))
    x = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    posterior = model.encode(x)
    losses = model.losses_of_each(posterior, posterior.mean, x)
    assert set(losses.terms) == {"recon"}
    torch.testing.assert_close(losses.kl, posterior.kl().sum(1))
    assert float(model.beta) == 0.5 and float(build(tiny("wae")).beta) == 0 and float(build(tiny("tc-vae")).beta) == 1

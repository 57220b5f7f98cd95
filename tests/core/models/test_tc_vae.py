"""The parts of the KL in β-TCVAE: against a set small enough to enumerate, and against torch.distributions."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from core.models import Posterior, build
from core.models.tc_vae import log_aggregated, log_density
from tests.tiny_runs import tiny

N = 6


def toy(n=N, d=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    mean = 1.5 * torch.randn(n, d, generator=generator, dtype=torch.float64)
    logvar = -1.0 + 0.5 * torch.randn(n, d, generator=generator, dtype=torch.float64)
    return Posterior(mean, logvar)


def test_the_density_is_that_of_torch():
    posterior, z = toy(), torch.randn(N, 2, dtype=torch.float64)
    wanted = Normal(posterior.mean, (0.5 * posterior.logvar).exp()).log_prob(z)
    torch.testing.assert_close(log_density(z, posterior), wanted)


def test_a_batch_of_the_whole_set_has_the_exact_aggregated_posterior():
    posterior = toy()
    z = posterior.sample(torch.Generator().manual_seed(1))
    joint, each = log_aggregated(z, posterior, torch.tensor(float(N)))
    for i in range(N):
        densities = np.array(
            [
                Normal(posterior.mean[n], (0.5 * posterior.logvar[n]).exp()).log_prob(z[i]).exp().numpy()
                for n in range(N)
            ]
        )
        assert float(joint[i]) == pytest.approx(math.log(densities.prod(1).mean()))
        assert each[i].numpy() == pytest.approx(np.log(densities.mean(0)))


def test_over_all_batches_the_estimate_of_the_density_is_unbiased():
    """Over every batch of three that holds image 0, the mean estimate is the density of the mixture of all six."""
    from itertools import combinations

    posterior = toy()
    z = posterior.mean[:1] + 0.3
    whole, _ = log_aggregated(z.expand(N, -1), posterior, torch.tensor(float(N)))
    found = []
    for others in combinations(range(1, N), 2):
        rows = [0, *others]
        part = Posterior(posterior.mean[rows], posterior.logvar[rows])
        found.append(float(log_aggregated(z.expand(3, -1), part, torch.tensor(float(N)))[0][0].exp()))
    assert np.mean(found) == pytest.approx(float(whole[0].exp()))
    assert np.std(found) > 0


def test_the_parts_are_those_of_the_enumerated_distributions_and_add_up_to_the_kl():
    """On a grid: I(z; n), TC and Σ KL of six Gaussians in the plane, against the model's terms over many draws."""
    posterior, model = toy(), build(tiny("tc-vae"))
    model.set_training_images(N)
    side = np.linspace(-8, 8, 401)
    grid = torch.from_numpy(np.stack(np.meshgrid(side, side, indexing="ij"), -1).reshape(-1, 2))
    cell = (side[1] - side[0]) ** 2
    sigma = (0.5 * posterior.logvar).exp()
    each = torch.stack([Normal(posterior.mean[n], sigma[n]).log_prob(grid) for n in range(N)])  # [N, G, 2]
    q_given = each.sum(2)
    q = torch.logsumexp(q_given, 0) - math.log(N)
    q_each = (torch.logsumexp(each, 0) - math.log(N)).sum(1)
    prior = Normal(0.0, 1.0).log_prob(grid).sum(1)
    mi = float(((q_given.exp() * (q_given - q)).sum(1) * cell).mean())
    tc, dwkl = (float((q.exp() * part).sum() * cell) for part in (q - q_each, q_each - prior))
    generator = torch.Generator().manual_seed(2)
    draws = [model.regularizers(posterior, posterior.sample(generator)) for _ in range(2_000)]
    for name, wanted in (("mi", mi), ("tc", tc), ("dwkl", dwkl)):
        values = np.array([float(draw[name]) for draw in draws])
        assert abs(values.mean() - wanted) < 3 * values.std() / math.sqrt(len(values)), name
    assert mi + tc + dwkl == pytest.approx(float(posterior.kl().sum(1).mean()), rel=1e-3)


def test_independent_dimensions_have_no_total_correlation_and_one_image_no_information():
    model = build(tiny("tc-vae"))
    square = torch.tensor([[-2.0, -2.0], [-2.0, 2.0], [2.0, -2.0], [2.0, 2.0]])
    model.set_training_images(4)
    posterior = Posterior(square, torch.full((4, 2), -2.0))
    assert float(model.regularizers(posterior, posterior.mean)["tc"]) == pytest.approx(0, abs=1e-5)
    model.set_training_images(1)
    one = Posterior(square[:1], torch.zeros(1, 2))
    parts = model.regularizers(one, one.mean)
    assert float(parts["mi"]) == pytest.approx(0, abs=1e-6) and float(parts["tc"]) == pytest.approx(0, abs=1e-6)

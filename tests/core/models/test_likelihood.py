"""Losses against the distributions of torch itself, and against the arithmetic of a linear Gaussian world."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import (
    AffineTransform,
    Bernoulli,
    ContinuousBernoulli,
    MultivariateNormal,
    Normal,
    SigmoidTransform,
    TransformedDistribution,
    Uniform,
    kl_divergence,
)

from core.evaluation import metrics
from core.images.shape import GREY_28, ImageShape
from core.models import Posterior, likelihood
from core.models.likelihood import build
from core.models.vae import VAE
from core.recipes.likelihoods import GREY_PIXELS, LIKELIHOODS, bits_per_dim, caveat
from core.recipes.recipe import Recipe


def pictures(n: int = 7) -> torch.Tensor:
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(1))


def outputs(n: int = 7, scale: float = 3.0) -> torch.Tensor:
    return scale * torch.randn(n, 1, 28, 28, generator=torch.Generator().manual_seed(2))


def test_kl_equals_torch_distributions_in_every_dimension():
    mean = torch.randn(9, 5, dtype=torch.float64) * 3
    logvar = torch.randn(9, 5, dtype=torch.float64) * 4
    prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = kl_divergence(Normal(mean, (0.5 * logvar).exp()), prior)
    torch.testing.assert_close(Posterior(mean, logvar).kl(), expected)


def test_kl_is_zero_at_the_prior_and_positive_elsewhere():
    zeros = torch.zeros(1, 4)
    assert Posterior(zeros, zeros).kl().abs().max() == 0
    assert (Posterior(zeros + 0.1, zeros).kl() > 0).all() and (Posterior(zeros, zeros - 0.1).kl() > 0).all()


def test_a_point_has_no_kl_and_samples_itself():
    point = Posterior(torch.randn(3, 4))
    assert point.kl().shape == (3, 4) and not point.kl().any()
    assert point.sample() is point.mean


def test_samples_of_a_posterior_have_its_mean_and_width():
    mean, logvar = torch.tensor([[2.0, -1.0]]).expand(100_000, 2), torch.tensor([[0.0, -3.0]]).expand(100_000, 2)
    z = Posterior(mean, logvar).sample(torch.Generator().manual_seed(0))
    deviation = (0.5 * logvar[0]).exp()
    assert ((z.mean(0) - mean[0]).abs() < 4 * deviation / math.sqrt(len(z))).all()
    assert ((z.std(0) / deviation - 1).abs() < 0.01).all()


def test_the_gradient_reaches_the_posterior_through_a_sample():
    mean, logvar = torch.zeros(2, 3, requires_grad=True), torch.zeros(2, 3, requires_grad=True)
    Posterior(mean, logvar).sample(torch.Generator().manual_seed(0)).square().sum().backward()
    assert mean.grad.abs().min() > 0 and logvar.grad.abs().min() > 0


def test_bernoulli_equals_the_log_probability_of_torch():
    x, logits = pictures(), outputs()
    expected = -Bernoulli(logits=logits, validate_args=False).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(likelihood.Bernoulli().nll(logits, x), expected)


@pytest.mark.parametrize("logit", [-1e4, 1e4])
def test_bernoulli_and_its_gradient_are_finite_at_extreme_logits(logit):
    x, logits = pictures(), torch.full((7, 1, 28, 28), logit, requires_grad=True)
    nll = likelihood.Bernoulli().nll(logits, x)
    nll.sum().backward()
    wrong = (1 - x if logit > 0 else x).flatten(1).sum(1)
    torch.testing.assert_close(nll.detach(), 1e4 * wrong)  # the log-odds, for every part that is wrong
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("learned", [False, True])
def test_gaussian_equals_the_log_density_of_torch(learned):
    x, mean = pictures(), outputs()
    expected = -Normal(mean, 0.17).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(likelihood.Gaussian(0.17, learned).nll(mean, x), expected)


def test_mse_is_the_squared_error_summed_over_pixels():
    x, output = pictures(), outputs()
    expected = np.square(x.numpy() - output.numpy()).reshape(7, -1).sum(1)
    assert build("mse", 0.3).nll(output, x).numpy() == pytest.approx(expected, rel=1e-5)


def test_a_learned_sigma_converges_to_the_root_mean_squared_error():
    x, output = pictures(), pictures() + 0.05 * outputs(scale=1.0)
    rmse = math.sqrt(float((x - output).square().mean()))
    model = likelihood.Gaussian(0.5, learned=True)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = model.nll(output, x).mean() / 784
        loss.backward()
        return loss

    optimizer.step(closure)
    assert model.sigma == pytest.approx(rmse, rel=1e-3)


def test_a_fixed_sigma_is_no_parameter_and_a_learned_one_is():
    assert not list(likelihood.Gaussian(0.3).parameters())
    assert len(list(likelihood.Gaussian(0.3, learned=True).parameters())) == 1


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_what_is_shown_lies_between_black_and_white(name):
    shown = build(name, 0.3).mean(outputs(scale=1e3))
    assert shown.min() >= 0 and shown.max() <= 1


# The discretised logistic (PixelCNN++, Salimans et al. 2017): probabilities of the 256 levels.


def logistic(scale: float) -> likelihood.DiscretizedLogistic:
    """In double precision, with this scale."""
    model = likelihood.DiscretizedLogistic().double()
    with torch.no_grad():
        model.log_scale.fill_(math.log(scale))
    return model


def every_level(locations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs and images [256, 1, 1, n]: all levels at each location."""
    levels = (torch.arange(256, dtype=torch.float64) / 255).view(256, 1, 1, 1)
    return locations.view(1, 1, 1, -1).expand(256, 1, 1, -1), levels.expand(256, 1, 1, len(locations))


LOCATIONS = torch.tensor([-3.0, -0.01, 0.0, 0.002, 0.2, 0.5, 0.77, 0.999, 1.0, 1.4], dtype=torch.float64)
SCALES = [0.0012, 0.01, 0.1, 1.0]


@pytest.mark.parametrize("scale", SCALES)
def test_the_logistic_is_the_difference_of_the_distribution_functions_of_torch(scale):
    output, x = every_level(LOCATIONS)
    distribution = TransformedDistribution(
        Uniform(torch.zeros(1, dtype=torch.float64), 1, validate_args=False),
        [SigmoidTransform().inv, AffineTransform(LOCATIONS, scale)],
        validate_args=False,
    )
    upper, lower = distribution.cdf(x + 0.5 / 255), distribution.cdf(x - 0.5 / 255)
    upper[-1], lower[0] = 1.0, 0.0  # the bins of white and black are open-ended
    known = upper - lower
    found = torch.exp(-logistic(scale).per_value(output, x))
    torch.testing.assert_close(found, known, rtol=1e-6, atol=1e-14)


@pytest.mark.parametrize("scale", SCALES)
def test_the_probabilities_of_all_levels_add_up_to_one(scale):
    found = torch.exp(-logistic(scale).per_value(*every_level(LOCATIONS))).sum(0)
    torch.testing.assert_close(found, torch.ones_like(found), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("level", "location", "scale"), [(100, 0.41, 0.02), (3, 0.3, 0.05), (0, 0.1, 0.07), (255, 0.9, 0.02)]
)
def test_the_probability_of_a_level_is_the_integral_of_the_density_over_its_bin(level, location, scale):
    def density(x: float) -> float:
        return 1.0 / (4.0 * scale * math.cosh((x - location) / (2.0 * scale)) ** 2)

    low = location - 40 * scale if level == 0 else (level - 0.5) / 255
    high = location + 40 * scale if level == 255 else (level + 0.5) / 255
    edges = np.linspace(low, high, 200_001)
    values = np.array([density(x) for x in (edges[:-1] + edges[1:]) / 2])
    known = values.sum() * (high - low) / 200_000
    x, output = torch.tensor(level / 255.0, dtype=torch.float64), torch.tensor(location, dtype=torch.float64)
    found = float(torch.exp(-logistic(scale).per_value(output, x)).detach())
    assert found == pytest.approx(known, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_logistic_and_its_gradients_are_finite_far_from_the_image(dtype):
    model = likelihood.DiscretizedLogistic().to(dtype)
    for scale in (1e-9, 0.01, 1e9):  # the bounds of the scale hold
        with torch.no_grad():
            model.log_scale.fill_(math.log(scale))
        output = torch.tensor([-1e4, -1.0, 0.0, 0.5, 1.0, 1e4], dtype=dtype).view(1, 1, 1, 6).requires_grad_()
        images = torch.tensor([0.0, 128 / 255, 1.0], dtype=dtype).view(3, 1, 1, 1).expand(3, 1, 1, 6)
        nll = model.nll(output.expand(3, 1, 1, 6), images)
        model.zero_grad()
        nll.sum().backward()
        assert nll.isfinite().all() and output.grad.isfinite().all() and model.log_scale.grad.isfinite()
        assert (nll >= 0).all(), "a probability"


def test_float32_images_from_a_file_fall_into_their_own_bins():
    levels = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1)
    images = levels.float().div_(255.0)
    model = likelihood.DiscretizedLogistic()
    with torch.no_grad():
        model.log_scale.fill_(-7.0)
    assert (model.nll(images, images) < 0.25).all(), "at the location itself a narrow logistic is nearly certain"
    assert (model.nll(images.roll(1, 0), images) > 1).all()


@pytest.mark.parametrize("scale", SCALES)
def test_the_picture_shown_is_the_mean_of_the_levels(scale):
    output, x = every_level(LOCATIONS)
    model = logistic(scale)
    known = (torch.exp(-model.per_value(output, x)) * x).sum(0)[0, 0]
    found = model.mean(LOCATIONS)
    assert (found - known).abs().max() < 0.5 / 255, (
        "half a level: the closed form is that of a value cut off at 0 and 1"
    )


@pytest.mark.parametrize("scale", [0.01, 0.1])
def test_the_noise_of_the_logistic_is_one_over_the_curvature_at_the_image(scale):
    model, x = logistic(scale), torch.tensor(100 / 255, dtype=torch.float64)
    curvature = torch.autograd.functional.hessian(lambda output: model.per_value(output, x), x)
    assert model.noise(x) == pytest.approx(1 / float(curvature), rel=1e-6)


def test_a_learned_scale_converges_to_that_of_the_noise():
    generator = torch.Generator().manual_seed(0)
    uniform = torch.rand(40, 3, 20, 36, generator=generator, dtype=torch.float64)
    noise = 0.03 * (uniform.log() - (1 - uniform).log())
    images = ((0.5 + noise) * 255).round().clamp(0, 255) / 255
    model = likelihood.DiscretizedLogistic(0.4).double()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = model.nll(torch.full_like(images, 0.5), images).mean() / 2160
        loss.backward()
        return loss

    optimizer.step(closure)
    assert float(model.log_scale.detach().exp()) == pytest.approx(0.03, rel=0.01)
    assert model.sigma == pytest.approx(0.03 * math.pi / math.sqrt(3), rel=0.01)


def test_the_scale_begins_at_the_sigma_asked_for():
    assert likelihood.DiscretizedLogistic(0.17).sigma == pytest.approx(0.17, rel=1e-6)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_colour_is_scored_channel_by_channel_and_a_hidden_pixel_in_all_of_them(name):
    generator = torch.Generator().manual_seed(4)
    model = build(name, 0.2)
    x = torch.randint(0, 256, (5, 3, 10, 12), generator=generator).float() / 255
    output = torch.randn(5, 3, 10, 12, generator=generator)
    alone = torch.stack([model.nll(output[:, c : c + 1], x[:, c : c + 1]) for c in range(3)]).sum(0)
    torch.testing.assert_close(model.nll(output, x), alone)
    visible = torch.rand(5, 1, 10, 12, generator=generator) < 0.6
    values = model.per_value(output, x).detach()
    known = torch.stack([values[i][:, visible[i, 0]].sum() for i in range(5)])
    hidden = output.masked_fill(~visible, math.nan).requires_grad_()
    found = model.nll(hidden, x, visible)
    torch.testing.assert_close(found.detach(), known)
    found.sum().backward()
    assert hidden.grad.isfinite().all() and not hidden.grad[(~visible).expand_as(hidden)].any()


def test_bits_per_dimension_of_a_code_that_stores_the_image_as_it_is_are_eight():
    for shape in (GREY_28, ImageShape(3, 32, 32), ImageShape(1, 20, 36)):
        nats = shape.channels * shape.height * shape.width * math.log(256)
        assert bits_per_dim(nats, shape) == pytest.approx(8.0, rel=1e-12)
        for name in LIKELIHOODS:
            recipe = Recipe(dataset="digits", model="ae", likelihood=name, image_shape=shape.chw)
            bits = recipe.bits_per_dim(nats)
            assert (bits == pytest.approx(8.0)) if build(name, 0.3).of_levels else (bits is None)
    assert build("logistic", 0.3).of_levels and not build("bernoulli", 0.3).of_levels


# A linear Gaussian world: x = W z + b + σ ε, where log p(x) and the posterior are known in closed form.

D, PIXELS, SIGMA = 3, 784, 0.5


def linear_world(noise: float = 0.0) -> tuple[VAE, torch.Tensor, MultivariateNormal]:
    """A VAE whose encoder is the exact posterior (its mean off by `noise`), images, and p(x)."""
    generator = torch.Generator().manual_seed(0)
    # Orthogonal columns make the exact posterior diagonal, as the VAE's is.
    directions = torch.linalg.qr(torch.randn(PIXELS, D, generator=generator, dtype=torch.float64))[0]
    w = directions * torch.tensor([2.0, 1.0, 0.5], dtype=torch.float64)
    b = torch.rand(PIXELS, generator=generator, dtype=torch.float64)
    variance = 1 / (1 + w.square().sum(0) / SIGMA**2)

    decoder = nn.Linear(D, PIXELS).double()
    encoder = nn.Linear(PIXELS, 2 * D).double()
    with torch.no_grad():
        decoder.weight.copy_(w)
        decoder.bias.copy_(b)
        to_mean = variance[:, None] * w.T / SIGMA**2
        encoder.weight.copy_(torch.cat([to_mean, torch.zeros(D, PIXELS)]))
        encoder.bias.copy_(torch.cat([-to_mean @ b + noise, variance.log()]))
    model = VAE(
        nn.Sequential(nn.Flatten(), encoder),
        nn.Sequential(decoder, nn.Unflatten(1, (1, 28, 28))),
        likelihood.Gaussian(SIGMA).double(),
        D,
    )
    z = torch.randn(20, D, generator=generator, dtype=torch.float64)
    x = z @ w.T + b + SIGMA * torch.randn(20, PIXELS, generator=generator, dtype=torch.float64)
    covariance = w @ w.T + SIGMA**2 * torch.eye(PIXELS, dtype=torch.float64)
    return model, x.view(20, 1, 28, 28), MultivariateNormal(b, covariance)


def test_with_the_exact_posterior_one_sample_gives_the_exact_log_likelihood():
    model, x, truth = linear_world()
    found = metrics.log_likelihood(model, x, 1, torch.Generator().manual_seed(0))
    torch.testing.assert_close(found, truth.log_prob(x.flatten(1)), rtol=0, atol=1e-3)


def test_the_elbo_falls_short_of_log_p_by_the_kl_between_the_posteriors():
    exact, x, truth = linear_world()
    off, _, _ = linear_world(noise=0.3)
    generator, n = torch.Generator().manual_seed(0), 400
    draws = []
    for _ in range(n):
        losses = off.loss(x, generator)
        draws.append(-(losses.recon + losses.kl).detach())
    draws = torch.stack(draws)
    p, q = exact.encode(x), off.encode(x)
    gap = kl_divergence(Normal(q.mean, (0.5 * q.logvar).exp()), Normal(p.mean, (0.5 * p.logvar).exp())).sum(1)
    expected = truth.log_prob(x.flatten(1)) - gap
    assert ((draws.mean(0) - expected).abs() < 4 * draws.std(0) / math.sqrt(n) + 1e-3).all()


@pytest.mark.slow
def test_importance_sampling_finds_log_p_within_three_standard_errors():
    model, x, truth = linear_world(noise=0.05)
    generator = torch.Generator().manual_seed(3)
    estimates = torch.stack([metrics.log_likelihood(model, x, 100, generator) for _ in range(30)])
    per_set = estimates.mean(1)  # of all 20 images: one number per repetition
    error = float(per_set.std() / math.sqrt(len(per_set)))
    assert abs(float(per_set.mean() - truth.log_prob(x.flatten(1)).mean())) < 3 * error + 1e-3


@pytest.mark.slow
def test_more_importance_samples_never_loosen_the_bound():
    model, x, truth = linear_world(noise=0.2)
    generator = torch.Generator().manual_seed(4)

    def bound(samples: int) -> float:
        draws = [metrics.log_likelihood(model, x, samples, generator).mean() for _ in range(40)]
        return float(torch.stack(draws).mean())

    l1, l10, l100 = bound(1), bound(10), bound(100)
    exact = float(truth.log_prob(x.flatten(1)).mean())
    assert l1 < l10 < l100 < exact + 0.05
    assert exact - l100 < (exact - l1) / 5


def test_an_autoencoder_has_no_log_likelihood_and_says_so():
    from core.models import build as build_model
    from tests.tiny_runs import tiny

    with pytest.raises(ValueError, match="needs a Gaussian posterior"):
        metrics.log_likelihood(build_model(tiny("deep-ae")), pictures(2), 3)


def test_a_bernoulli_is_a_likelihood_of_black_and_white_but_not_of_grey_pixels():
    """Over [0, 1] the cross-entropy's exponential integrates to 1 / C(λ) < 1 (Loaiza-Ganem & Cunningham 2019)."""
    logit, grid = torch.tensor([0.3, 1.5, 4.0]).view(3, 1, 1, 1), torch.linspace(0, 1, 2001).view(1, -1, 1, 1)

    def probability(x: torch.Tensor) -> torch.Tensor:
        values = x.expand(3, -1, 1, 1).reshape(-1, 1, 1, 1)
        raw = logit.expand_as(x.expand(3, -1, 1, 1)).reshape(-1, 1, 1, 1)
        return torch.exp(-build("bernoulli", 1.0).nll(raw, values)).view(3, -1)

    assert torch.allclose(probability(torch.tensor([0.0, 1.0]).view(1, 2, 1, 1)).sum(1), torch.ones(3))
    area = torch.trapezoid(probability(grid), grid.flatten())
    constant = torch.exp(-ContinuousBernoulli(logits=logit.flatten())._cont_bern_log_norm())
    torch.testing.assert_close(area, constant, atol=1e-4, rtol=0)
    assert (area < 0.95).all()
    assert caveat(["mse", "bernoulli"]) == GREY_PIXELS and caveat(["logistic", "mse", "gaussian"]) == ""

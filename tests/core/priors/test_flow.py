"""Flow matching against closed forms: the loss of the exact field, solutions of a linear equation, guidance."""

import math

import numpy as np
import pytest
import torch

from core.latent import sampling
from core.priors import flow
from core.priors.flow import Flow, Velocity, Whitening
from core.priors.latents import TrainingLatents
from core.priors.settings import FlowSettings

MEAN, SIGMA = 1.5, 0.4


def identity(d: int) -> Whitening:
    return Whitening(torch.zeros(d), torch.eye(d), torch.eye(d))


class GaussianField:
    """The exact velocity that carries N(0, 1) to N(m, s²) in each dimension along straight lines: E[x − ε | z_t]."""

    classes, d = 0, 1

    def __call__(self, z, t, y=None):
        t = t[:, None]
        variance = t**2 * SIGMA**2 + (1 - t) ** 2
        return MEAN + (t * SIGMA**2 - (1 - t)) / variance * (z - t * MEAN)


def test_the_loss_of_the_exact_field_of_two_gaussians_is_its_least_value():
    """E Var(x − ε | z_t) = ∫ s² / (t² s² + (1 − t)²) dt = s π / 2."""
    n = 400_000
    generator = torch.Generator().manual_seed(0)
    x = MEAN + SIGMA * torch.randn(n, 1, generator=generator)
    latents = TrainingLatents(x, None, None)
    loss = flow.batch_loss(GaussianField(), latents, identity(1), torch.arange(n), generator)
    assert float(loss) == pytest.approx(SIGMA * math.pi / 2, rel=0.01)
    worse = type("Off", (GaussianField,), {"__call__": lambda self, z, t, y=None: GaussianField()(z, t) + 0.3})()
    other = flow.batch_loss(worse, latents, identity(1), torch.arange(n), generator)
    assert float(other) == pytest.approx(SIGMA * math.pi / 2 + 0.09, rel=0.01), "what a field is off adds its square"


def test_the_loss_of_the_exact_field_of_a_gaussian_pair_is_zero():
    """Where each noise ε has its own x = m + s ε, one line passes each point: the point tells the velocity."""
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(1_000, 1, generator=generator, dtype=torch.float64)
    t = flow.times(1_000, generator, torch.device("cpu")).double()
    z, velocity = flow.pair(MEAN + SIGMA * noise, noise, t)
    line = (z - t[:, None] * MEAN) / (1 - t + t * SIGMA)[:, None]
    assert float((MEAN + (SIGMA - 1) * line - velocity).square().mean()) == pytest.approx(0, abs=1e-24)


def by_hand(steps: int, method: str) -> tuple[float, float]:
    """Factor and offset of a solver's z(1) = A ε + B, from the coefficients of the linear equation dz/dt = a z + b."""

    def coefficients(t):
        variance = t**2 * SIGMA**2 + (1 - t) ** 2
        a = (t * SIGMA**2 - (1 - t)) / variance
        return a, MEAN - a * t * MEAN

    factor, offset, h = 1.0, 0.0, 1 / steps
    for k in range(steps):
        a, b = coefficients(k * h)
        if method == "euler":
            factor, offset = factor * (1 + h * a), offset + h * (a * offset + b)
        else:
            a2, b2 = coefficients((k + 1) * h)
            to = a2 * (offset + h * (a * offset + b)) + b2
            offset = offset + h / 2 * ((a * offset + b) + to)
            factor = factor * (1 + h / 2 * (a + a2 * (1 + h * a)))
    return factor, offset


@pytest.mark.parametrize("method", flow.METHODS)
@pytest.mark.parametrize("steps", [1, 7, 100])
def test_a_solver_does_what_a_computation_by_hand_does(method, steps):
    noise = sampling.prior(50, 1, 3)
    factor, offset = by_hand(steps, method)
    path = Flow(GaussianField(), identity(1)).path(noise, steps, method)
    assert path.shape == (steps + 1, 50, 1) and np.array_equal(path[0], noise)
    assert path[-1] == pytest.approx(factor * noise + offset, abs=1e-4)


def test_samples_of_a_gaussian_flow_have_its_moments_and_heun_comes_nearer_than_euler():
    drawn = Flow(GaussianField(), identity(1)).draw(20_000, seed=0).astype(np.float64)
    noise = sampling.prior(20_000, 1, 0).astype(np.float64)
    assert drawn.mean() == pytest.approx(MEAN + SIGMA * noise.mean(), abs=0.01)
    assert drawn.std() == pytest.approx(SIGMA * noise.std(), rel=0.02)
    error = {(m, n): abs(by_hand(n, m)[0] - SIGMA) for m in flow.METHODS for n in (25, 50)}
    assert error["euler", 25] / error["euler", 50] == pytest.approx(2, abs=0.5), "first order"
    assert error["heun", 25] / error["heun", 50] == pytest.approx(4, abs=1), "second order"


def random_network(classes: int, d: int = 3) -> Velocity:
    """A network none of whose outputs is zero, as it is before training."""
    torch.manual_seed(0)
    network = Velocity(d, 16, 2, classes)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network.eval().requires_grad_(False)


def test_guidance_0_is_unconditional_1_conditional_and_more_goes_on_along_the_same_line():
    made = Flow(random_network(4), identity(3))
    free = made.draw(40, 5)
    assert np.array_equal(made.draw(40, 5, label=2, guidance=0.0), free)
    assert not np.allclose(made.draw(40, 5, label=2), free)
    z, zero, one, three = torch.randn(8, 3), *(torch.tensor(0.0),) * 3
    zero, one, three = (made.velocity(z, 0.3, 2, w) for w in (0.0, 1.0, 3.0))
    assert torch.equal(zero, made.velocity(z, 0.3)) and torch.allclose(three - zero, 3 * (one - zero), atol=1e-5)


def test_what_cannot_be_solved_is_a_sentence():
    made = Flow(random_network(4), identity(3))
    for wrong, words in (
        ({"steps": 0}, "Allowed: 1 to 100"),
        ({"steps": 101}, "Allowed: 1 to 100"),
        ({"method": "rk4"}, "Choose one of heun, euler"),
        ({"label": 4}, "knows 4 classes"),
    ):
        with pytest.raises(ValueError, match=words):
            made.draw(2, 0, **wrong)
    with pytest.raises(ValueError, match="knows 0 classes"):
        Flow(random_network(0), identity(3)).draw(2, 0, label=0)


def test_the_first_draws_do_not_depend_on_how_many_there_are_nor_on_how_they_are_cut(monkeypatch):
    made = Flow(random_network(0), identity(3))
    many = made.draw(50, 7)
    assert np.allclose(made.draw(9, 7), many[:9], atol=1e-6)
    monkeypatch.setattr(flow, "AT_ONCE", 16)
    assert np.allclose(made.draw(50, 7), many, atol=1e-6)
    assert made.draw(0, 7).shape == (0, 3)


def test_whitened_latents_have_mean_0_and_covariance_1_but_for_dead_directions():
    torch.manual_seed(2)
    mixing = torch.tensor([[3.0, 0.0, 0.0], [1.0, 0.2, 0.0]])  # the third direction has no variance
    x = torch.randn(5_000, 2) @ mixing + torch.tensor([4.0, -2.0, 7.0])
    latents = TrainingLatents(x, None, None)
    white = Whitening.of(*latents.moments())
    z = white.apply(x)
    values = torch.linalg.eigvalsh(torch.cov(z.T))
    assert values.numpy() == pytest.approx([0, 1, 1], abs=1e-3) and z.mean(0).numpy() == pytest.approx(0, abs=1e-3)
    assert torch.allclose(white.undo(z), x, atol=1e-2)


def test_beyond_a_size_each_dimension_is_whitened_by_itself(monkeypatch):
    monkeypatch.setattr(flow, "FULLY_WHITENED", 2)
    torch.manual_seed(3)
    x = torch.randn(5_000, 3) * torch.tensor([5.0, 1.0, 0.1]) + 2
    white = Whitening.of(*TrainingLatents(x, None, None).moments())
    assert white.root.shape == (3,) and white.apply(x).std(0).numpy() == pytest.approx(1, abs=0.01)
    assert torch.allclose(white.undo(white.apply(x)), x, atol=1e-5)


@pytest.mark.parametrize("noise", [1.0, 0.5, 0.0])
def test_latents_of_gaussian_posteriors_are_drawn_and_their_moments_known(noise):
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(60, 2, generator=generator)
    sigma = torch.rand(60, 2, generator=generator) + 0.5
    latents = TrainingLatents(mean, sigma, None)
    z = torch.cat([latents.draw(torch.arange(60), generator, noise) for _ in range(4_000)]).double()
    centre, covariance = latents.moments(noise)
    assert z.mean(0).numpy() == pytest.approx(centre.numpy(), abs=0.02)
    assert torch.cov(z.T).numpy() == pytest.approx(covariance.numpy(), abs=0.03)


def heaps(n: int = 2_000) -> TrainingLatents:
    """Two narrow heaps, each a class, three times as many of the second; nothing between them."""
    generator = torch.Generator().manual_seed(0)
    labels = (torch.arange(n) % 4 > 0).long()
    places = torch.tensor([[-4.0, 0.0], [4.0, 1.0]])
    return TrainingLatents(
        places[labels] + 0.3 * torch.randn(n, 2, generator=generator), None, labels, ("left", "right")
    )


@pytest.fixture(scope="module")
def learned() -> Flow:
    settings = FlowSettings(steps=400, batch=256, width=48, blocks=2)
    return list(flow.learn(heaps(), None, settings))[-1].prior


@pytest.mark.slow
def test_a_learned_flow_draws_both_heaps_as_often_as_they_are_and_nothing_between(learned):
    z = learned.draw(4_000, 1)
    assert (z[:, 0] > 0).mean() == pytest.approx(0.75, abs=0.06)
    assert (abs(z[:, 0]) < 2).mean() < 0.05, "a Gaussian of the same moments has a third of its mass there"
    latents = heaps().mean.numpy()
    assert z.mean(0) == pytest.approx(latents.mean(0), abs=0.35)
    assert np.cov(z.T) == pytest.approx(np.cov(latents.T), abs=0.1 * np.cov(latents.T).max())


@pytest.mark.slow
def test_a_class_that_is_asked_for_is_drawn(learned):
    for label, side in ((0, -1), (1, 1)):
        assert (np.sign(learned.draw(500, 2, label=label)[:, 0]) == side).mean() > 0.97


@pytest.mark.slow
def test_learning_is_repeatable_and_leaves_the_global_random_state_alone():
    settings = FlowSettings(steps=20, batch=64, width=16, blocks=1, seed=5)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    a, b = (list(flow.learn(heaps(), None, settings))[-1].prior.draw(5, 0) for _ in "ab")
    other = list(flow.learn(heaps(), None, FlowSettings(steps=20, batch=64, width=16, blocks=1, seed=6)))[-1]
    assert np.array_equal(a, b) and not np.array_equal(a, other.prior.draw(5, 0))
    assert torch.equal(before, torch.get_rng_state())

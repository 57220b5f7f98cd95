"""What D and G play for, against closed forms and finite differences on toy data."""

import math

import pytest
import torch
from torch import nn

from core.models import adversarial_losses

REAL, FAKE = torch.tensor([2.0, -0.5, 0.3]), torch.tensor([-1.5, 0.8])


def test_the_non_saturating_losses_are_log_probabilities_of_a_bernoulli():
    real, fake = (torch.distributions.Bernoulli(logits=said) for said in (REAL, FAKE))
    expected = -real.log_prob(torch.ones(3)).mean() - fake.log_prob(torch.zeros(2)).mean()
    torch.testing.assert_close(adversarial_losses.d_loss("non-saturating", REAL, FAKE), expected)
    torch.testing.assert_close(adversarial_losses.g_loss("non-saturating", FAKE), -fake.log_prob(torch.ones(2)).mean())


def test_a_smoothed_label_is_that_mixture_of_both_log_probabilities():
    real, fake = (torch.distributions.Bernoulli(logits=said) for said in (REAL, FAKE))
    expected = -(0.9 * real.log_prob(torch.ones(3)) + 0.1 * real.log_prob(torch.zeros(3))).mean()
    expected -= fake.log_prob(torch.zeros(2)).mean()
    torch.testing.assert_close(adversarial_losses.d_loss("non-saturating", REAL, FAKE, 0.1), expected)


def test_hinge_least_squares_and_wasserstein_are_what_their_papers_write():
    hinge = (0 + 1.5 + 0.7) / 3 + (0 + 1.8) / 2
    squares = 0.5 * ((1 + 2.25 + 0.49) / 3 + (2.25 + 0.64) / 2)
    assert adversarial_losses.d_loss("hinge", REAL, FAKE).item() == pytest.approx(hinge)
    assert adversarial_losses.g_loss("hinge", FAKE).item() == pytest.approx(0.35)
    assert adversarial_losses.d_loss("least-squares", REAL, FAKE).item() == pytest.approx(squares)
    assert adversarial_losses.g_loss("least-squares", FAKE).item() == pytest.approx(0.5 * (6.25 + 0.04) / 2)
    assert adversarial_losses.d_loss("wgan-gp", REAL, FAKE).item() == pytest.approx(-0.35 - 0.6)
    assert adversarial_losses.g_loss("wgan-gp", FAKE).item() == pytest.approx(0.35)


def test_least_squares_smoothed_aims_at_the_smoothed_label():
    expected = 0.5 * ((1.2**2 + 1.3**2 + 0.5**2) / 3 + (2.25 + 0.64) / 2)
    assert adversarial_losses.d_loss("least-squares", REAL, FAKE, 0.2).item() == pytest.approx(expected)


@pytest.mark.parametrize("kind", adversarial_losses.LOSSES)
def test_the_best_verdict_is_on_the_right_side_of_the_line(kind):
    """With one real and one generated kind of image and a free verdict for each, D separates them at its line."""
    said = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.SGD([said], lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        adversarial_losses.d_loss(kind, said[:1], said[1:]).backward()
        optimizer.step()
    line = adversarial_losses.decision_threshold(kind, said[:1].detach(), said[1:].detach())
    assert said[1] < line < said[0]


def test_where_d_is_sure_g_still_has_a_slope():
    said = torch.tensor([-30.0], requires_grad=True)
    adversarial_losses.g_loss("non-saturating", said).backward()
    assert said.grad.item() == pytest.approx(-1.0)


def linear(slope: float) -> nn.Module:
    """D(x) = slope · Σ pixels: its gradient has the norm slope · √784 everywhere."""
    layer = nn.Linear(784, 1, bias=False)
    nn.init.constant_(layer.weight, slope)
    return nn.Sequential(nn.Flatten(), layer, nn.Flatten(0))


def test_r1_of_a_linear_discriminator_is_half_its_squared_slope():
    x = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    assert adversarial_losses.r1_penalty(linear(0.1), x).item() == pytest.approx(0.5 * 784 * 0.01, rel=1e-5)


def test_r1_estimated_with_noise_comes_to_the_exact_penalty_of_a_linear_discriminator_and_adds_a_curved_ones_bend():
    """D(x) = ½ ‖x‖²: the mean over ε of its difference quotient's square is ‖x‖² + σ²/4 · E ‖ε‖⁴, where E ‖ε‖⁴ is
    n² + 2n in n dimensions."""
    draw, sigma, n = torch.Generator().manual_seed(0), 0.1, 9
    x, w = torch.rand(1, n, generator=draw).double(), torch.randn(n, generator=draw).double()
    d = nn.Sequential(nn.Flatten(), nn.Linear(n, 1), nn.Flatten(0)).double()
    with torch.no_grad():
        d[1].weight.copy_(w)
    moved = x + sigma * torch.randn(200_000, n, generator=draw)
    exact = adversarial_losses.r1_penalty(d, x.reshape(1, 1, 3, 3)).item()
    assert exact == pytest.approx(0.5 * w.square().sum().item())
    found = adversarial_losses.r1_estimate(d(x), d(moved), sigma).item()
    assert found == pytest.approx(exact, rel=0.02)
    square = [0.5 * rows.square().sum(1) for rows in (x, moved)]
    wanted = 0.5 * (x.square().sum().item() + sigma**2 / 4 * (n**2 + 2 * n))
    assert adversarial_losses.r1_estimate(*square, sigma).item() == pytest.approx(wanted, rel=0.02)


@pytest.mark.parametrize(("slope", "expected"), [(1 / 28, 0.0), (2 / 28, 1.0), (0.0, 1.0)])
def test_the_gradient_penalty_is_zero_exactly_at_slope_one(slope, expected):
    x = torch.rand(2, 4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    found = adversarial_losses.gradient_penalty(linear(slope), x[0], x[1], torch.rand(4))
    assert found.item() == pytest.approx(expected, abs=1e-5) and math.isfinite(found.item())


def test_penalties_are_taken_where_they_say():
    """D(x) = ½ ‖x‖² has the slope ‖x‖: at real images for R1, on the line between for the gradient penalty."""

    class Square(nn.Module):
        def forward(self, x):
            return 0.5 * x.flatten(1).square().sum(1)

    real, fake = torch.full((1, 1, 28, 28), 0.5), torch.zeros(1, 1, 28, 28)
    assert adversarial_losses.r1_penalty(Square(), real).item() == pytest.approx(0.5 * 784 * 0.25, rel=1e-5)
    for share in (0.0, 0.25, 1.0):
        expected = (28 * 0.5 * share - 1) ** 2
        found = adversarial_losses.gradient_penalty(Square(), real, fake, torch.tensor([share]))
        assert found.item() == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("penalty", ["r1", "gp"])
def test_a_discriminator_learns_from_its_penalty(penalty):
    d, x = linear(0.3), torch.rand(3, 1, 28, 28)
    loss = (
        adversarial_losses.r1_penalty(d, x)
        if penalty == "r1"
        else adversarial_losses.gradient_penalty(d, x, 1 - x, torch.rand(3))
    )
    loss.backward()
    assert (d[1].weight.grad > 0).all()  # downhill is flatter

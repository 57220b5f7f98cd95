"""Adversarial losses of the discriminator D and the generator G, and gradient penalties for D.

A verdict is D's output for one image, before any sigmoid; `real` and `fake` are verdicts on real and on generated
images, [B]. All losses are means over the batch.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LOSSES = ("non-saturating", "hinge", "least-squares", "wgan-gp")


def d_terms(kind: str, real: Tensor, fake: Tensor, smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """The two terms of the discriminator's loss: on real and on generated images, [] each.

    non-saturating: −log σ(D(x)) − log(1 − σ(D(G(z)))) (Goodfellow et al. 2014). hinge: Lim & Ye 2017.
    least-squares: Mao et al. 2017. wgan-gp: E D(G(z)) − E D(x), without the gradient penalty (Gulrajani et al. 2017).

    Args:
        smoothing: one-sided label smoothing: the label of real images is 1 − smoothing (non-saturating and
            least-squares; Salimans et al. 2016).
    """
    if kind == "non-saturating":
        label = torch.full_like(real, 1.0 - smoothing)
        return F.binary_cross_entropy_with_logits(real, label), F.softplus(fake).mean()
    if kind == "hinge":
        return F.relu(1.0 - real).mean(), F.relu(1.0 + fake).mean()
    if kind == "least-squares":
        return 0.5 * (real - (1.0 - smoothing)).square().mean(), 0.5 * fake.square().mean()
    return -real.mean(), fake.mean()


def d_loss(kind: str, real: Tensor, fake: Tensor, smoothing: float = 0.0) -> Tensor:
    """The discriminator's loss, []: the sum of `d_terms`, with the same arguments."""
    on_real, on_fake = d_terms(kind, real, fake, smoothing)
    return on_real + on_fake


def g_loss(kind: str, fake: Tensor) -> Tensor:
    """The generator's loss from D's verdicts on its images, [].

    −log σ(D(G(z))) for non-saturating, whose gradient does not vanish where D rejects an image with confidence;
    ½ (D(G(z)) − 1)² for least-squares; −D(G(z)) for hinge and wgan-gp.
    """
    if kind == "non-saturating":
        return F.softplus(-fake).mean()
    if kind == "least-squares":
        return 0.5 * (fake - 1.0).square().mean()
    return -fake.mean()


def decision_threshold(kind: str, real: Tensor, fake: Tensor) -> Tensor:
    """Decision threshold of D, []: images with a verdict above it are classified as real.

    A critic (wgan-gp) has no fixed threshold: the midpoint of its mean verdicts is used.
    """
    if kind == "wgan-gp":
        return 0.5 * (real.mean() + fake.mean())
    return torch.full_like(real[:1].sum(), 0.5 if kind == "least-squares" else 0.0)


def r1_penalty(discriminator: nn.Module, real: Tensor) -> Tensor:
    """R1 penalty ½ E ‖∇ₓ D(x)‖² at real images [B, C, H, W], [], without its weight γ (Mescheder, Geiger & Nowozin
    2018)."""
    return 0.5 * _slope(discriminator, real).square().mean()


def r1_estimate(real: Tensor, moved: Tensor, sigma: float) -> Tensor:
    """Estimate of `r1_penalty` without a gradient, ½ E ((D(x + σε) − D(x)) / σ)² with ε ~ N(0, I), [].

    Along a random direction ε the slope of D is ε·∇D(x), and the mean of its square is ‖∇D(x)‖². A linear D is
    estimated without bias; of a curved one, the estimate also holds the curvature that x + σε reaches. It needs one
    more pass through D, the exact penalty a gradient and its own derivative.

    Args:
        real: verdicts on real images x. moved: on the images x + σε in the same order, with a new ε for each.
    """
    return 0.5 * ((moved - real) / sigma).square().mean()


def gradient_penalty(discriminator: nn.Module, real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Gradient penalty E (‖∇D‖ − 1)² between real and generated images, [], without its weight λ.

    Source: Gulrajani et al. 2017.

    Args:
        real: real images, [B, C, H, W].
        fake: generated images, [B, C, H, W].
        share: weight of the real image in each interpolated image, from 0 to 1, [B].
    """
    share = share[:, None, None, None]
    return (_slope(discriminator, share * real + (1 - share) * fake) - 1.0).square().mean()


def penalty(
    discriminator: nn.Module, real: Tensor, fake: Tensor, share: Tensor | None, weight: float, r1: float
) -> Tensor:
    """Weighted sum of the gradient penalty and the R1 penalty, [].

    Args:
        share: as in `gradient_penalty`; None leaves out the gradient penalty.
        weight: λ of the gradient penalty.
        r1: γ of the R1 penalty; 0 leaves it out.
    """
    found = real.new_zeros(())
    if share is not None:
        found = weight * gradient_penalty(discriminator, real, fake, share)
    return found + r1 * r1_penalty(discriminator, real) if r1 else found


def _slope(discriminator: nn.Module, images: Tensor) -> Tensor:
    """Gradient norm ‖∇ₓ D(x)‖ of each image, [B], differentiable with respect to D's weights."""
    images = images.detach().requires_grad_()
    (grad,) = torch.autograd.grad(discriminator(images).sum(), images, create_graph=True)
    # The norm's gradient at 0 is NaN; a D with constant output has gradient 0 at every image.
    return (grad.flatten(1).square().sum(1) + 1e-12).sqrt()

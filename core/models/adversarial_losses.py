"""What a discriminator and a generator play for, and the penalties that keep the discriminator from growing steep.

A verdict is what D says of an image, one number each, [B]. All losses are means over the batch.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LOSSES = ("non-saturating", "hinge", "least-squares", "wgan-gp")


def d_terms(kind: str, real: Tensor, fake: Tensor, smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """The discriminator's loss from its verdicts on real and on generated images, apart: it is the sum of both.

    non-saturating: −log σ(D(x)) − log(1 − σ(D(G(z)))) (Goodfellow et al. 2014). hinge: Lim & Ye 2017.
    least-squares: Mao et al. 2017. wgan-gp: E D(G(z)) − E D(x), the gradient penalty apart (Gulrajani et al. 2017).

    Args:
        smoothing: real images count as 1 − this (non-saturating and least-squares; Salimans et al. 2016).
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
    """The sum of `d_terms`, which explains the arguments."""
    on_real, on_fake = d_terms(kind, real, fake, smoothing)
    return on_real + on_fake


def g_loss(kind: str, fake: Tensor) -> Tensor:
    """The generator's loss from D's verdicts on its images: −log σ(D(G(z))) for non-saturating, whose gradient does not
    vanish where D is sure; ½ (D(G(z)) − 1)² for least-squares; −D(G(z)) for the others."""
    if kind == "non-saturating":
        return F.softplus(-fake).mean()
    if kind == "least-squares":
        return 0.5 * (fake - 1.0).square().mean()
    return -fake.mean()


def decision_threshold(kind: str, real: Tensor, fake: Tensor) -> Tensor:
    """The verdict above which D takes an image for real, [].

    A critic (wgan-gp) knows no such line: the middle between its mean verdicts serves.
    """
    if kind == "wgan-gp":
        return 0.5 * (real.mean() + fake.mean())
    return torch.full_like(real[:1].sum(), 0.5 if kind == "least-squares" else 0.0)


def r1_penalty(discriminator: nn.Module, real: Tensor) -> Tensor:
    """½ E ‖∇ₓ D(x)‖² at real images [B, 1, 28, 28], to be weighed by γ (Mescheder, Geiger & Nowozin 2018)."""
    return 0.5 * _slope(discriminator, real).square().mean()


def gradient_penalty(discriminator: nn.Module, real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """E (‖∇D‖ − 1)² on the lines between real and generated images, to be weighed by λ (Gulrajani et al. 2017).

    Args:
        share: where on its line each point lies, from 0 (generated) to 1 (real), [B].
    """
    share = share[:, None, None, None]
    return (_slope(discriminator, share * real + (1 - share) * fake) - 1.0).square().mean()


def penalty(
    discriminator: nn.Module, real: Tensor, fake: Tensor, share: Tensor | None, weight: float, r1: float
) -> Tensor:
    """Both penalties, weighed and added, []: the gradient penalty if there is a `share` to take it at, R1 if it has a
    weight γ; 0 without either."""
    found = real.new_zeros(())
    if share is not None:
        found = weight * gradient_penalty(discriminator, real, fake, share)
    return found + r1 * r1_penalty(discriminator, real) if r1 else found


def _slope(discriminator: nn.Module, images: Tensor) -> Tensor:
    """‖∇ₓ D(x)‖ of each image, [B], such that D can learn from it."""
    images = images.detach().requires_grad_()
    (grad,) = torch.autograd.grad(discriminator(images).sum(), images, create_graph=True)
    # The norm's own gradient at 0 is no number; a D that says the same of every image has that slope.
    return (grad.flatten(1).square().sum(1) + 1e-12).sqrt()

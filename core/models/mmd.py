"""Maximum mean discrepancy of a batch's latents and the prior N(0, I), as a term of a loss.

The kernel is the inverse multiquadric of Tolstikhin et al. (2018), summed over scales: its tails are heavy, so that
latents far from the prior feel a pull as well. The Planes page measures with a Gaussian kernel whose width each pair of
samples sets (`core.latent.aggregated.mmd`), which suits a measurement and not a loss.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from core.models.base import LatentModel, Losses, Posterior

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Scales of the kernel, as factors of 2 d, the mean squared distance of two draws of N(0, I) in d dimensions."""


def mmd(x: Tensor, y: Tensor) -> Tensor:
    """Squared maximum mean discrepancy of two samples [n, d] and [m, d], unbiased (Gretton et al. 2012), [].

    MMD² = E k(x, x') + E k(y, y') − 2 E k(x, y) over pairs of different points, so that its mean is 0 for equal
    distributions whatever the size of the batch. 0 for fewer than two points, of which nothing can be said.
    """
    if len(x) < 2 or len(y) < 2:
        return 0.0 * x.sum()
    with torch.autocast(x.device.type, enabled=False):  # distances are differences of large numbers
        return _among(x) + _among(y) - 2 * _kernel(_squared_distances(x, y), x.shape[1]).mean()


def _among(x: Tensor) -> Tensor:
    """Mean of the kernel over pairs of different points."""
    n = len(x)
    return (_kernel(_squared_distances(x, x), x.shape[1]).sum() - n * len(SCALES)) / (n * (n - 1))  # k(x, x) = 1 each


def _kernel(squared: Tensor, dimensions: int) -> Tensor:
    """Σ C / (C + ‖a − b‖²) with C = 2 d s for each scale s, of squared distances [n, m]."""
    found: Tensor = _InverseMultiquadric.apply(squared, dimensions)
    return found


class _InverseMultiquadric(torch.autograd.Function):
    """The kernel with its derivative −Σ C / (C + ‖a − b‖²)², in one buffer: autograd would keep a matrix for every step
    of every scale, which takes longer than the networks."""

    @staticmethod
    def forward(ctx: Any, squared: Tensor, dimensions: int) -> Tensor:
        total, slope = torch.zeros_like(squared), torch.zeros_like(squared)
        for scale in SCALES:
            c = 2.0 * dimensions * scale
            part = (squared + c).reciprocal_().mul_(c)
            total += part
            slope.addcmul_(part, part, value=-1.0 / c)
        ctx.save_for_backward(slope)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        return gradients[0] * slope, None


def _squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """‖xᵢ − yⱼ‖², [n, m]."""
    squared = x.square().sum(1)[:, None] + y.square().sum(1) - 2 * x @ y.T
    if x is y:  # exactly 0, which rounding would miss
        squared = squared * (1 - torch.eye(len(x), device=x.device, dtype=x.dtype))
    return squared.clamp_min(0)


class WithMMD(LatentModel):
    """A model whose loss has the term `mmd`: MMD² of the batch's z and as many draws of N(0, I).

    In training the draws are new in every step. In a measurement they are always the same, so that two epochs differ by
    the weights alone.
    """

    def loss(
        self, images: Tensor, generator: torch.Generator | None = None, posterior: Posterior | None = None
    ) -> Losses:
        """Loss terms of images [B, C, H, W]; `generator` draws ε and the prior's samples."""
        posterior = self.encode(images) if posterior is None else posterior
        z = posterior.sample(generator)
        return self._with_mmd(super().losses_at(posterior, z, images), z, generator)

    def losses_at(self, posterior: Posterior, z: Tensor, images: Tensor, visible: Tensor | None = None) -> Losses:
        """Loss terms at one z [B, d] of the posterior."""
        fixed = torch.Generator(z.device).manual_seed(0)
        return self._with_mmd(super().losses_at(posterior, z, images, visible), z, fixed)

    def _with_mmd(self, losses: Losses, z: Tensor, generator: torch.Generator | None) -> Losses:
        draws = torch.randn(z.shape, generator=generator, device=z.device, dtype=z.dtype)
        return replace(losses, terms={**losses.terms, "mmd": mmd(z, draws)})

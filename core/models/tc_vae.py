"""β-TCVAE: the VAE whose KL is divided into three parts, with a weight on the total correlation.

Chen, Li, Grosse & Duvenaud 2018 (https://arxiv.org/abs/1802.04942).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from core.images.shape import GREY_28, ImageShape
from core.models.base import LatentModel, Posterior
from core.models.likelihood import Likelihood
from core.recipes.family import RECONSTRUCTION, Family, Term

FAMILY = Family(
    key="tcvae",
    order=9,
    name="β-TCVAE",
    abbreviation="β-TCVAE",
    sentence="A VAE that weighs only how far its latent dimensions depend on each other, the total correlation.",
    model="TCVAE",
    latent="gaussian",
    prior=True,
    terms=(
        RECONSTRUCTION,
        Term(
            "mi",
            "Index-code MI",
            "I(z; n)",
            "real",
            batch=True,
            meaning="How much z tells about which image it belongs to.",
        ),
        Term(
            "tc",
            "Total correlation",
            "TC(z)",
            "kl",
            weight="beta",
            warmup="beta_warmup",
            batch=True,
            meaning="How far the latent dimensions of all images depend on each other; 0 where they are independent.",
        ),
        Term(
            "dwkl",
            "Dimension-wise KL",
            "Σ KL(q(zⱼ) ‖ p(zⱼ))",
            "decoder",
            batch=True,
            meaning="How far each latent dimension by itself, over all images, is from N(0, 1).",
        ),
    ),
    fields=("beta", "beta_warmup", "optimizer", "schedule", "precision"),
    objective=(
        r"\begin{aligned}\mathcal{L} ={}& \underbrace{-\,\mathbb{E}_{q(z \mid x)} \log p(x \mid z)}"
        r"_{\text{reconstruction}} + \underbrace{\mathrm{KL}\left(q(z, n)\,\|\,q(z)\,p(n)\right)}"
        r"_{\text{index-code MI}} \\ &+ \beta\,\underbrace{\mathrm{KL}\left(q(z)\,\|\,\textstyle\prod_j q(z_j)\right)}"
        r"_{\text{total correlation}} + \underbrace{\textstyle\sum_j \mathrm{KL}\left(q(z_j)\,\|\,p(z_j)\right)}"
        r"_{\text{dimension-wise KL}}\end{aligned}"
    ),
    explanation=(
        "Averaged over the images, the VAE’s KL is the sum of three parts. A β-VAE weighs all of them, and so pays "
        "for independent dimensions with latents that tell less about the image. The β-TCVAE weighs the **total "
        "correlation** alone. All three are estimated from each batch; at β = 1 their sum is the VAE’s KL."
    ),
    elbo=("recon", "mi", "tc", "dwkl"),
    generator_source=8,
    caption=(
        "Solid: training, dashed: validation. Total = reconstruction + MI + β·TC + dimension-wise KL. The last three "
        "are estimates of each batch; larger batches estimate better."
    ),
)


class TCVAE(LatentModel):
    """Reconstruction + I(z; n) + β TC(z) + Σⱼ KL(q(zⱼ) ‖ p(zⱼ)), with q(z) = 1/N Σ q(z | xₙ) over the training images.

    Attributes:
        training_images: N, which the weights of the estimate need; 0 before it is known: then as many as the batch has.
    """

    family = FAMILY
    training_images: Tensor

    def __init__(
        self,
        encoder: nn.Module | None,
        decoder: nn.Module,
        likelihood: Likelihood,
        latent_dim: int,
        shape: ImageShape = GREY_28,
    ):
        super().__init__(encoder, decoder, likelihood, latent_dim, shape)
        self.register_buffer("training_images", torch.zeros(()))

    def set_training_images(self, count: int) -> None:
        """Take note of N."""
        self.training_images.fill_(float(count))

    def regularizers(self, posterior: Posterior, z: Tensor) -> dict[str, Tensor]:
        """mi, tc, dwkl: the parts of the KL, in nats, [] each, from z [B, d] drawn of the batch's posteriors.

        mi = log q(z | x) − log q(z), tc = log q(z) − Σⱼ log q(zⱼ), dwkl = Σⱼ log q(zⱼ) − log p(z), as means over the
        batch; together log q(z | x) − log p(z).
        """
        given = log_density(z, posterior)  # of its own posterior, [B, d]
        joint, each = log_aggregated(z, posterior, self.training_images)
        prior = -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)
        return {
            "mi": (given.sum(1) - joint).mean(),
            "tc": (joint - each.sum(1)).mean(),
            "dwkl": (each.sum(1) - prior).mean(),
        }


def log_density(z: Tensor, posterior: Posterior) -> Tensor:
    """log N(z; μ, σ²) in each latent dimension, of the shape to which z and the posterior broadcast."""
    assert posterior.logvar is not None
    deviation = (z - posterior.mean).square() * torch.exp(-posterior.logvar)
    return -0.5 * (deviation + posterior.logvar + math.log(2 * math.pi))


def log_aggregated(z: Tensor, posterior: Posterior, images: Tensor) -> tuple[Tensor, Tensor]:
    """Estimates of log q(z), [B], and of log q(zⱼ) in each dimension, [B, d], from a batch of N images.

    Of the N posteriors that q(z) is the mean of, a batch of M knows M. That of the image z was drawn from counts as one
    of N, the M − 1 others stand for the N − 1 others: an unbiased estimate of q(z), exact where the batch is the whole
    set (minibatch stratified sampling, Chen et al. 2018, appendix C).

    Args:
        images: N, []; less than the batch has for as many as that.
    """
    assert posterior.logvar is not None
    batch = len(z)
    total = images.clamp_min(batch)
    own = torch.eye(batch, dtype=torch.bool, device=z.device)
    others = (total - 1) / max(1, batch - 1)
    log_weights = torch.where(own, 0.0, others.log()) - total.log()
    densities = log_density(z[:, None], Posterior(posterior.mean[None], posterior.logvar[None]))  # [B of z, B of q, d]
    joint = torch.logsumexp(densities.sum(2) + log_weights, 1)
    each = torch.logsumexp(densities + log_weights[..., None], 1)
    return joint, each

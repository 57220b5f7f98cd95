"""Variants of the ELBO for Gaussian posteriors: the importance-weighted bound, and a KL with free bits.

Both keep the two terms of the VAE's loss, reconstruction and KL, so that curves and weights mean what they always do.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from core.models.base import LatentModel, Posterior


def importance_weighted(
    model: LatentModel,
    posterior: Posterior,
    images: Tensor,
    samples: int,
    generator: torch.Generator | None = None,
) -> dict[str, Tensor]:
    """The importance-weighted bound of images [B, C, H, W] as two terms, `recon` and `kl`, in nats, [B] each.

    With k draws zᵢ ~ q(z | x), weights wᵢ = p(x, zᵢ) / q(zᵢ | x) and their shares w̃ᵢ = wᵢ / Σ w, the bound of Burda,
    Grosse & Salakhutdinov (2016) is

        −log 1/k Σ wᵢ = Σ w̃ᵢ (−log p(x | zᵢ)) + Σ w̃ᵢ (log q(zᵢ | x) − log p(zᵢ)) + KL(w̃ ‖ uniform)

    The first sum is the reconstruction, the rest the KL. The shares minimise the right side, so its gradient is the
    same with the shares held fixed; with a weight β other than 1, whose sum is no bound, they are held fixed as well.
    """
    assert posterior.logvar is not None
    k, batch, logvar = samples, len(images), posterior.logvar
    noise = torch.randn(k * batch, logvar.shape[1], generator=generator, device=images.device, dtype=images.dtype)
    z = replace(posterior, mean=posterior.mean.repeat(k, 1), logvar=logvar.repeat(k, 1)).at(noise)
    output = model.decoder(z).to(images.dtype)
    recon = model.likelihood.nll(output, images.repeat(k, 1, 1, 1)).view(k, batch)
    # log q(z | x) − log p(z): the constants of the two Gaussians cancel.
    ratio = 0.5 * (model.style(z).square() - noise.square()).sum(1).view(k, batch) - 0.5 * logvar.sum(1)
    log_shares = torch.log_softmax((-recon - ratio).detach(), 0)
    shares = log_shares.exp()
    spread = (shares * (log_shares + math.log(k))).sum(0)  # KL(w̃ ‖ uniform)
    return {"recon": (shares * recon).sum(0), "kl": (shares * ratio).sum(0) + spread}


def with_free_bits(kl: Tensor, nats: float) -> Tensor:
    """KL of each image, [B], from that of its latent dimensions [B, d], with free bits (Kingma et al. 2016).

    The objective has Σⱼ max(λ, mean over the batch of KLⱼ): a dimension that tells less than λ nats has no pressure to
    tell even less. Only its gradient differs from that of the plain KL; the values stay the KL, so that curves can be
    compared with those of other runs.
    """
    free = kl.mean(0, keepdim=True) < nats
    return torch.where(free, kl.detach(), kl).sum(1)

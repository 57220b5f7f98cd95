"""The variational autoencoder: a Gaussian per image, kept close to one prior, so that the space between images is
filled (Kingma & Welling 2013; Rezende, Mohamed & Wierstra 2014; β: Higgins et al. 2017)."""

from __future__ import annotations

import torch
from torch import Tensor

from core.models.base import LatentModel, Losses, Posterior


class VAE(LatentModel):
    """q(z | x) = N(μ(x), diag σ²(x)); the negative ELBO is recon + KL, with β weighing the KL during training."""

    def encode(self, images: Tensor) -> Posterior:
        mean, logvar = self.encoder(images).chunk(2, dim=1)
        # exp of an unbounded log σ² overflows on the first bad step; σ between e^-5 and e^5 is far wider than any use.
        return Posterior(mean, logvar.clamp(-10.0, 10.0))

    def loss(self, images: Tensor, generator: torch.Generator | None = None) -> Losses:
        posterior = self.encode(images)
        z = posterior.sample(generator)
        return Losses(self.likelihood.nll(self.decoder(z), images), posterior.kl().sum(1))

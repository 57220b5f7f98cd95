"""The autoencoder: one point in the latent space per image, and nothing that keeps order among the points."""

from __future__ import annotations

import torch
from torch import Tensor

from core.models.base import LatentModel, Losses, Posterior


class Autoencoder(LatentModel):
    """z = encoder(x), x̂ = decoder(z), trained on the reconstruction alone (Hinton & Salakhutdinov 2006).

    There is no prior. To sample, a full-covariance Gaussian is laid through the latents of training images: without
    it, N(0, I) mostly falls into holes where no image ever was.
    """

    def encode(self, images: Tensor) -> Posterior:
        return Posterior(self.encoder(images))

    def loss(self, images: Tensor, generator: torch.Generator | None = None) -> Losses:
        z = self.encoder(images)
        recon = self.likelihood.nll(self.decoder(z), images)
        return Losses(recon, torch.zeros_like(recon))

    def from_noise(self, noise: Tensor) -> Tensor:
        """noise ~ N(0, I) → N(latent_mean, latent_cov), [B, d]."""
        # An eigendecomposition, not Cholesky: a collapsed dimension has variance 0 and is no error here. On the CPU,
        # in double precision, because Apple's GPUs have neither.
        values, vectors = torch.linalg.eigh(self.latent_cov.cpu().double())
        root = (vectors * values.clamp_min(0).sqrt()).to(noise)
        return self.latent_mean + noise @ root.T

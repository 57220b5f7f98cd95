"""The autoencoder: one point in the latent space per image, and nothing that keeps order among the points."""

from __future__ import annotations

import torch
from torch import Tensor

from core.models.base import LatentModel, Posterior


class Autoencoder(LatentModel):
    """z = encoder(x), x̂ = decoder(z), trained on the reconstruction alone (Hinton & Salakhutdinov 2006).

    There is no prior. To sample, a full-covariance Gaussian is laid through the latents of training images: without
    it, N(0, I) mostly falls into holes where no image ever was.
    """

    variational = False
    has_prior = False

    def prior_term(self, posterior: Posterior) -> Tensor:
        """Nothing: 0 for each image, [B]."""
        return torch.zeros_like(posterior.mean[:, 0])

"""The variational autoencoder: a Gaussian per image, kept close to one prior, so that the space between images is
filled (Kingma & Welling 2013; Rezende, Mohamed & Wierstra 2014; β: Higgins et al. 2017)."""

from __future__ import annotations

from torch import Tensor

from core.models.base import LatentModel, Posterior


class VAE(LatentModel):
    """q(z | x) = N(μ(x), diag σ²(x)); the negative ELBO is recon + KL, with β weighing the KL during training."""

    variational = True
    has_prior = True

    def prior_term(self, posterior: Posterior) -> Tensor:
        """KL(q ‖ N(0, I)), in nats, [B]."""
        return posterior.kl().sum(1)

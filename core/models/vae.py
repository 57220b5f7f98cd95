"""Variational autoencoder: a Gaussian per image, kept close to the prior N(0, I).

Kingma & Welling 2013; Rezende, Mohamed & Wierstra 2014; β: Higgins et al. 2017.
"""

from __future__ import annotations

from torch import Tensor

from core.models.base import LatentModel, Posterior
from core.recipes.family import ELBO_CAPTION, KL, NEGATIVE_ELBO, RECONSTRUCTION, Family

FAMILY = Family(
    key="vae",
    order=2,
    name="Variational autoencoder",
    abbreviation="VAE",
    sentence="Encoder and decoder; each image becomes a Gaussian, kept close to the prior N(0, I).",
    model="VAE",
    latent="gaussian",
    prior=True,
    terms=(RECONSTRUCTION, KL),
    fields=(
        *("beta", "beta_warmup", "beta_cycles", "free_bits", "importance_samples"),
        *("optimizer", "schedule", "precision"),
    ),
    objective_name="−ELBO",
    objective=NEGATIVE_ELBO,
    explanation=(
        "A VAE is trained on the negative **ELBO** (evidence lower bound): how badly the image is reconstructed, plus "
        "how far the posterior q(z | x) is from the prior N(0, I), weighted by β."
    ),
    generator_source=1,
    caption=ELBO_CAPTION,
)


class VAE(LatentModel):
    """q(z | x) = N(μ(x), diag σ²(x)); the negative ELBO is recon + KL, with β weighing the KL during training."""

    family = FAMILY

    def regularizers(self, posterior: Posterior, z: Tensor) -> dict[str, Tensor]:
        """kl: KL(q ‖ N(0, I)) summed over latent dimensions, in nats, [B]."""
        return {"kl": posterior.kl().sum(1)}

"""Variational auto-decoder: no encoder, a learned Gaussian per training image (Zadeh et al. 2019, arXiv 1903.00840)."""

from __future__ import annotations

from torch import Tensor

from core.models.auto_decoder import AutoDecoder
from core.models.base import Posterior
from core.recipes.family import ELBO_CAPTION, KL, NEGATIVE_ELBO, RECONSTRUCTION, Family

FAMILY = Family(
    key="vad",
    order=4,
    name="Variational auto-decoder",
    abbreviation="VAD",
    sentence="No encoder; each training image has its own Gaussian, learned and kept close to N(0, I).",
    model="VariationalAutoDecoder",
    latent="gaussian",
    encoder=False,
    latent_table=True,
    prior=True,
    terms=(RECONSTRUCTION, KL),
    fields=(
        *("beta", "beta_warmup", "beta_cycles", "free_bits"),
        *("optimizer", "schedule", "latent_lr", "latent_init", "precision"),
    ),
    objective_name="−ELBO",
    objective=NEGATIVE_ELBO,
    explanation=(
        "No encoder: each training image has its own μ and log σ², a row of a table. The objective is the VAE's, the "
        "negative **ELBO**: how badly the image is reconstructed, plus how far its posterior q is from the prior "
        "N(0, I), weighted by β."
    ),
    generator_source=2,
    caption=ELBO_CAPTION,
)


class VariationalAutoDecoder(AutoDecoder):
    """max over μ_i, σ_i and θ of the ELBO: E_q[log p(x_i | z)] − β KL(N(μ_i, diag σ_i²) ‖ N(0, I)).

    The VAE's objective without the encoder: a row of the table holds μ and log σ² of its image.
    """

    family = FAMILY

    def regularizers(self, posterior: Posterior, z: Tensor) -> dict[str, Tensor]:
        """kl: KL(q ‖ N(0, I)) summed over latent dimensions, in nats, [B]."""
        return {"kl": posterior.kl().sum(1)}

"""InfoVAE: the VAE with the weight of the KL and that of an MMD to choose (Zhao, Song & Ermon 2019).

https://arxiv.org/abs/1706.02262
"""

from __future__ import annotations

from torch import Tensor

from core.models.base import Posterior
from core.models.mmd import WithMMD
from core.recipes.family import KL, MMD, MMD_WEIGHT, RECONSTRUCTION, Family

FAMILY = Family(
    key="infovae",
    order=8,
    name="InfoVAE",
    abbreviation="InfoVAE",
    sentence="A VAE with two pulls towards N(0, I): of each image's Gaussian (KL) and of all of them together (MMD).",
    model="InfoVAE",
    latent="gaussian",
    prior=True,
    terms=(RECONSTRUCTION, KL, MMD),
    fields=("beta", "beta_warmup", "beta_cycles", "optimizer", "schedule", "precision"),
    own_fields=(MMD_WEIGHT,),
    objective=(
        r"\begin{aligned}\mathcal{L} ={}& \underbrace{-\,\mathbb{E}_{q(z \mid x)} \log p(x \mid z)}"
        r"_{\text{reconstruction}} + \underbrace{(1 - \alpha)}_{\beta}\,\mathrm{KL}\left(q(z \mid x)\,\|\,"
        r"\mathcal{N}(0, I)\right) \\ &+ \underbrace{(\alpha + \lambda' - 1)}_{\lambda}\,\mathrm{MMD}^2\left(q(z),\,"
        r"\mathcal{N}(0, I)\right)\end{aligned}"
    ),
    explanation=(
        "The KL pulls the posterior of *each* image towards the prior, which also makes the latents forget the "
        "image; the MMD only asks that the latents of *all* images together are distributed as the prior. β = 1 − α "
        "and λ = α + λ′ − 1 in the paper’s letters: β = 1 with λ = 0 is the VAE, β = 0 (α = 1) the MMD-VAE."
    ),
    code=("loss", "losses_at", "_with_mmd", "regularizers"),
    generator_source=6,
    caption=(
        "Solid: training, dashed: validation. Total = reconstruction + β·KL + λ·MMD². The MMD² is estimated from each "
        "batch and wavers around 0 once the latents fit the prior."
    ),
)


class InfoVAE(WithMMD):
    """Reconstruction + β KL(q(z | x) ‖ N(0, I)) + λ MMD²(z of the batch, N(0, I)), with z drawn from the posterior."""

    family = FAMILY

    def regularizers(self, posterior: Posterior, z: Tensor) -> dict[str, Tensor]:
        """kl: KL(q ‖ N(0, I)) summed over latent dimensions, in nats, [B]. The MMD is added in `losses_at`."""
        return {"kl": posterior.kl().sum(1)}

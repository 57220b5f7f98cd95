"""Wasserstein autoencoder with an MMD penalty: points whose distribution is pulled towards N(0, I).

WAE-MMD, Tolstikhin, Bousquet, Gelly & Schölkopf 2018 (https://arxiv.org/abs/1711.01558).
"""

from __future__ import annotations

from core.models.mmd import WithMMD
from core.recipes.family import MMD, MMD_WEIGHT, RECONSTRUCTION, Family

FAMILY = Family(
    key="wae",
    order=7,
    proper_name=True,
    name="Wasserstein autoencoder",
    abbreviation="WAE",
    sentence="Encoder and decoder; each image becomes a point, and all points together are pulled towards N(0, I).",
    model="WAE",
    prior=True,
    terms=(RECONSTRUCTION, MMD),
    fields=("optimizer", "schedule", "precision"),
    own_fields=(MMD_WEIGHT,),
    objective=(
        r"\begin{aligned}\mathcal{L} ={}& \underbrace{-\log p(x \mid z)}_{\text{reconstruction}} \\ &+ \lambda\,"
        r"\underbrace{\mathrm{MMD}^2\left(q(z),\, \mathcal{N}(0, I)\right)}_{\text{of the batch}}, \quad"
        r" z = \mathrm{encoder}(x)\end{aligned}"
    ),
    explanation=(
        "A WAE asks less than a VAE: not that the posterior of *each* image is near the prior, only that the latents "
        "of all images *together* are distributed as N(0, I). The MMD compares the points of a batch with as many "
        "draws of the prior. An image stays a point, so nothing blurs its reconstruction, and samples can be drawn "
        "from the prior."
    ),
    code=("loss", "losses_at", "_with_mmd"),
    generator_source=5,
    caption=(
        "Solid: training, dashed: validation. Total = reconstruction + λ·MMD². The MMD² is estimated from each batch "
        "and wavers around 0 once the latents fit the prior."
    ),
)


class WAE(WithMMD):
    """z = encoder(x), x̂ = decoder(z); reconstruction + λ MMD²(z of the batch, N(0, I))."""

    family = FAMILY

"""Autoencoder: one point in the latent space per image, without a prior on the points."""

from __future__ import annotations

from core.models.base import LatentModel
from core.recipes.family import RECONSTRUCTION, Family

FAMILY = Family(
    key="ae",
    order=1,
    name="Autoencoder",
    abbreviation="AE",
    sentence="Encoder and decoder; each image becomes a point, and no term of the loss arranges the points.",
    model="Autoencoder",
    terms=(RECONSTRUCTION,),
    fields=("optimizer", "schedule", "precision"),
    objective_name="Error",
    objective=r"\mathcal{L} = -\log p(x \mid z), \qquad z = \mathrm{encoder}(x)",
    explanation="An autoencoder has one term: how far the reconstruction x̂ is from the image x.",
    code=("loss", "losses_at"),
    generator_source=4,
    samples="Samples from a Gaussian fitted to the latents",
    caption=(
        "Solid: training, dashed: validation. Both should fall or level out; validation rising alone is overfitting."
    ),
)


class Autoencoder(LatentModel):
    """z = encoder(x), x̂ = decoder(z), trained on the reconstruction alone (Hinton & Salakhutdinov 2006).

    There is no prior. To sample, a full-covariance Gaussian is fitted to the latents of training images: draws of
    N(0, I) mostly fall where no training image lies.
    """

    family = FAMILY

"""Denoising autoencoder (Vincent et al. 2008), a family of one file for tests: noisy images in, clean images out."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from core.models.base import LatentModel, Losses, Posterior
from core.recipes.family import RECONSTRUCTION, Family, Field, Term
from core.recipes.recipe import Recipe

FAMILY = Family(
    key="dae",
    order=50,
    name="Denoising autoencoder",
    abbreviation="DAE",
    sentence="An autoencoder that is shown noisy images and must reconstruct the clean ones.",
    model="DenoisingAutoencoder",
    terms=(RECONSTRUCTION, Term("spread", "Spread", "‖mean z‖²", "kl", weight="spread_weight", batch=True)),
    fields=("optimizer", "schedule", "precision"),
    own_fields=(
        Field("noise", 0.3, "Standard deviation of the noise added to each pixel.", low=0.0, high=1.0),
        Field(
            "spread_weight", 0.1, "Weight of the squared mean of a batch's latents.", low=0.0, high=9.0, group="loss"
        ),
    ),
    objective_name="Error",
    objective=r"\mathcal{L} = -\log p(x \mid z), \qquad z = \mathrm{encoder}(x + \varepsilon)",
    explanation="A denoising autoencoder reconstructs the image x from a noisy copy of it.",
    samples="Samples from a Gaussian fitted to the latents",
    caption="Solid: training, dashed: validation.",
    code=("loss", "losses_at", "regularizers"),
)


class DenoisingAutoencoder(LatentModel):
    """z = encoder(x + ε), x̂ = decoder(z)."""

    family = FAMILY
    noise = 0.0

    @classmethod
    def from_recipe(cls, recipe: Recipe) -> Self:
        model = super().from_recipe(recipe)
        model.noise = recipe.value("noise")
        return model

    def loss(
        self, images: Tensor, generator: torch.Generator | None = None, posterior: Posterior | None = None
    ) -> Losses:
        noise = torch.randn(images.shape, generator=generator, device=images.device)
        posterior = self.encode(images + self.noise * noise) if posterior is None else posterior
        return self.losses_at(posterior, posterior.mean, images)

    def regularizers(self, posterior: Posterior, z: Tensor) -> dict[str, Tensor]:
        return {"spread": z.mean(0).square().sum()}

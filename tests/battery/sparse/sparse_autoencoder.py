"""Sparse autoencoder (Ranzato et al. 2007), a family of one file for tests: most latents of an image are nearly 0."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from core.models.base import LatentModel, Losses, Posterior
from core.recipes.family import RECONSTRUCTION, Family, Field, Term
from core.recipes.recipe import Recipe

FAMILY = Family(
    key="sparse",
    order=50,
    name="Sparse autoencoder",
    abbreviation="Sparse AE",
    sentence="An autoencoder that describes each image by few latents that are not 0.",
    model="SparseAutoencoder",
    terms=(
        RECONSTRUCTION,
        Term("sparsity", "Sparsity", "‖z‖₁", "kl", weight="sparsity_weight", meaning="Sum of the latents' sizes."),
        Term("balance", "Balance", "‖mean z‖²", "latent", batch=True, meaning="How far a batch leans to one side."),
    ),
    fields=("optimizer", "schedule", "precision"),
    own_fields=(
        Field("jitter", 0.3, "Standard deviation of the noise added to each latent in training.", low=0.0, high=1.0),
        Field(
            "sparsity_weight",
            0.1,
            "Weight of the sum of the latents' sizes.",
            low=0.0,
            high=9.0,
            group="loss",
            symbol="γ",
        ),
    ),
    objective=r"\mathcal{L} = -\log p(x \mid z) + \gamma\,\lVert z \rVert_1, \qquad z = \mathrm{encoder}(x)",
    explanation="A sparse autoencoder pays for every latent that is not 0.",
    samples="Samples from a Gaussian fitted to the latents",
    caption="Solid: training, dashed: validation.",
    code=("loss", "losses_at", "regularizers"),
)


class SparseAutoencoder(LatentModel):
    """z = encoder(x), x̂ = decoder(z + noise); reconstruction + γ ‖z‖₁ + ‖mean z‖²."""

    family = FAMILY
    jitter = 0.0

    @classmethod
    def from_recipe(cls, recipe: Recipe) -> Self:
        model = super().from_recipe(recipe)
        model.jitter = recipe.value("jitter")
        return model

    def loss(
        self, images: Tensor, generator: torch.Generator | None = None, posterior: Posterior | None = None
    ) -> Losses:
        posterior = self.encode(images) if posterior is None else posterior
        z = posterior.mean
        noise = torch.randn(z.shape, generator=generator, device=z.device)
        return self.losses_at(posterior, z + self.jitter * noise, images)

    def regularizers(self, posterior: Posterior, z: Tensor) -> dict[str, Tensor]:
        return {"sparsity": posterior.mean.abs().sum(1), "balance": posterior.mean.mean(0).square().sum()}

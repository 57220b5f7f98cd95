"""Denoising autoencoder: encodes a corrupted image, reconstructs the clean one (Vincent et al. 2008)."""

from __future__ import annotations

from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from core.models.base import LatentModel, Losses, Posterior
from core.recipes.family import RECONSTRUCTION, Family, Field
from core.recipes.recipe import Recipe

FAMILY = Family(
    key="dae",
    order=6,
    name="Denoising autoencoder",
    abbreviation="DAE",
    sentence="An autoencoder that sees corrupted images and must reconstruct the clean ones.",
    model="DenoisingAutoencoder",
    terms=(RECONSTRUCTION,),
    fields=("optimizer", "schedule", "precision"),
    own_fields=(
        Field(
            "corruption",
            "masking",
            "What is done to each image before it is encoded. masking: pixels at random become black. noise: Gaussian "
            "noise is added to every value. blur: a Gaussian filter.",
            choices=("masking", "noise", "blur"),
            label="Corruption",
        ),
        Field(
            "corruption_strength",
            0.4,
            "How strong the corruption is. masking: share of the pixels. noise: standard deviation, in grey levels "
            "from 0 to 1. blur: standard deviation of the filter; at 1 it is a tenth of the image's shorter side.",
            low=0.0,
            high=1.0,
            label="Strength of the corruption",
        ),
    ),
    objective_name="Error",
    objective=r"\mathcal{L} = -\log p(x \mid z), \qquad z = \mathrm{encoder}(\tilde{x})",
    explanation=(
        "A denoising autoencoder gets a corrupted image x̃ and is compared with the clean image x. It cannot copy its "
        "input: it has to know what images look like to fill in what is missing."
    ),
    code=("loss", "corrupted", "losses_at"),
    generator_source=7,
    samples="Samples from a Gaussian fitted to the latents",
    originals="Corrupted test images",
    reconstructions="Reconstructed from them",
    caption=(
        "Solid: training, dashed: validation, both from corrupted images. Both should fall or level out; validation "
        "rising alone is overfitting."
    ),
)

SHOWN_SEED = 3
"""Seed of the corruption in the pictures of a training."""


class DenoisingAutoencoder(LatentModel):
    """z = encoder(x̃), x̂ = decoder(z), with x̃ a corrupted x, newly drawn in every step; the loss compares with x.

    After training, clean images are encoded as they are.
    """

    family = FAMILY
    corruption, strength = "masking", 0.0

    @classmethod
    def from_recipe(cls, recipe: Recipe) -> Self:
        """An untrained model of the recipe."""
        model = super().from_recipe(recipe)
        model.corruption, model.strength = recipe.value("corruption"), recipe.value("corruption_strength")
        return model

    @property
    def loss_is_special(self) -> bool:
        """True: a validation corrupts its images as well."""
        return True

    def loss(
        self, images: Tensor, generator: torch.Generator | None = None, posterior: Posterior | None = None
    ) -> Losses:
        """Loss of clean images [B, C, H, W] reconstructed from corrupted ones; `generator` draws the corruption."""
        posterior = self.encode(self.corrupted(images, generator)) if posterior is None else posterior
        return self.losses_at(posterior, posterior.mean, images)

    def corrupted(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Corrupted images, [B, C, H, W]; masking hides a pixel in all channels at once. Noise may leave [0, 1]."""
        if self.corruption == "blur":
            return _blurred(images, self.strength * 0.1 * min(self.shape.height, self.shape.width))
        if self.corruption == "noise":
            noise = torch.randn(images.shape, generator=generator, device=images.device, dtype=images.dtype)
            return images + self.strength * noise
        kept = torch.rand((len(images), 1, *images.shape[2:]), generator=generator, device=images.device)
        return images * (kept >= self.strength)

    def shown_input(self, images: Tensor) -> Tensor:
        """The corrupted images, always with the same noise."""
        return self.corrupted(images, torch.Generator(images.device).manual_seed(SHOWN_SEED))


def _blurred(images: Tensor, sigma: float) -> Tensor:
    """Images [B, C, H, W] filtered by a Gaussian of that σ in pixels; beyond the border their edge is repeated."""
    reach = int(3 * sigma + 0.5)
    if reach == 0:
        return images
    places = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype)
    weights = torch.exp(-0.5 * (places / sigma).square())
    weights = weights / weights.sum()
    channels = images.shape[1]
    padded = F.pad(images, (reach, reach, reach, reach), mode="replicate")
    along = F.conv2d(padded, weights.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    return F.conv2d(along, weights.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)

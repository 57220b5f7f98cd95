"""Auto-decoder: no encoder, a learned latent vector per training image.

GLO (Bojanowski et al. 2018), DeepSDF (Park et al. 2019). A new image has no row in the table: `latent/search.py` finds
its latent with the decoder frozen. That takes longer than one pass of an encoder, and works from visible pixels alone.
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from core.images.shape import GREY_28, ImageShape
from core.models.base import LatentModel, Posterior, build_decoder, build_likelihood
from core.models.likelihood import Likelihood
from core.recipes.family import HALF_SQUARED_NORM, RECONSTRUCTION, Family
from core.recipes.recipe import Recipe

FAMILY = Family(
    key="ad",
    order=3,
    name="Auto-decoder",
    abbreviation="AD",
    sentence="No encoder; each training image has its own latent vector, learned together with the decoder.",
    model="AutoDecoder",
    encoder=False,
    latent_table=True,
    terms=(RECONSTRUCTION, HALF_SQUARED_NORM),
    fields=("beta", "optimizer", "schedule", "latent_lr", "latent_init", "precision"),
    objective=(
        r"\mathcal{L} = \sum_i \; \underbrace{-\log p(x_i \mid z_i)}_{\text{reconstruction}} + \beta\,"
        r"\tfrac{1}{2}\lVert z_i \rVert^2"
    ),
    explanation=(
        "An auto-decoder has no encoder. Each training image xᵢ has its own latent vector zᵢ, a row of a table, and "
        "the "
        "gradient reaches both the row and the decoder. The second term pulls the rows together: it is −log N(z; 0, I) "
        "up to a constant."
    ),
    generator_source=3,
    samples="Samples from a Gaussian fitted to the latents",
    caption=(
        "Solid: training, dashed: validation. Total = reconstruction + β·½‖z‖². Validation images have no row in the "
        "table: a search finds their latents, and finds better ones than a row has in the first epochs."
    ),
)


class AutoDecoder(LatentModel):
    """min over z_i and θ of Σ −log p(x_i | z_i) + β · ½ ‖z_i‖²: at β = 1 the MAP point under the prior N(0, I).

    The prior only keeps the points together; they do not fill N(0, I), so samples are drawn from a Gaussian or mixture
    that is fitted to them (`latent/mixture.py`).

    Buffers beside those of `LatentModel`:
        table: codes of the training images [N, code_dim], in the order of `data.split`.
        mean_image [C·H·W], ridge_weight [C·H·W, code_dim], ridge_bias [code_dim]: a ridge regression from pixels to
            codes, code = ridge_bias + (x − mean_image) · ridge_weight, at which a search begins.
        beta: the weight of the prior's term in training.
    """

    family = FAMILY
    table: Tensor

    has_code_regression = True

    def __init__(self, decoder: nn.Module, likelihood: Likelihood, latent_dim: int, shape: ImageShape = GREY_28):
        super().__init__(None, decoder, likelihood, latent_dim, shape)
        self.register_buffer("table", torch.zeros(0, self.code_dim))
        register_code_regression(self)
        self.register_buffer("beta", torch.ones(()))

    @classmethod
    def from_recipe(cls, recipe: Recipe) -> Self:
        """An untrained model of the recipe with an empty table."""
        model = cls(build_decoder(recipe), build_likelihood(recipe), recipe.latent_dim, recipe.shape)
        model.set_objective(recipe)
        return model

    @property
    def latent_table(self) -> Tensor:
        """Codes of the training images [N, code_dim], one row each."""
        return self.table

    def regularizers(self, posterior: Posterior, z: Tensor) -> dict[str, Tensor]:
        """kl: ½ ‖z‖² = −log N(z; 0, I) up to a constant, [B]."""
        return {"kl": 0.5 * posterior.mean.square().sum(1)}


def register_code_regression(model: LatentModel) -> None:
    """Add the buffers of the ridge regression from pixels to codes, all zero."""
    model.register_buffer("mean_image", torch.zeros(model.shape.values))
    model.register_buffer("ridge_weight", torch.zeros(model.shape.values, model.code_dim))
    model.register_buffer("ridge_bias", torch.zeros(model.code_dim))

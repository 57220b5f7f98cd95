"""Auto-decoder: no encoder; each training image owns a latent vector that is optimised with the decoder.

GLO (Bojanowski et al. 2018), DeepSDF (Park et al. 2019). A new image has no row in the table: `latent/encoding.py`
finds
its latent with the decoder frozen. That costs more than an encoder's one pass and works from visible pixels alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.images.shape import GREY_28, ImageShape
from core.models.base import LatentModel, Posterior
from core.recipes.family import HALF_SQUARED_NORM, RECONSTRUCTION, Family

FAMILY = Family(
    key="ad",
    order=3,
    name="Auto-decoder",
    abbreviation="AD",
    sentence="No encoder; each training image owns a latent vector that is learned with the decoder.",
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
        "An auto-decoder has no encoder. Each training image xᵢ owns a latent vector zᵢ, a row of a table, and the "
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

    The prior only keeps the points together; they do not fill N(0, I), so samples come from a Gaussian, or a mixture,
    that is fitted to them (`latent/mixture.py`).

    Buffers beside those of `LatentModel`:
        table: the codes of the training images [N, code_dim], in the order of `loading.split`.
        mean_image [C·H·W], guess [C·H·W, code_dim], guess_at_mean [code_dim]: a ridge regression from pixels to codes,
            which gives every search a start that is better than noise (`search.initial_code`).
        beta: as it was in training.
    """

    table: Tensor

    variational = False
    has_prior = False
    has_code_regression = True

    def __init__(self, decoder: nn.Module, likelihood: nn.Module, latent_dim: int, shape: ImageShape = GREY_28):
        super().__init__(None, decoder, likelihood, latent_dim, shape)
        k = self.code_dim
        self.register_buffer("table", torch.zeros(0, k))
        self.register_buffer("mean_image", torch.zeros(shape.values))
        self.register_buffer("guess", torch.zeros(shape.values, k))
        self.register_buffer("guess_at_mean", torch.zeros(k))
        self.register_buffer("beta", torch.ones(()))

    @property
    def latent_table(self) -> Tensor:
        """Codes of the training images [N, code_dim], one row each."""
        return self.table

    def encode(self, images: Tensor) -> Posterior:
        raise NotImplementedError("There is no encoder here. inference.posterior finds where images lie.")

    def prior_term(self, posterior: Posterior) -> Tensor:
        """½ ‖z‖² = −log N(z; 0, I) up to a constant, [B]."""
        return 0.5 * posterior.mean.square().sum(1)

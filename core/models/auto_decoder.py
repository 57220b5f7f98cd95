"""Families without an encoder: each training image owns its place in the latent space, and the place is learned
together with the decoder.

The auto-decoder owns a point (GLO, Bojanowski et al. 2018; DeepSDF, Park et al. 2019), the variational auto-decoder a
Gaussian (VAD, Zadeh et al. 2019, arXiv 1903.00840). A new image has no place yet: `inference.py` finds it with the
decoder frozen. That costs more than an encoder's one pass, and needs no whole image: what can be seen of it will do.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.models.base import LatentModel, Posterior
from core.models.networks import PIXELS


class AutoDecoder(LatentModel):
    """min over z_i and θ of Σ −log p(x_i | z_i) + β · ½ ‖z_i‖²: at β = 1 the MAP point under the prior N(0, I).

    The prior only keeps the points together; they do not fill N(0, I), so samples come from a Gaussian, or a mixture,
    that is fitted to them (`mixture.py`).

    Buffers beside those of `LatentModel`:
        table: the codes of the training images [N, code_dim], in the order of `data.split`.
        mean_image [784], guess [784, code_dim], guess_at_mean [code_dim]: a ridge regression from pixels to codes,
            which gives every search a start that is better than noise (`inference.start`).
        beta: as it was in training.
    """

    variational = False
    has_prior = False

    def __init__(self, decoder: nn.Module, likelihood: nn.Module, latent_dim: int):
        super().__init__(None, decoder, likelihood, latent_dim)
        k = self.code_dim
        self.register_buffer("table", torch.zeros(0, k))
        self.register_buffer("mean_image", torch.zeros(PIXELS))
        self.register_buffer("guess", torch.zeros(PIXELS, k))
        self.register_buffer("guess_at_mean", torch.zeros(k))
        self.register_buffer("beta", torch.ones(()))

    def encode(self, images: Tensor) -> Posterior:
        raise NotImplementedError("There is no encoder here. inference.posterior finds where images lie.")

    def prior_term(self, posterior: Posterior) -> Tensor:
        """½ ‖z‖² = −log N(z; 0, I) up to a constant, [B]."""
        return 0.5 * posterior.mean.square().sum(1)


class VariationalAutoDecoder(AutoDecoder):
    """max over μ_i, σ_i and θ of the ELBO: E_q[log p(x_i | z)] − β KL(N(μ_i, diag σ_i²) ‖ N(0, I)).

    The VAE's own objective with the encoder left away: a row of the table holds μ and log σ² of its image.
    """

    variational = True
    has_prior = True

    def prior_term(self, posterior: Posterior) -> Tensor:
        """KL(q ‖ N(0, I)), in nats, [B]."""
        return posterior.kl().sum(1)

"""The generative adversarial network (Goodfellow et al. 2014) with a trained decoder as its generator.

A decoder already turns z into images; trained with an encoder it learned to redraw, on average, what it was shown, and
that average is blurred. Here it meets a discriminator, which learns to tell its images from real ones, and whose
gradient is all the generator learns from.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from core.images.shape import GREY_28, ImageShape
from core.models.base import LatentModel
from core.recipes.family import Family

FAMILY = Family(
    key="gan",
    order=100,
    name="GAN: a decoder against a discriminator",
    abbreviation="GAN",
    sentence="A trained decoder becomes the generator and learns against a discriminator.",
    model="GAN",
    trainer="training.gan_trainer:GanTrainer",
    encoder=False,
    fields=(
        "source",
        "source_model",
        "generator",
        "adversarial",
        "d_channels",
        "d_norm",
        "d_lr",
        "d_steps",
        "label_smoothing",
        "r1",
        "ema",
        "freeze",
        "round_images",
    ),
    columns=(
        "d_lr",
        "d_loss",
        "g_loss",
        "d_real",
        "d_fake",
        "penalty",
        "val_frechet",
        "val_modes",
        "val_balance",
        "val_sure",
        "val_sharpness",
        "val_diversity",
        "val_mse",
    ),
    adversarial=True,
)


class GAN(LatentModel):
    """A generator G (`decoder`), a discriminator D, and what G came from, left as it was.

    The verbs are those of every model: `decode` is G, `sample` is G at draws from the source's prior, and where the
    source had an encoder `encode` still asks it, so that "encode, then generate" shows what became of reconstruction.

    Attributes:
        discriminator: images [B, C, H, W] → [B], see `networks.discriminator`.
        origin: the decoder as it was before, frozen; None without a source.
        encoder: the source's, frozen; None if it had none or G did not start as its decoder.
        variational, has_prior: the source's. kl_known: whether `kl_per_dim` is that of where the generator began.
    """

    adversarial = True

    def __init__(
        self,
        encoder: nn.Module | None,
        decoder: nn.Module,
        likelihood: nn.Module,
        latent_dim: int,
        *,
        discriminator: nn.Module,
        origin: nn.Module | None,
        variational: bool,
        has_prior: bool,
        guess: bool,
        shape: ImageShape = GREY_28,
    ):
        super().__init__(encoder, decoder, likelihood, latent_dim, shape)
        self.discriminator, self.origin = discriminator, origin
        self.kl_known = encoder is not None or guess  # a generator from scratch has no source that measured it
        self.variational, self.has_prior = variational, has_prior
        self.has_code_regression = guess
        if guess:  # an auto-decoder's regression from pixels to codes: where a search begins
            self.register_buffer("mean_image", torch.zeros(shape.values))
            self.register_buffer("guess", torch.zeros(shape.values, self.code_dim))
            self.register_buffer("guess_at_mean", torch.zeros(self.code_dim))

    def before(self) -> LatentModel | None:
        """The source as it was, to decode, search or measure with: it shares everything but the decoder with this
        model. None without a source."""
        if self.origin is None:
            return None
        found = copy.copy(self)
        found._modules = dict(self._modules)  # a copy shares its table of parts with the original
        found.decoder = self.origin
        return found

    def prior_term(self, posterior) -> Tensor:
        """What the source's prior asks, in nats, [B]."""
        if self.variational:
            return posterior.kl().sum(1)
        return 0.5 * posterior.mean.square().sum(1)

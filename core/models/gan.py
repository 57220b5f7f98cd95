"""Generative adversarial network (Goodfellow et al. 2014) with a trained decoder as its generator.

A decoder trained for reconstruction maps z to blurred images, averages of the plausible ones. A GAN trains this decoder
further, as its generator, against a discriminator that learns to distinguish generated from real images; the gradient
through the discriminator is the generator's only training signal.
"""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn

from core.images.shape import GREY_28, ImageShape
from core.models import networks
from core.models.auto_decoder import register_code_regression
from core.models.base import LatentModel, Posterior, build_decoder, build_encoder, build_likelihood
from core.models.likelihood import Likelihood
from core.recipes.family import Family
from core.recipes.recipe import Recipe

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
        "d_network",
        "d_norm",
        "d_lr",
        "d_steps",
        "g_steps",
        "label_smoothing",
        "r1",
        "r1_noise",
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
    not_generator="it is a GAN itself",
)


class _SourceLatentSpace(LatentModel):
    """Model in the latent space of a GAN's source, the trained model that supplied the decoder.

    Attributes:
        source_family: record of the source; None without a source.
        started_as_source: whether the generator started as the source's decoder rather than from scratch.
    """

    family = FAMILY

    def __init__(
        self,
        encoder: nn.Module | None,
        decoder: nn.Module,
        likelihood: Likelihood,
        latent_dim: int,
        shape: ImageShape,
        source_family: Family | None,
        started_as_source: bool,
    ):
        super().__init__(encoder, decoder, likelihood, latent_dim, shape)
        self.source_family, self.started_as_source = source_family, started_as_source

    @property
    def variational(self) -> bool:
        """Whether codes are Gaussians: those of a variational source whose decoder the generator started as."""
        return self.started_as_source and self.source_family is not None and self.source_family.variational

    @property
    def has_prior(self) -> bool:
        """Whether z is drawn from N(0, I): the source was regularised towards this prior, or there is no source."""
        return self.source_family is None or self.source_family.prior

    def regularizers(self, posterior: Posterior, z: Tensor) -> dict[str, Tensor]:
        """kl: term of the source's prior in a search for an image's latent, in nats, [B]."""
        if self.variational:
            return {"kl": posterior.kl().sum(1)}
        return {"kl": 0.5 * posterior.mean.square().sum(1)}


class GAN(_SourceLatentSpace):
    """Generator G (`decoder`), discriminator D, and the frozen decoder of the source.

    `decode` is G, and `sample` is G at draws from the source's prior. If the source has an encoder, `encode` uses this
    encoder, so that encoding followed by generating shows how reconstruction changed.

    Attributes:
        discriminator: images [B, C, H, W] → verdicts [B], see `networks.DISCRIMINATORS`.
        source_decoder: the source's decoder, frozen; None without a source.
        encoder: the source's encoder, frozen; None if the source has no encoder or G started from scratch.
        kl_known: whether `kl_per_dim` holds values, those of the source whose decoder G started as.
    """

    def __init__(
        self,
        encoder: nn.Module | None,
        decoder: nn.Module,
        likelihood: Likelihood,
        latent_dim: int,
        shape: ImageShape = GREY_28,
        *,
        discriminator: nn.Module,
        source_decoder: nn.Module | None,
        source_family: Family | None,
        started_as_source: bool,
    ):
        super().__init__(encoder, decoder, likelihood, latent_dim, shape, source_family, started_as_source)
        self.discriminator, self.source_decoder = discriminator, source_decoder
        self.has_code_regression = started_as_source and source_family is not None and source_family.latent_table
        self.kl_known = encoder is not None or self.has_code_regression
        if self.has_code_regression:
            register_code_regression(self)

    @classmethod
    def from_recipe(cls, recipe: Recipe) -> Self:
        """An untrained GAN of the recipe. `GanTrainer.begin` copies the source's weights.

        Weights are drawn for the encoder, the generator, the discriminator and the source's decoder, in this order.
        """
        source, as_source = recipe.latent_family, recipe.generator != "scratch"
        variational = as_source and source is not None and source.variational
        encoder = build_encoder(recipe, recipe.latent_dim * (2 if variational else 1)) if recipe.has_encoder else None
        decoder = build_decoder(recipe)
        model = cls(
            encoder,
            networks.Mapped(decoder, recipe.latent_dim) if recipe.generator == "map" else decoder,
            build_likelihood(recipe),
            recipe.latent_dim,
            recipe.shape,
            discriminator=networks.DISCRIMINATORS[recipe.d_network](
                recipe.shape, recipe.d_widths, recipe.d_norm == "spectral"
            ),
            source_decoder=build_decoder(recipe) if source else None,
            source_family=source,
            started_as_source=as_source,
        )
        model.set_objective(recipe)
        return model

    def source_model(self) -> GanSource | None:
        """The source before adversarial training; None without a source.

        The returned model shares all weights and buffers with this GAN.
        """
        return GanSource(self, self.source_decoder) if self.source_decoder is not None else None


class GanSource(_SourceLatentSpace):
    """Source of a GAN: the source's decoder, with the GAN's encoder, likelihood and latent statistics, and no
    discriminator."""

    def __init__(self, gan: GAN, decoder: nn.Module):
        super().__init__(
            gan.encoder,
            decoder,
            gan.likelihood,
            gan.latent_dim,
            gan.shape,
            gan.source_family,
            gan.started_as_source,
        )
        for name, buffer in gan.named_buffers(recurse=False):
            self.register_buffer(name, buffer)
        self.has_code_regression, self.kl_known, self.training = gan.has_code_regression, gan.kl_known, gan.training

    @property
    def adversarial(self) -> bool:
        """False: the source is not trained against a discriminator."""
        return False

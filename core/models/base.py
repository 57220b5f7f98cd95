"""Base class of all families: loss terms by name, encode, decode and sample, and the buffers saved with the weights.

Pages use every family through the same methods: `loss`, `decode`, `sample`, and `latent.encoding.encode` for the
latents of images, computed by an encoder or, in families without an encoder, by a search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from core.images.shape import GREY_28, ImageShape
from core.models import elbo, likelihood, networks
from core.recipes.family import Family
from core.recipes.recipe import Recipe

LOGVAR = 10.0
"""Bound of |log σ²|. Without a bound, exp overflows after a single bad step. The range of σ, e^-5 to e^5, is far wider
than needed."""

Vectors = TypeVar("Vectors", Tensor, np.ndarray)


@dataclass(frozen=True)
class Losses:
    """Loss terms of one batch by name, unweighted, in nats per image.

    Attributes:
        terms: loss terms by their names in the family's record: [B], or [] for a statistic of the whole batch.
        kept: what `LatentModel.after_step` needs of this batch, detached; empty in most families.
        divergence: KL(q(z | x) ‖ p(z)) of each image, [B], where it is none of the terms.
    """

    terms: Mapping[str, Tensor]
    kept: Mapping[str, Tensor] = field(default_factory=dict)
    divergence: Tensor | None = None

    @property
    def recon(self) -> Tensor:
        """−log p(x | z), summed over pixels, [B]."""
        return self.terms["recon"]

    @property
    def kl(self) -> Tensor:
        """Term of the prior, [B]: KL(q(z | x) ‖ p(z)) summed over latent dimensions where q is a Gaussian; ½ ‖z‖² for
        an auto-decoder's points; 0 in families without such a term."""
        if "kl" in self.terms:
            return self.terms["kl"]
        return torch.zeros_like(self.recon) if self.divergence is None else self.divergence


@dataclass(frozen=True)
class Posterior:
    """q(z | x): a diagonal Gaussian, or a single point where `logvar` is None (autoencoder, auto-decoder).

    Attributes:
        mean: μ, [B, d]. Of a conditional family the class weights follow: [B, d + C].
        logvar: log σ² of the first d numbers, [B, d], or None. The class weights have no σ: all draws share them.
    """

    mean: Tensor
    logvar: Tensor | None = None

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """z = μ + σ ε with ε ~ N(0, I), [B, d]: the reparameterisation trick (Kingma & Welling 2013), through which
        the gradient reaches μ and σ."""
        if self.logvar is None:
            return self.mean
        noise = torch.randn(self.logvar.shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype)
        return self.at(noise)

    def at(self, noise: Tensor) -> Tensor:
        """μ + σ ε for a given ε [B, d] or [d], of which numbers beyond d have no effect; μ for a point."""
        if self.logvar is None:
            return self.mean
        d = self.logvar.shape[1]
        drawn = self.style + torch.exp(0.5 * self.logvar) * noise[..., :d]
        return drawn if d == self.mean.shape[1] else torch.cat([drawn, self.mean[:, d:]], dim=1)

    @property
    def style(self) -> Tensor:
        """μ without class weights, [B, d]."""
        if self.logvar is None or self.logvar.shape == self.mean.shape:
            return self.mean
        return self.mean[:, : self.logvar.shape[1]]

    def kl(self) -> Tensor:
        """KL(q ‖ N(0, I)) per latent dimension, in nats, [B, d]; zeros for a point."""
        if self.logvar is None:
            return torch.zeros_like(self.mean)
        return 0.5 * (self.style.square() + self.logvar.exp() - 1.0 - self.logvar)


class LatentModel(nn.Module):
    """Latent-variable model: a decoder p(x | z) with a d-dimensional latent, with or without an encoder.

    Three buffers are saved with the weights and updated after every epoch: mean and covariance of μ over training
    images, and the KL of each latent dimension over validation images. They allow pages to order sliders, and families
    without a prior to sample, without loading the data.

    Attributes:
        family: the record of the family, set by each class.
        shape: channels, height and width of the images.
        latent_dim: length of the vectors that are decoded. style_dim: that without the class weights at their end,
            which only those of a conditional family have.
        kl_known: whether `kl_per_dim` was measured, so that it ranks the latent dimensions.
        has_code_regression: whether a ridge regression from pixels to codes gives the start of a search.
        beta: weight of the prior's term in training, 0 without such a term; a search uses the same weight.
        free_bits, importance_samples: as in the recipe (`core.models.elbo`).
    """

    family: ClassVar[Family]

    latent_mean: Tensor
    latent_cov: Tensor
    kl_per_dim: Tensor
    beta: Tensor
    mean_image: Tensor  # the last three only with `has_code_regression`
    ridge_weight: Tensor
    ridge_bias: Tensor
    class_share: Tensor  # only of a conditional family

    kl_known = True
    has_code_regression = False
    free_bits, importance_samples = 0.0, 1
    table_images: np.ndarray | None = None
    """Digests of the training images of the latent table's rows, `uint8` [N, 16], of a model that was loaded from a run
    that knows them (`core.data.fingerprint`)."""

    def __init__(
        self,
        encoder: nn.Module | None,
        decoder: nn.Module,
        likelihood: likelihood.Likelihood,
        latent_dim: int,
        shape: ImageShape = GREY_28,
        style_dim: int | None = None,
    ):
        super().__init__()
        self.shape = shape
        self.style_dim = latent_dim if style_dim is None else style_dim
        self.encoder, self.decoder, self.likelihood, self.latent_dim = encoder, decoder, likelihood, latent_dim
        self.register_buffer("latent_mean", torch.zeros(latent_dim))
        self._register_spread(latent_dim)
        self.register_buffer("kl_per_dim", torch.zeros(self.style_dim))
        self.register_buffer("beta", torch.ones(()), persistent=False)

    def _register_spread(self, latent_dim: int) -> None:
        """Add the buffer of the latents' covariance."""
        # Not `torch.eye`: without memory, where only shapes are compared, it imports torch's compiler, which takes a
        # second and a hundred thousand objects that every later garbage collection goes through.
        self.register_buffer("latent_cov", torch.zeros(latent_dim, latent_dim).fill_diagonal_(1.0))

    @classmethod
    def from_recipe(cls, recipe: Recipe) -> Self:
        """An untrained model of the recipe. Families with further modules or recipe fields override this method.

        Weights are drawn from the global random state: first the encoder's, then the decoder's.
        """
        encoder = build_encoder(recipe, recipe.latent_dim * (2 if cls.family.variational else 1))
        decoder = build_decoder(recipe)
        model = cls(encoder, decoder, build_likelihood(recipe), recipe.latent_dim, recipe.shape)
        model.set_objective(recipe)
        return model

    @property
    def latent_variance(self) -> Tensor:
        """Variance of the latents of training images along each dimension, [d]."""
        return self.latent_cov.diagonal()

    def set_moments(self, mean: Tensor, cov: Tensor) -> None:
        """Set mean [d] and covariance [d, d] of the latents of training images."""
        self.latent_mean.copy_(mean)
        self.latent_cov.copy_(cov)

    def after_step(self, losses: Losses, generator: torch.Generator) -> Mapping[str, Tensor]:
        """What a model learns of a batch other than by its gradient: the trainer calls it after each step of the
        optimiser, and nobody else does. Returns the measures of the family's record by name, [] each; none by default.

        Args:
            losses: of the batch. generator: of the trainer's random numbers, on the model's device.
        """
        return {}

    def set_objective(self, recipe: Recipe) -> None:
        """Set what the recipe says of the loss beside its terms: β, free bits, importance samples."""
        self.set_beta(recipe)
        if self.family.uses("free_bits"):
            self.free_bits = recipe.free_bits
        self.importance_samples = recipe.draws_per_image

    def set_beta(self, recipe: Recipe) -> None:
        """Set the weight of the prior's term from the recipe; 0 in a latent space without such a term."""
        family = recipe.latent_family
        weights = {} if family is None else {name: recipe.value(name) for name in family.weights}
        self.beta.fill_(recipe.beta if family is None else family.prior_weight(weights))

    def set_training_images(self, count: int) -> None:
        """Take note of how many images the model is trained on, before the first step; most losses need not know."""

    @property
    def variational(self) -> bool:
        """Whether the posterior of an image is a Gaussian rather than a point."""
        return self.family.variational

    @property
    def has_prior(self) -> bool:
        """Whether training regularises the latents towards N(0, I), so that samples can be drawn from this prior."""
        return self.family.prior

    @property
    def adversarial(self) -> bool:
        """Whether the decoder is trained against a discriminator."""
        return self.family.adversarial

    @property
    def loss_is_special(self) -> bool:
        """Whether `loss` is something else than `losses_at` at one draw of each posterior, so that a validation has to
        call it as well: importance samples, or a changed input."""
        return self.importance_samples > 1

    @property
    def latent_table(self) -> Tensor | None:
        """Codes of the training images [N, code_dim], one row each; None in families without a latent table."""
        return None

    @property
    def code_dim(self) -> int:
        """Length of one image's code: of μ for a point, of μ and log σ² for a Gaussian."""
        return self.latent_dim + (self.style_dim if self.variational else 0)

    def style(self, z: Vectors) -> Vectors:
        """Latent vectors [..., latent_dim], a tensor or an array, without class weights: [..., style_dim]."""
        return z if self.style_dim == self.latent_dim else z[..., : self.style_dim]

    def posterior(self, code: Tensor) -> Posterior:
        """Posterior of codes [B, code_dim]: an encoder's outputs, or rows of a latent table."""
        if not self.variational:
            return Posterior(code)
        mean, logvar = code.chunk(2, dim=1)
        return Posterior(mean, logvar.clamp(-LOGVAR, LOGVAR))

    def encode(self, images: Tensor) -> Posterior:
        """Posterior of images [B, C, H, W] by the encoder.

        Raises:
            NotImplementedError: the model has no encoder; `latent.encoding.encode` searches instead.
        """
        if self.encoder is None:
            raise NotImplementedError(
                "This model has no encoder. latent.encoding.encode finds the latents by a search."
            )
        return self.posterior(self.encoder(images).to(images.dtype))  # in mixed precision the layers return bfloat16

    def encode_as(self, images: Tensor, classes: Tensor) -> Posterior:
        """Posterior of images [B, C, H, W] whose classes are known, by the encoder.

        Args:
            classes: labels, int64 [B], −1 for an image without one; or class weights, float [B, C], taken as they are.
                Only a conditional family looks at them.
        Raises:
            ValueError: there is no class of such a label.
        """
        return self.encode(images)

    def code_of(self, images: Tensor, visible: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """Codes [B, code_dim] that the encoder gives images. It needs whole ones: hidden pixels (False in `visible`)
        are black for it.

        Args:
            labels: classes of the images, int64 [B], −1 for an image without one. Only a conditional family looks at
                them.
        """
        if self.encoder is None:
            raise NotImplementedError("This model has no encoder. latent.search finds the codes.")
        code: Tensor = self.encoder(images if visible is None else images.where(visible, 0.0))
        return code

    def loss(
        self, images: Tensor, generator: torch.Generator | None = None, posterior: Posterior | None = None
    ) -> Losses:
        """Loss terms of images [B, C, H, W] in [0, 1]; `generator` draws ε.

        Args:
            posterior: posterior of the images, such as one from rows of a latent table; by default the encoder's.
        """
        posterior = self.encode(images) if posterior is None else posterior
        if self.importance_samples > 1:
            return Losses(elbo.importance_weighted(self, posterior, images, self.importance_samples, generator))
        losses = self.losses_at(posterior, posterior.sample(generator), images)
        if self.free_bits > 0:
            kl = elbo.with_free_bits(posterior.kl(), self.free_bits)
            losses = replace(losses, terms={**losses.terms, "kl": kl})
        return losses

    def losses_at(self, posterior: Posterior, z: Tensor, images: Tensor, visible: Tensor | None = None) -> Losses:
        """Loss terms at one z [B, d] of the posterior; `visible` as in `Likelihood.nll`."""
        output = self.decoder(z).to(images.dtype)  # in mixed precision the layers return bfloat16
        terms = {"recon": self.likelihood.nll(output, images, visible)} | self.regularizers(posterior, z)
        # Where a term is the KL already it is not computed a second time: this is called in every training step.
        return Losses(terms, divergence=None if "kl" in terms else self._divergence(posterior))

    def losses_of_each(self, posterior: Posterior, z: Tensor, images: Tensor, visible: Tensor | None = None) -> Losses:
        """`losses_at` without statistics of the batch: what a search for the latents of single images minimises, which
        must not depend on the other images."""
        if not any(term.batch for term in self.family.terms):
            return self.losses_at(posterior, z, images, visible)
        output = self.decoder(z).to(images.dtype)
        return Losses({"recon": self.likelihood.nll(output, images, visible)}, divergence=self._divergence(posterior))

    def _divergence(self, posterior: Posterior) -> Tensor | None:
        return posterior.kl().sum(1) if posterior.logvar is not None else None

    def shown_input(self, images: Tensor) -> Tensor:
        """What the encoder gets of images [B, C, H, W] in training, with noise that is the same every time: what the
        pictures of a training show beside the reconstructions."""
        return images

    def regularizers(self, posterior: Posterior, z: Tensor) -> dict[str, Tensor]:
        """Loss terms besides the reconstruction, by name, unweighted; none by default."""
        return {}

    def decode(self, z: Tensor) -> Tensor:
        """E[x | z] for z [B, d]: images [B, C, H, W] in [0, 1]."""
        return self.likelihood.mean(self.decoder(z))

    def from_noise(self, noise: Tensor) -> Tensor:
        """Latent vectors for sampling, [B, d], from standard normal noise [B, d].

        With a prior the noise itself; else draws from N(latent_mean, latent_cov), the Gaussian fitted to the latents of
        the training images.
        """
        return self.from_prior(noise) if self.has_prior else self.through_latents(noise)

    def from_prior(self, noise: Tensor) -> Tensor:
        """Latent vectors of N(0, I), [B, d], from standard normal noise [B, d]: the noise itself. In a conditional
        family each gets a random class."""
        return noise

    def through_latents(self, noise: Tensor) -> Tensor:
        """Draws from N(latent_mean, latent_cov), [B, d], from standard normal noise [B, d]."""
        return self._gaussian(noise, self.latent_mean, self.latent_cov)

    @staticmethod
    def _gaussian(noise: Tensor, mean: Tensor, cov: Tensor) -> Tensor:
        """Draws from N(mean, cov), [B, d], from standard normal noise [B, d]."""
        # An eigendecomposition, because Cholesky fails on a collapsed dimension, which has variance 0. Computed on the
        # CPU in double precision, because Apple's GPUs support neither. The symmetric root does not depend on the signs
        # of the eigenvectors, which differ between machines.
        values, vectors = torch.linalg.eigh(cov.cpu().double())
        root = ((vectors * values.clamp_min(0).sqrt()) @ vectors.T).to(noise)
        draws: Tensor = mean + noise @ root
        return draws

    def sample(self, n: int, generator: torch.Generator | None = None, temperature: float = 1.0) -> Tensor:
        """n generated images [n, C, H, W]; `temperature` scales the noise (0: no noise, 1: the prior)."""
        noise = torch.randn(n, self.latent_dim, generator=generator, device=self.latent_mean.device)
        return self.decode(self.from_noise(temperature * noise))


OLD_NAMES = {"guess_at_mean": "ridge_bias", "guess": "ridge_weight", "origin.": "source_decoder."}
"""Former names of tensors, as in older files, and their current names; a trailing dot marks a module's prefix."""


Entry = TypeVar("Entry")


def renamed(tensors: Mapping[str, Entry]) -> dict[str, Entry]:
    """A state dictionary, or another mapping by tensor names, with former names replaced by the current ones."""
    result = {}
    for name, tensor in tensors.items():
        for old, new in OLD_NAMES.items():
            if name == old or (old.endswith(".") and name.startswith(old)):
                name = new + name[len(old) :]
                break
        result[name] = tensor
    return result


def build_likelihood(recipe: Recipe) -> likelihood.Likelihood:
    """The recipe's likelihood."""
    return likelihood.build(recipe.likelihood, recipe.sigma)


def build_encoder(recipe: Recipe, outputs: int) -> nn.Module:
    """The recipe's encoder network, with `outputs` numbers per image."""
    body = bodies(recipe)[0]
    if recipe.family.codes:
        return body(*_of_grid(recipe))
    encoder = body(recipe.shape, *_widths(recipe), outputs, recipe.activation)
    return networks.WithLinearPath(encoder, recipe.shape.values, outputs) if recipe.beside_pca else encoder


def build_decoder(recipe: Recipe, inputs: int | None = None) -> nn.Module:
    """The recipe's decoder network, of `inputs` numbers (default: the latent dimensions)."""
    body, inputs = bodies(recipe)[1], recipe.latent_dim if inputs is None else inputs
    if recipe.family.codes:
        return body(*_of_grid(recipe))
    decoder = body(recipe.shape, *_widths(recipe), inputs, recipe.activation)
    return networks.WithLinearPath(decoder, inputs, recipe.shape.values) if recipe.beside_pca else decoder


def bodies(recipe: Recipe) -> tuple[Callable[..., nn.Module], Callable[..., nn.Module]]:
    """The functions that make the recipe's encoder and decoder."""
    return (networks.GRID_BODIES if recipe.family.codes else networks.BODIES)[recipe.network]


def _of_grid(recipe: Recipe) -> tuple[Any, ...]:
    """Arguments of a network that ends in a grid of codes."""
    pixels, dims = recipe.value("grid_pixels"), recipe.value("codebook_dim")
    return recipe.shape, recipe.channels, pixels, dims, recipe.activation


def _widths(recipe: Recipe) -> tuple[tuple[int, ...], ...]:
    return (recipe.hidden,) if recipe.network == "mlp" else (recipe.channels, recipe.hidden)

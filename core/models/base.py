"""What every family shares: two small records and the verbs loss, decode and sample.

A page never asks which family it holds. It calls `loss`, `decode`, `sample`, and `encoding.encode` where it wants
to know where images lie: an encoder answers at once, a family without one is optimised.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.images.shape import GREY_28, ImageShape
from core.models.likelihood import Likelihood

LOGVAR = 10.0
"""Bound of |log σ²|. The exp of an unbounded one overflows on the first bad step; σ between e^-5 and e^5 is far wider
than any use."""


@dataclass
class Losses:
    """The terms of one batch, in nats per image.

    Attributes:
        recon: −log p(x | z), summed over pixels, [B].
        kl: what the prior asks, unweighted, [B]: KL(q(z | x) ‖ p(z)) summed over latent dimensions where there is a
            posterior with a width; ½ ‖z‖² for an auto-decoder's points; 0 for an autoencoder.
    """

    recon: Tensor
    kl: Tensor


@dataclass
class Posterior:
    """q(z | x): a diagonal Gaussian, or a single point where `logvar` is None (autoencoder, auto-decoder).

    Attributes:
        mean: μ, [B, d].
        logvar: log σ², [B, d], or None.
    """

    mean: Tensor
    logvar: Tensor | None = None

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """z = μ + σ ε with ε ~ N(0, I), [B, d]: the reparameterisation trick (Kingma & Welling 2013), through which
        the gradient reaches μ and σ."""
        if self.logvar is None:
            return self.mean
        noise = torch.randn(self.mean.shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype)
        return self.at(noise)

    def at(self, noise: Tensor) -> Tensor:
        """μ + σ ε for a given ε [B, d] or [d]; the point itself where there is no width."""
        return self.mean if self.logvar is None else self.mean + torch.exp(0.5 * self.logvar) * noise

    def kl(self) -> Tensor:
        """KL(q ‖ N(0, I)) per latent dimension, in nats, [B, d]; zeros for a point."""
        if self.logvar is None:
            return torch.zeros_like(self.mean)
        return 0.5 * (self.mean.square() + self.logvar.exp() - 1.0 - self.logvar)


class LatentModel(nn.Module):
    """A decoder and a likelihood around a latent vector of d numbers; with or without an encoder.

    Three buffers travel with the weights, refreshed after every epoch: the mean and covariance of μ over training
    images, and the KL of each dimension over validation images. They let a page order sliders and a family without a
    prior sample without seeing the data again.

    Attributes:
        shape: channels, height and width of the images.
        variational: whether an image has a Gaussian in the latent space or a point.
        has_prior: whether training pulls towards N(0, I) so that it can be sampled from.
        kl_known: whether `kl_per_dim` says how much each dimension matters.
        adversarial: whether a discriminator is trained beside the decoder.
        has_code_regression: whether there is a ridge regression from pixels to codes at which a search begins.
        beta: the weight of the prior's term in training; a search (`latent/encoding.py`) weighs alike.
    """

    latent_mean: Tensor
    latent_cov: Tensor
    kl_per_dim: Tensor
    beta: Tensor
    mean_image: Tensor  # this and the next two only where `has_code_regression`
    guess: Tensor
    guess_at_mean: Tensor

    variational = True
    has_prior = True
    kl_known = True
    adversarial = False
    has_code_regression = False

    def __init__(
        self,
        encoder: nn.Module | None,
        decoder: nn.Module,
        likelihood: Likelihood,
        latent_dim: int,
        shape: ImageShape = GREY_28,
    ):
        super().__init__()
        self.shape = shape
        self.encoder, self.decoder, self.likelihood, self.latent_dim = encoder, decoder, likelihood, latent_dim
        self.register_buffer("latent_mean", torch.zeros(latent_dim))
        self.register_buffer("latent_cov", torch.eye(latent_dim))
        self.register_buffer("kl_per_dim", torch.zeros(latent_dim))
        self.register_buffer("beta", torch.ones(()), persistent=False)

    @property
    def latent_table(self) -> Tensor | None:
        """Codes of the training images [N, code_dim], one row each; None in families without a latent table."""
        return None

    @property
    def code_dim(self) -> int:
        """Numbers that describe one image's posterior: d for a point, 2d for μ and log σ²."""
        return self.latent_dim * (2 if self.variational else 1)

    def posterior(self, code: Tensor) -> Posterior:
        """The posterior that codes [B, code_dim] stand for: what an encoder puts out, or a latent table holds."""
        if not self.variational:
            return Posterior(code)
        mean, logvar = code.chunk(2, dim=1)
        return Posterior(mean, logvar.clamp(-LOGVAR, LOGVAR))

    def encode(self, images: Tensor) -> Posterior:
        """Where images [B, C, H, W] lie in the latent space, by the encoder."""
        return self.posterior(self.encoder(images).to(images.dtype))  # mixed precision: the layers answer in bfloat16

    def loss(
        self, images: Tensor, generator: torch.Generator | None = None, posterior: Posterior | None = None
    ) -> Losses:
        """The loss terms of images [B, C, H, W] in [0, 1]; `generator` draws ε.

        Args:
            posterior: where the images lie, if no encoder is to be asked (a latent table's rows).
        """
        posterior = self.encode(images) if posterior is None else posterior
        return self.losses_at(posterior, posterior.sample(generator), images)

    def losses_at(self, posterior: Posterior, z: Tensor, images: Tensor, visible: Tensor | None = None) -> Losses:
        """The loss terms at one z [B, d] of the posterior; `visible` as in `Likelihood.nll`."""
        output = self.decoder(z).to(images.dtype)  # with mixed precision the layers answer in bfloat16
        return Losses(self.likelihood.nll(output, images, visible), self.prior_term(posterior))

    def prior_term(self, posterior: Posterior) -> Tensor:
        """What the prior N(0, I) asks of a posterior, in nats, [B]."""
        raise NotImplementedError

    def decode(self, z: Tensor) -> Tensor:
        """E[x | z] for z [B, d]: images [B, C, H, W] in [0, 1]."""
        return self.likelihood.mean(self.decoder(z))

    def from_noise(self, noise: Tensor) -> Tensor:
        """Standard normal noise [B, d] turned into latent vectors to sample from: the prior itself, or where there is
        none N(latent_mean, latent_cov), the Gaussian laid through the latents of training images."""
        return noise if self.has_prior else self.through_latents(noise)

    def through_latents(self, noise: Tensor) -> Tensor:
        """Standard normal noise [B, d] as draws of N(latent_mean, latent_cov)."""
        # An eigendecomposition, not Cholesky: a collapsed dimension has variance 0 and is no error here. On the CPU,
        # in double precision, because Apple's GPUs have neither. Multiplied out to the symmetric root, which does not
        # depend on the eigenvectors' signs: those are every machine's own choice.
        values, vectors = torch.linalg.eigh(self.latent_cov.cpu().double())
        root = ((vectors * values.clamp_min(0).sqrt()) @ vectors.T).to(noise)
        return self.latent_mean + noise @ root

    def sample(self, n: int, generator: torch.Generator | None = None, temperature: float = 1.0) -> Tensor:
        """n new images [n, C, H, W]; `temperature` scales the noise (0: the average image, 1: the prior)."""
        noise = torch.randn(n, self.latent_dim, generator=generator, device=self.latent_mean.device)
        return self.decode(self.from_noise(temperature * noise))

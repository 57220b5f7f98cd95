"""What every family shares: two small records and the verbs decode and sample.

A page never asks which family it holds. It calls `loss`, `encode`, `decode`, `sample`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class Losses:
    """The terms of one batch, in nats per image.

    Attributes:
        recon: −log p(x | z), summed over pixels, [B].
        kl: KL(q(z | x) ‖ p(z)), summed over latent dimensions, unweighted, [B].
    """

    recon: Tensor
    kl: Tensor


@dataclass
class Posterior:
    """q(z | x): a diagonal Gaussian, or a single point where `logvar` is None (an autoencoder).

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
        return self.mean + torch.exp(0.5 * self.logvar) * noise

    def kl(self) -> Tensor:
        """KL(q ‖ N(0, I)) per latent dimension, in nats, [B, d]; zeros for a point."""
        if self.logvar is None:
            return torch.zeros_like(self.mean)
        return 0.5 * (self.mean.square() + self.logvar.exp() - 1.0 - self.logvar)


class LatentModel(nn.Module):
    """An encoder, a decoder and a likelihood around a latent vector of d numbers.

    Three buffers travel with the weights, refreshed after every epoch: the mean and covariance of μ over training
    images, and the KL of each dimension over validation images. They let a page order sliders and an autoencoder
    sample without seeing the data again.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, likelihood: nn.Module, latent_dim: int):
        super().__init__()
        self.encoder, self.decoder, self.likelihood, self.latent_dim = encoder, decoder, likelihood, latent_dim
        self.register_buffer("latent_mean", torch.zeros(latent_dim))
        self.register_buffer("latent_cov", torch.eye(latent_dim))
        self.register_buffer("kl_per_dim", torch.zeros(latent_dim))

    def loss(self, images: Tensor, generator: torch.Generator | None = None) -> Losses:
        """The loss terms of images [B, 1, 28, 28] in [0, 1]; `generator` draws ε."""
        raise NotImplementedError

    def encode(self, images: Tensor) -> Posterior:
        """Where images [B, 1, 28, 28] lie in the latent space."""
        raise NotImplementedError

    def decode(self, z: Tensor) -> Tensor:
        """E[x | z] for z [B, d]: images [B, 1, 28, 28] in [0, 1]."""
        return self.likelihood.mean(self.decoder(z))

    def from_noise(self, noise: Tensor) -> Tensor:
        """Standard normal noise [B, d] turned into latent vectors to sample from: the prior itself."""
        return noise

    def sample(self, n: int, generator: torch.Generator | None = None, temperature: float = 1.0) -> Tensor:
        """n new images [n, 1, 28, 28]; `temperature` scales the noise (0: the average image, 1: the prior)."""
        noise = torch.randn(n, self.latent_dim, generator=generator, device=self.latent_mean.device)
        return self.decode(self.from_noise(temperature * noise))

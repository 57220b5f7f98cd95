"""Latent samples: from the prior N(0, I) or from the Gaussian fitted to the training latents."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.base import LatentModel


def prior(n: int, d: int, seed: int, temperature: float = 1.0) -> np.ndarray:
    """n draws from N(0, T² I), float32 [n, d]. A temperature T below 1 gives safer pictures with less variety.

    The draws come from numpy's PCG64: the same on every machine and device. The same seed gives the same directions at
    every temperature.
    """
    noise = np.random.default_rng(seed).standard_normal((n, d), dtype=np.float32)
    return np.float32(temperature) * noise


def log_prior(z: np.ndarray) -> float:
    """log N(z; 0, I) of one point [d], in nats."""
    z = np.asarray(z, np.float64)
    return float(-0.5 * (z @ z) - 0.5 * len(z) * math.log(2 * math.pi))


def draws(model: LatentModel, n: int, seed: int) -> np.ndarray:
    """n latent vectors to decode into samples, float32 [n, d]: from the prior, or where there is none from the Gaussian
    fitted to the training latents. The same seed gives the same noise to every model with d dimensions."""
    return sample_latents(model, prior(n, model.latent_dim, seed))


def sample_latents(model: LatentModel, noise: np.ndarray) -> np.ndarray:
    """Latent vectors of a model from noise ~ N(0, I) [N, d]: the noise itself for a model with a prior, else points of
    the Gaussian fitted to its training latents."""
    return _on_device(noise, model, model.from_noise)


def from_prior(model: LatentModel, noise: np.ndarray) -> np.ndarray:
    """Latent vectors of N(0, I) from noise [N, d]: the noise itself, and in a conditional family a random class."""
    return noise if model.style_dim == model.latent_dim else _on_device(noise, model, model.from_prior)


def with_class(model: LatentModel, style: np.ndarray, seed: int) -> np.ndarray:
    """Latent vectors of these styles [N, d], in a conditional family each with a random class."""
    if model.style_dim == model.latent_dim:
        return style
    z = from_prior(model, prior(len(style), model.latent_dim, seed))
    z[:, : model.style_dim] = style
    return z


def of_class(model: LatentModel, style: np.ndarray, labels: np.ndarray | int) -> np.ndarray:
    """Latent vectors of these styles [N, d], in a conditional family with that class, or each with its own [N]."""
    count = model.latent_dim - model.style_dim
    if not count:
        return style
    weights = np.eye(count, dtype=np.float32)[np.broadcast_to(labels, len(style))]
    return np.concatenate([np.asarray(style, np.float32), weights], axis=1)


def from_fitted_gaussian(model: LatentModel, noise: np.ndarray) -> np.ndarray:
    """Points of the Gaussian fitted to the model's training latents, from noise ~ N(0, I) [N, d]."""
    return _on_device(noise, model, model.through_latents)


def _on_device(noise: np.ndarray, model: LatentModel, transform: Callable[[Tensor], Tensor]) -> np.ndarray:
    import torch

    with torch.inference_mode():
        z = transform(torch.from_numpy(np.asarray(noise, np.float32)).to(model.latent_mean.device))
        return np.asarray(z.cpu().numpy())

"""Latent samples: from the prior N(0, I) or from the Gaussian fitted to the training latents."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from core.models.base import LatentModel


def prior(n: int, d: int, seed: int, temperature: float = 1.0) -> np.ndarray:
    """n draws from N(0, T² I), [n, d]. T below 1 stays near the middle: safer pictures, less variety.

    The same seed gives the same directions at every temperature.
    """
    noise = np.random.default_rng(seed).standard_normal((n, d), dtype=np.float32)
    return np.float32(temperature) * noise


def log_prior(z: np.ndarray) -> float:
    """log N(z; 0, I) of one point [d], in nats."""
    z = np.asarray(z, np.float64)
    return float(-0.5 * (z @ z) - 0.5 * len(z) * math.log(2 * math.pi))


def draws(model: LatentModel, n: int, seed: int) -> np.ndarray:
    """n latent vectors to sample from, [n, d]: of the prior, or where there is none of the Gaussian fitted to the
    training latents. The same seed gives the same noise to every model of that size."""
    return sample_latents(model, prior(n, model.latent_dim, seed))


def sample_latents(model: LatentModel, noise: np.ndarray) -> np.ndarray:
    """Noise ~ N(0, I) [N, d] as the model's own latent vectors: the same where it was trained towards that prior; else
    points of the Gaussian fitted to its training latents."""
    return _turned(noise, model, model.from_noise)


def from_fitted_gaussian(model: LatentModel, noise: np.ndarray) -> np.ndarray:
    """Noise ~ N(0, I) [N, d] as points of the Gaussian fitted to the model's training latents."""
    return _turned(noise, model, model.through_latents)


def _turned(noise: np.ndarray, model: LatentModel, turn) -> np.ndarray:
    import torch

    with torch.inference_mode():
        return turn(torch.from_numpy(np.asarray(noise, np.float32)).to(model.latent_mean.device)).cpu().numpy()

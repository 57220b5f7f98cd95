"""Measurements on a trained model. Nothing here trains, and all of it is per image.

Every score uses z sampled from the posterior. Scored at z = μ the same model prints about 8 nats less on MNIST, and
that is not an ELBO.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core import facts
from core.latent_space import DEAD_BELOW
from core.models import LatentModel

CHUNK = 500
"""Images decoded at once: large enough to keep the cores busy, small enough for a laptop's memory."""


@dataclass(frozen=True)
class Scores:
    """Means over a set of images.

    Attributes:
        recon, kl: nats per image (recon: squared error for likelihood `mse`).
        kl_per_dim: nats, [d].
        mse: mean squared error per pixel on [0, 1], reconstructed from the mean of the posterior.
    """

    recon: float
    kl: float
    kl_per_dim: np.ndarray
    mse: float

    def total(self, beta: float = 1.0) -> float:
        """recon + β KL; at β = 1 the negative ELBO."""
        return self.recon + beta * self.kl


def as_floats(images: Tensor) -> Tensor:
    """uint8 [B, 1, 28, 28] → floats in [0, 1]."""
    return images.float().div_(255.0)


def on_device(images: np.ndarray, device: torch.device) -> Tensor:
    """uint8 [N, 28, 28] → uint8 tensor [N, 1, 28, 28] that stays on the device."""
    # A copy, because arrays read from a file are often read-only and torch cannot mark a tensor so.
    return torch.from_numpy(np.array(images)).unsqueeze(1).to(device)


@torch.inference_mode()
def score(model: LatentModel, images: Tensor, seed: int = 0) -> Scores:
    """Score uint8 images [N, 1, 28, 28] that lie on the model's device.

    ε is drawn on the CPU from `seed`, for all images at once: the same on every device and for every chunk size, so
    that two epochs or two runs differ by their weights alone.
    """
    device, n = images.device, len(images)
    # Drawn chunk by chunk it would depend on the chunks: torch fills blocks of 16, and a short last one in another way.
    noise = torch.randn(n, model.latent_dim, generator=torch.Generator().manual_seed(seed))
    sums = torch.zeros(2, dtype=torch.float64)
    kl_per_dim = torch.zeros(model.latent_dim, dtype=torch.float64)
    for start in range(0, n, CHUNK):
        x = as_floats(images[start : start + CHUNK])
        posterior = model.encode(x)
        epsilon = noise[start : start + CHUNK].to(device)
        spread = 0.0 if posterior.logvar is None else torch.exp(0.5 * posterior.logvar)
        recon = model.likelihood.nll(model.decoder(posterior.mean + spread * epsilon), x)
        squared = (model.decode(posterior.mean) - x).square().flatten(1).mean(1)
        sums += torch.stack([recon.sum(), squared.sum()]).cpu().double()
        kl_per_dim += posterior.kl().sum(0).cpu().double()
    recon, mse = (sums / n).tolist()
    per_dim = (kl_per_dim / n).numpy()
    return Scores(recon, float(per_dim.sum()), per_dim, mse)


@torch.inference_mode()
def latent_moments(model: LatentModel, images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [d] and covariance [d, d] of the posterior means of uint8 images [N, 1, 28, 28]."""
    mu = torch.cat([model.encode(as_floats(part)).mean for part in images.split(CHUNK)]).cpu().double()
    centred = mu - mu.mean(0)
    return mu.mean(0).float(), (centred.T @ centred / max(len(mu) - 1, 1)).float()


@torch.inference_mode()
def log_likelihood(
    model: LatentModel, images: Tensor, samples: int, generator: torch.Generator | None = None
) -> Tensor:
    """An importance-sampled lower bound on log p(x), in nats, [B] (Burda, Grosse & Salakhutdinov 2016).

    log 1/K Σ p(x | z) p(z) / q(z | x) with z ~ q. K = 1 is one draw of the ELBO; more samples tighten it.

    Args:
        images: floats [B, 1, 28, 28] in [0, 1].
    """
    posterior = model.encode(images)
    if posterior.logvar is None:
        raise ValueError("log p(x) needs a posterior with a width; an autoencoder has none.")
    spread = torch.exp(0.5 * posterior.logvar)
    weights = []
    for _ in range(samples):
        noise = torch.randn(posterior.mean.shape, generator=generator, device=images.device, dtype=images.dtype)
        z = posterior.mean + spread * noise
        # The normalising constants of p(z) and q(z | x) cancel, but for q's σ.
        log_ratio = 0.5 * (noise.square() - z.square()).sum(1) + 0.5 * posterior.logvar.sum(1)
        weights.append(log_ratio - model.likelihood.nll(model.decoder(z), images))
    return torch.logsumexp(torch.stack(weights), 0) - math.log(samples)


def active_units(kl_per_dim: np.ndarray, threshold: float = DEAD_BELOW) -> int:
    """Latent dimensions that carry information: a KL of `threshold` nats or more. The others are dead (collapsed)."""
    return int((np.asarray(kl_per_dim) >= threshold).sum())


def evaluate(model: LatentModel, test: np.ndarray, seed: int = 0) -> dict[str, Any]:
    """The figures on the test set, ready for JSON. The only place that scores test images.

    Args:
        test: uint8 [N, 28, 28].
    """
    device = model.latent_mean.device
    s = score(model, on_device(test, device), seed)
    floor = facts.bce_floor(test)
    bernoulli = type(model.likelihood).__name__ == "Bernoulli"
    return {
        "images": len(test),
        "recon": s.recon,
        "kl": s.kl,
        "total": s.total(),
        "mse": s.mse,
        "bce_floor": floor if bernoulli else None,
        "excess_bce": s.recon - floor if bernoulli else None,
        "sigma": getattr(model.likelihood, "sigma", None),
        "active_units": active_units(s.kl_per_dim),
        "kl_per_dim": s.kl_per_dim.tolist(),
    }

"""Measurements on a trained model. Nothing here trains, and all of it is per image.

Every score uses z sampled from the posterior. Scored at z = μ the same model prints about 8 nats less on MNIST, and
that is not an ELBO.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core import data
from core.data import statistics
from core.latent import encoding
from core.latent import search as latent_search
from core.latent.axes import DEAD_BELOW
from core.models import LatentModel, Posterior
from core.system.progress import Steps

CHUNK = 500
"""Images decoded at once: large enough to keep the cores busy, small enough for a laptop's memory."""


@dataclass(frozen=True)
class Scores:
    """Means over a set of images.

    Attributes:
        recon, kl: nats per image (recon: squared error for likelihood `mse`; kl: ½ ‖z‖² for an auto-decoder).
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


@torch.no_grad()
def score(model: LatentModel, images: Tensor, seed: int = 0, steps: int = latent_search.STEPS) -> Scores:
    """Score uint8 images [N, 1, 28, 28] that lie on the model's device.

    ε is drawn on the CPU from `seed`, for all images at once: the same on every device and for every chunk size, so
    that two epochs or two runs differ by their weights alone.

    Args:
        steps: of the search, for families without an encoder (`search.search`).
    """
    totals = Totals(model, len(images), seed)
    for start in range(0, len(images), CHUNK):
        x = as_floats(images[start : start + CHUNK])
        totals.add(x, encoding.encode(model, x, steps=steps))
    return totals.scores()


class Totals:
    """Scores of images that come in parts."""

    def __init__(self, model: LatentModel, n: int, seed: int = 0):
        self.model, self.n = model, n
        # Drawn chunk by chunk it would depend on the chunks: torch fills blocks of 16, a short last one in another way.
        self.noise = torch.randn(n, model.latent_dim, generator=torch.Generator().manual_seed(seed))
        self.sums = torch.zeros(2, dtype=torch.float64)
        self.kl_per_dim = torch.zeros(model.latent_dim, dtype=torch.float64)
        self.done, self.prior = 0, torch.zeros((), dtype=torch.float64)

    @torch.no_grad()
    def add(self, x: Tensor, posterior: Posterior) -> None:
        """The next images [B, 1, 28, 28] in [0, 1] and where they lie."""
        model = self.model
        epsilon = self.noise[self.done : self.done + len(x)].to(x.device)
        losses = model.losses_at(posterior, posterior.at(epsilon), x)
        squared = (model.decode(posterior.mean) - x).square().flatten(1).mean(1)
        self.sums += torch.stack([losses.recon.sum(), squared.sum()]).cpu().double()
        self.prior += losses.kl.sum().cpu().double()
        self.kl_per_dim += posterior.kl().sum(0).cpu().double()
        self.done += len(x)

    def scores(self) -> Scores:
        """Means over all that were added."""
        recon, mse = (self.sums / self.n).tolist()
        per_dim = (self.kl_per_dim / self.n).numpy()
        prior = float(per_dim.sum()) if self.model.variational else float(self.prior / self.n)
        return Scores(recon, prior, per_dim, mse)


@torch.no_grad()
def encode(model: LatentModel, images: Tensor) -> Tensor:
    """μ of uint8 images [N, 1, 28, 28], [N, d]."""
    return torch.cat([encoding.encode(model, as_floats(part)).mean for part in images.split(CHUNK)])


@torch.no_grad()
def reconstruction_mse(model: LatentModel, images: Tensor) -> float:
    """Mean squared error per pixel of uint8 images [N, 1, 28, 28] redrawn from the encoder's μ."""
    total = 0.0
    for part in images.split(CHUNK):
        x = as_floats(part)
        total += float((model.decode(model.encode(x).mean) - x).square().mean((1, 2, 3)).sum())
    return total / len(images)


def latent_moments(model: LatentModel, images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [d] and covariance [d, d] of the posterior means of uint8 images [N, 1, 28, 28]."""
    return moments(encode(model, images))


def moments(mu: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [d] and covariance [d, d] of points [N, d]."""
    mu = mu.cpu().double()
    centred = mu - mu.mean(0)
    return mu.mean(0).float(), (centred.T @ centred / max(len(mu) - 1, 1)).float()


@torch.no_grad()
def log_likelihood(
    model: LatentModel, images: Tensor, samples: int, generator: torch.Generator | None = None
) -> Tensor:
    """An importance-sampled lower bound on log p(x), in nats, [B] (Burda, Grosse & Salakhutdinov 2016).

    log 1/K Σ p(x | z) p(z) / q(z | x) with z ~ q. K = 1 is one draw of the ELBO; more samples tighten it.

    Args:
        images: floats [B, 1, 28, 28] in [0, 1].
    """
    if not model.variational:
        raise ValueError("log p(x) needs a posterior with a width; an autoencoder's and an auto-decoder's have none.")
    posterior = encoding.encode(model, images)
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


SEARCHED_TEST_IMAGES = 1_000
"""Test images that a family without an encoder is scored on unless more are asked for: each is a search."""


def test_images(model: LatentModel, images: data.ImageSet, most: int = SEARCHED_TEST_IMAGES) -> np.ndarray:
    """The test images this model is scored on, uint8 [N, 28, 28]: all, or `most` of every class in proportion where
    each is a search."""
    test = images.test_images
    if model.encoder is not None or len(test) <= most:
        return test
    return test[data.spread(images.test_labels, most)]


def evaluate(model: LatentModel, test: np.ndarray, seed: int = 0) -> dict[str, Any]:
    """The figures on the test set, ready for JSON. The only place that scores test images.

    Args:
        test: uint8 [N, 28, 28].
    """
    *_, found = evaluation_steps(model, test, seed)
    return found


def evaluation_steps(model: LatentModel, test: np.ndarray, seed: int = 0) -> Iterator[dict[str, Any]]:
    """`evaluate` in steps of less than a second each: yields an empty dictionary after each, the figures at the end."""
    images = on_device(test, model.latent_mean.device)
    totals = Totals(model, len(images), seed)
    for start in range(0, len(images), encoding.CHUNK):
        x = as_floats(images[start : start + encoding.CHUNK])
        if model.encoder is not None:
            placed = encoding.encode(model, x)
        else:
            search = Steps(latent_search.search(model, x))
            for _ in search:
                yield {}
            placed = search.result.posterior
        totals.add(x, placed)
        yield {}
    s = totals.scores()
    floor = statistics.bce_floor(test)
    bernoulli = type(model.likelihood).__name__ == "Bernoulli"
    yield {
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

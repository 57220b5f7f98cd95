"""Measurements of a trained model on images: loss terms, reconstruction error, log-likelihood. Nothing here trains.

All values are per image. Loss terms use z sampled from the posterior: scored at z = μ the same model shows about 8 nats
less on MNIST, and that value is not an ELBO.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core import data
from core.data import statistics
from core.images import convert
from core.latent import encoding, pca
from core.latent import search as latent_search
from core.latent.axes import DEAD_BELOW
from core.models import LatentModel, Posterior, likelihood
from core.recipes.likelihoods import bits_per_dim
from core.system.progress import Steps

CHUNK = 500
"""Images decoded at once: enough to keep the cores busy, few enough for the memory of a laptop."""


@dataclass(frozen=True)
class Scores:
    """Means over a set of images.

    Attributes:
        recon, kl: nats per image (recon: squared error for likelihood `mse`; kl: ½ ‖z‖² for an auto-decoder).
        kl_per_dim: nats, [d].
        mse: mean squared error per pixel on [0, 1], reconstructed from the posterior mean.
        terms: means of all loss terms of the family by name, unweighted, as training computes them: with its number of
            importance samples, or from the inputs that it changes. `recon` and `kl` are those of unchanged images and a
            single draw of z.
        mean_variance: variance of the posterior mean over the images, [d].
    """

    recon: float
    kl: float
    kl_per_dim: np.ndarray
    mse: float
    terms: dict[str, float]
    mean_variance: np.ndarray

    def total(self, beta: float = 1.0) -> float:
        """recon + β KL; at β = 1 the negative ELBO."""
        return self.recon + beta * self.kl


@torch.no_grad()
def score(
    model: LatentModel,
    images: Tensor,
    seed: int = 0,
    steps: int = latent_search.STEPS,
    labels: Tensor | None = None,
) -> Scores:
    """Scores of uint8 images [N, C, H, W] on the model's device.

    ε is drawn on the CPU from `seed`, for all images at once: it is the same on every device and for every chunk size,
    so that two epochs or two runs differ by their weights alone.

    Args:
        steps: of the search, for families without an encoder (`search.search`).
        labels: classes of the images, int64 [N], for a conditional family; the class that explains an image best where
            it is not known.
    """
    totals = Totals(model, len(images), seed)
    for start in range(0, len(images), CHUNK):
        x = convert.scale_bytes(images[start : start + CHUNK])
        known = None if labels is None else labels[start : start + CHUNK]
        totals.add(x, encoding.encode(model, x, steps=steps, labels=known))
    return totals.scores()


class Totals:
    """Sums of the scores of n images that are added chunk by chunk."""

    def __init__(self, model: LatentModel, n: int, seed: int = 0):
        self.model, self.n = model, n
        # Drawn at once: drawn chunk by chunk, ε would depend on the chunk size.
        self.noise = torch.randn(n, model.latent_dim, generator=torch.Generator().manual_seed(seed))
        self.sums = torch.zeros(2, dtype=torch.float64)
        self.kl_per_dim = torch.zeros(model.style_dim, dtype=torch.float64)
        self.done, self.prior = 0, torch.zeros((), dtype=torch.float64)
        self.mean_sums = torch.zeros(2, model.style_dim, dtype=torch.float64)  # of μ and of μ²
        self.terms: dict[str, float] = {}  # sums of all terms but those of a single draw of z
        self.generator = torch.Generator(model.latent_mean.device).manual_seed(seed)  # of a loss of its own

    @torch.no_grad()
    def add(self, x: Tensor, posterior: Posterior) -> None:
        """Add the next images [B, C, H, W] in [0, 1] and their posterior."""
        model = self.model
        epsilon = self.noise[self.done : self.done + len(x)].to(x.device)
        losses = model.losses_at(posterior, posterior.at(epsilon), x)
        squared = (model.decode(posterior.mean) - x).square().flatten(1).mean(1)
        self.sums += torch.stack([losses.recon.sum(), squared.sum()]).cpu().double()
        self.prior += losses.kl.sum().cpu().double()
        self.kl_per_dim += posterior.kl().sum(0).cpu().double()
        mean = posterior.style.cpu().double()
        self.mean_sums += torch.stack([mean.sum(0), mean.square().sum(0)])
        special = model.loss_is_special
        if special:  # importance samples are those of the same posterior, a changed input has another
            losses = model.loss(x, self.generator, posterior if model.importance_samples > 1 else None)
        for name, value in losses.terms.items():
            if special or name not in ("recon", "kl"):  # a statistic of the batch counts for each image of the chunk
                self.terms[name] = self.terms.get(name, 0.0) + float(value.sum() if value.dim() else len(x) * value)
        self.done += len(x)

    def scores(self) -> Scores:
        """Means over all images that were added."""
        recon, mse = (self.sums / self.n).tolist()
        per_dim = (self.kl_per_dim / self.n).numpy()
        prior = float(per_dim.sum()) if self.model.variational else float(self.prior / self.n)
        others = {name: total / self.n for name, total in self.terms.items()}
        mean, squared = (self.mean_sums / self.n).numpy()
        variance = np.maximum(0.0, squared - mean**2)
        return Scores(recon, prior, per_dim, mse, {"recon": recon, "kl": prior} | others, variance)


@torch.no_grad()
def reconstruction_mse(model: LatentModel, images: Tensor) -> float:
    """Mean squared error per pixel of uint8 images [N, C, H, W], encoded and decoded from μ. Needs an encoder."""
    total = 0.0
    for start in range(0, len(images), CHUNK):
        x = convert.scale_bytes(images[start : start + CHUNK])
        total += float((model.decode(model.encode(x).mean) - x).square().mean((1, 2, 3)).sum())
    return total / len(images)


def latent_moments(model: LatentModel, images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [d] and covariance [d, d] of the posterior means of uint8 images [N, C, H, W], float32 on the CPU."""
    mean, cov = pca.moments(encoding.means(model, images, CHUNK).cpu().numpy())
    return torch.from_numpy(mean).float(), torch.from_numpy(cov).float()


def log_likelihood(
    model: LatentModel,
    images: Tensor,
    samples: int,
    generator: torch.Generator | None = None,
    labels: Tensor | None = None,
) -> Tensor:
    """Importance-sampled lower bound on log p(x), in nats, [B]: `log_likelihood_at` the posterior that the model finds.

    Args:
        images: floats [B, C, H, W] in [0, 1]. labels: as in `score`; the bound of a conditional family is one on
            log p(x | y).
    Raises:
        ValueError: the model's posteriors are points.
    """
    return log_likelihood_at(model, images, encoding.encode(model, images, labels=labels), samples, generator)


def log_likelihood_at(
    model: LatentModel,
    images: Tensor,
    posterior: Posterior,
    samples: int,
    generator: torch.Generator | None = None,
    visible: Tensor | None = None,
) -> Tensor:
    """Importance-sampled lower bound on log p(x), in nats, [B] (Burda, Grosse & Salakhutdinov 2016).

    log 1/K Σ p(x | z) p(z) / q(z | x) with z ~ q and K = `samples`. K = 1 is one draw of the ELBO; a larger K tightens
    the bound.

    Args:
        images: floats [B, C, H, W] in [0, 1]. posterior: q of each image. visible: bool like `images`, where only some
            pixels count.
    Raises:
        ValueError: the posteriors are points.
    """
    return torch.logsumexp(log_weights(model, images, posterior, samples, generator, visible), 0) - math.log(samples)


@torch.no_grad()
def log_weights(
    model: LatentModel,
    images: Tensor,
    posterior: Posterior,
    samples: int,
    generator: torch.Generator | None = None,
    visible: Tensor | None = None,
) -> Tensor:
    """log p(x | z) p(z) / q(z | x) at `samples` draws of z from each image's q, in nats, [samples, B].

    Their mean estimates the ELBO. The others: as of `log_likelihood_at`.

    Raises:
        ValueError: the posteriors are points.
    """
    if posterior.logvar is None:
        raise ValueError("log p(x) needs a Gaussian posterior; this model's posteriors are points.")
    weights = []
    for _ in range(samples):
        noise = torch.randn(posterior.logvar.shape, generator=generator, device=images.device, dtype=images.dtype)
        z = posterior.at(noise)
        # The normalising constants of p(z) and q(z | x) cancel, except for the σ of q.
        log_ratio = 0.5 * (noise.square() - model.style(z).square()).sum(1) + 0.5 * posterior.logvar.sum(1)
        weights.append(log_ratio - model.likelihood.nll(model.decoder(z), images, visible))
    return torch.stack(weights)


def active_units(kl_per_dim: np.ndarray, threshold: float = DEAD_BELOW) -> int:
    """Number of latent dimensions that carry information: a KL of at least `threshold` nats. The others are dead."""
    return int((np.asarray(kl_per_dim) >= threshold).sum())


def active_by_variance(mean_variance: np.ndarray) -> int:
    """Number of latent dimensions whose posterior mean has a variance over the images above 0.01: the active units of
    Burda et al. (2016)."""
    return int((np.asarray(mean_variance) > MOVES_ABOVE).sum())


MOVES_ABOVE = 0.01
"""Variance of a posterior mean over the images above which its dimension counts as active (Burda et al. 2016)."""

SEARCHED_TEST_IMAGES = 1_000
"""Test images on which a family without an encoder is scored by default: each needs a search."""


def test_images(model: LatentModel, images: data.ImageSet, limit: int = SEARCHED_TEST_IMAGES) -> np.ndarray:
    """Test images on which this model is scored: those of `test_rows`."""
    test: np.ndarray = images.test_images
    rows = test_rows(model, images, limit)
    return test if len(rows) == len(test) else test[rows]


def test_rows(model: LatentModel, images: data.ImageSet, limit: int = SEARCHED_TEST_IMAGES) -> np.ndarray:
    """Rows of the test images on which this model is scored, `int64`: all, or without an encoder `limit` of them, every
    class in proportion."""
    if model.encoder is None and len(images.test_images) > limit:
        return data.spread(images.test_labels, limit)
    return np.arange(len(images.test_images))


def evaluate(
    model: LatentModel,
    test: np.ndarray,
    seed: int = 0,
    weights: Mapping[str, float] | None = None,
    labels: np.ndarray | None = None,
) -> dict[str, Any]:
    """Figures of a model on test images: `evaluation_steps` to the end."""
    return Steps(evaluation_steps(model, test, seed, weights, labels=labels)).end()


def evaluation_steps(
    model: LatentModel,
    test: np.ndarray,
    seed: int = 0,
    weights: Mapping[str, float] | None = None,
    means: list[np.ndarray] | None = None,
    labels: np.ndarray | None = None,
) -> Generator[float, None, dict[str, Any]]:
    """Score a model on test images in steps of less than a second: yields the share that is done, 0 to 1.

    Args:
        test: pictures `uint8` [N, H, W] or [N, H, W, 3].
        weights: of the loss terms by recipe field, as in training (default: the model's β, and 1 for others).
        means: takes the posterior means of the images without class weights, chunk by chunk [B, d].
        labels: classes of the images, `int64` [N], for a conditional family; as in `score`.
    Returns:
        The figures by name, ready for JSON. `total` is what training minimises, all terms with their `weights`, like
        the column of that name in `history.csv`; `negative_elbo` is reconstruction + KL at weight 1, None for points.
    """
    terms = model.family.terms
    used = {term.weight: 1.0 for term in terms if term.weight} | {"beta": float(model.beta)} | dict(weights or {})
    used = {term.weight: used[term.weight] for term in terms if term.weight}
    images = convert.to_byte_tensor(test, model.latent_mean.device)
    totals, n = Totals(model, len(images), seed), len(images)
    classes = None if labels is None else torch.from_numpy(np.array(labels, np.int64)).to(images.device)
    for start in range(0, n, encoding.CHUNK):
        x = convert.scale_bytes(images[start : start + encoding.CHUNK])
        if model.encoder is not None:
            known = None if classes is None else classes[start : start + encoding.CHUNK]
            posterior = encoding.encode(model, x, labels=known)
        else:
            search = Steps(latent_search.search(model, x))
            for step in search:
                yield (start + len(x) * step.step / step.total) / n
            posterior = search.end().posterior
        totals.add(x, posterior)
        if means is not None:
            means.append(posterior.style.cpu().numpy())
        yield (start + len(x)) / n
    scores, floor = totals.scores(), statistics.bce_floor(test)
    bernoulli = isinstance(model.likelihood, likelihood.Bernoulli)
    of_batches = {term.name: scores.terms[term.name] for term in terms if term.name not in ("recon", "kl")}
    return of_batches | {
        "images": n,
        "recon": scores.recon,
        "kl": scores.kl,
        "total": sum((used[term.weight] if term.weight else 1.0) * scores.terms[term.name] for term in terms),
        "weights": used,
        "negative_elbo": scores.recon + scores.kl if model.variational else None,
        "mse": scores.mse,
        "bce_floor": floor if bernoulli else None,
        "excess_bce": scores.recon - floor if bernoulli else None,
        "bits_per_dim": bits_per_dim(scores.total() if model.variational else scores.recon, model.shape)
        if model.likelihood.of_levels
        else None,
        "sigma": getattr(model.likelihood, "sigma", None),
        "active_units": active_units(scores.kl_per_dim),
        "active_by_variance": active_by_variance(scores.mean_variance),
        "kl_per_dim": scores.kl_per_dim.tolist(),
    }

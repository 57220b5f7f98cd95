"""Where new pictures come from: the prior, a Gaussian or a mixture of Gaussians fitted to the training latents.

A decoder shows sensible pictures only where training images lie. An autoencoder's and an auto-decoder's do not fill
N(0, I), and even a VAE's leave gaps in it: the sampler moves the quality of samples more than the model does (Ghosh et
al. 2020, "From variational to deterministic autoencoders", where ten full-covariance components do best).
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core import data
from core.latent import codec, sampling
from core.recipes.images import load_images
from core.runs import Run, RunError
from core.runs import weights as runs_weights
from core.system import cache

if TYPE_CHECKING:
    from core.models import LatentModel

SAMPLERS = {"prior": "prior N(0, I)", "gaussian": "Gaussian fitted to the latents", "mixture": "mixture of Gaussians"}
"""What a latent vector can be drawn from."""

COMPONENTS = 10
"""As in the paper; fewer where there are too few latents."""

MAX_LATENTS = 3_000
"""Latents that the mixture is fitted to, at most: a second's work."""

LATENTS_PER_DIMENSION = 2
"""A component's covariance needs more latents than dimensions: at least so many times as many, on average."""

VARIANCE_FLOOR = 1e-3
"""Added to every variance, as a share of the mean variance of the latents: a dead dimension has none of its own."""


@dataclass(frozen=True)
class Mixture:
    """Σ_k w_k N(m_k, C_k).

    Attributes:
        weights: [K], they sum to 1. means: [K, d]. covariances: [K, d, d].
        latents: how many it was fitted to. asked: how many components were wanted.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    latents: int
    asked: int = COMPONENTS

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean [d] and covariance [d, d] of the whole, in closed form."""
        mean = self.weights @ self.means
        away = self.means - mean
        return mean, np.tensordot(self.weights, self.covariances, 1) + (self.weights * away.T) @ away

    def draw(self, n: int, seed: int, temperature: float = 1.0) -> np.ndarray:
        """n points, float32 [n, d]: a component by its weight, then m_k + T · L_k ε with L_k L_kᵀ = C_k.

        numpy's PCG64, so a seed means the same points on every machine; the first points do not depend on n, and ε and
        the components not on the temperature.
        """
        noise = sampling.prior(n, self.means.shape[1], seed, temperature).astype(np.float64)
        bounds = np.cumsum(self.weights)
        chosen = np.searchsorted(bounds / bounds[-1], np.random.default_rng([seed, 1]).random(n), side="right")
        roots, points = np.linalg.cholesky(self.covariances), self.means[chosen]
        for k in np.unique(chosen):
            points[chosen == k] += noise[chosen == k] @ roots[k].T
        return points.astype(np.float32)

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """log Σ_k w_k N(z; m_k, C_k) of points [n, d], in nats, [n]."""
        z, d = np.asarray(z, np.float64), self.means.shape[1]
        parts = []
        for weight, mean, root in zip(self.weights, self.means, np.linalg.cholesky(self.covariances), strict=True):
            whitened = np.linalg.solve(root, (z - mean).T)
            parts.append(math.log(max(weight, 1e-300)) - 0.5 * (whitened**2).sum(0) - np.log(root.diagonal()).sum())
        return np.logaddexp.reduce(parts, axis=0) - 0.5 * d * math.log(2 * math.pi)


def fit(latents: np.ndarray, components: int = COMPONENTS, seed: int = 0) -> Mixture:
    """Expectation maximisation (scikit-learn) on latents [n, d], begun at k-means.

    With n below 2 · d · `components` there are fewer components, at least one: more would fit the latents' noise.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    latents = np.asarray(latents, np.float64)
    if not np.isfinite(latents).all() or not len(latents):
        raise RunError("There are no finite latents to fit a mixture to. Train the run again.")
    n, d = latents.shape
    count = max(1, min(components, n // (LATENTS_PER_DIMENSION * d)))
    if n < 2:  # one image has no spread
        latents = np.repeat(latents, 2, axis=0)
    floor = max(1e-9, VARIANCE_FLOOR * float(latents.var(0).mean()))
    fitted = GaussianMixture(count, reg_covar=floor, max_iter=100, random_state=seed)
    with warnings.catch_warnings():
        # Not at rest after 100 rounds, or latents that coincide: a little less good, and still a mixture.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted.fit(latents)
    return Mixture(fitted.weights_, fitted.means_, fitted.covariances_, n, components)


def for_run(run: Run, model: LatentModel, components: int = COMPONENTS, seed: int = 0, which: str = "best") -> Mixture:
    """The mixture fitted to a run's training latents μ, from the cache folder if it was fitted before.

    Args:
        model: with the weights `which` (`best` or `last`) of that run.
    Raises:
        DataError: they must be encoded, and the data set is not there. RunError: they are not finite.
    """
    recipe = run.recipe
    if not can_fit(model):
        raise RunError(
            f"'{run.name}' is a GAN without an encoder: there are no latents of images to fit a mixture to. "
            "It draws from what it was trained on."
        )
    settings = (
        f"{components} {seed} {MAX_LATENTS} {LATENTS_PER_DIMENSION} {VARIANCE_FLOOR} {sorted(recipe.to_dict().items())}"
    )
    path = cache.file_of("mixture", cache.digest(runs_weights.weights_digest(run, which), settings))
    if (found := cache.load(path)) and (mixture := _read(*found, model.latent_dim)):
        return mixture
    mixture = fit(_latents(run, model), components, seed)
    cache.save(
        path,
        {"weights": mixture.weights, "means": mixture.means, "covariances": mixture.covariances},
        {"latents": mixture.latents, "asked": mixture.asked},
    )
    return mixture


def _latents(run: Run, model: LatentModel) -> np.ndarray:
    try:
        images = load_images(run.recipe)
    except data.DataError:
        table = getattr(model, "table", None)
        if table is None or not len(table):
            raise
        rows = np.linspace(0, len(table) - 1, min(len(table), MAX_LATENTS)).astype(int)  # its table needs no images
        return model.posterior(table[rows]).mean.cpu().numpy()
    return codec.training_latents(model, run.recipe, images, MAX_LATENTS)[1]


def _read(arrays: dict[str, np.ndarray], facts: dict, d: int) -> Mixture | None:
    """A kept mixture, or None if it is none: a file in a cache may be anything."""
    try:
        mixture = Mixture(
            arrays["weights"], arrays["means"], arrays["covariances"], int(facts["latents"]), int(facts["asked"])
        )
        np.linalg.cholesky(mixture.covariances)
        k = len(mixture.weights)
        fits = mixture.means.shape == (k, d) and mixture.covariances.shape == (k, d, d) and mixture.weights.min() >= 0
        return mixture if fits and abs(mixture.weights.sum() - 1) < 1e-6 else None
    except (KeyError, TypeError, ValueError, np.linalg.LinAlgError):
        return None


def can_fit(model: LatentModel) -> bool:
    """Whether there are latents of images to fit a mixture to: not in a GAN without an encoder."""
    return not hasattr(model, "discriminator") or model.encoder is not None


def default_sampler(model: LatentModel) -> str:
    """The source that belongs to a model: its prior, or where training knew none the fitted Gaussian."""
    return "prior" if model.has_prior else "gaussian"


def draw(
    model: LatentModel, source: str, n: int, seed: int, temperature: float = 1.0, mixture: Mixture | None = None
) -> np.ndarray:
    """n latent vectors, float32 [n, d], the same for a seed on every machine.

    Args:
        source: one of `SOURCES`. temperature: scales the noise; 0 is the middle (of each component).
        mixture: `of_run`, for the source `mixture`.
    """
    if source == "mixture":
        if mixture is None:
            raise ValueError("The source 'mixture' needs the mixture of the run: mixture.of_run.")
        return mixture.draw(n, seed, temperature)
    noise = sampling.prior(n, model.latent_dim, seed, temperature)
    return noise if source == "prior" else sampling.from_fitted_gaussian(model, noise)

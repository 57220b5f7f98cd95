"""Mixture of Gaussians fitted to training latents, and the choice of what latent samples are drawn from.

A decoder gives sensible pictures only near the latents of training images. Those of an autoencoder or auto-decoder do
not fill N(0, I), and even those of a VAE leave gaps in it: the sampler affects the quality of samples more than the
model does (Ghosh et al. 2020, "From variational to deterministic autoencoders", where ten components with full
covariances do best).
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data import ImageSet
from core.latent import codec, sampling
from core.latent.latent_table import images_or_table
from core.runs import Run, RunError
from core.runs.weights_digest import weights_digest
from core.system import cache

if TYPE_CHECKING:
    from core.models import LatentModel

SAMPLERS = {"prior": "prior N(0, I)", "gaussian": "Gaussian fitted to the latents", "mixture": "mixture of Gaussians"}
"""Distributions that latent vectors can be drawn from, with their names in sentences."""

RANDOM_CODES = {"codes": "frequencies of the codes, each cell by itself"}
"""The one that there is instead where images become grids of codes."""

COMPONENTS = 10
"""Gaussians of a mixture, as in the paper; fewer where there are too few latents."""

MAX_LATENTS = 3_000
"""Latents that a mixture is fitted to, at most: takes about a second."""

LATENTS_PER_DIMENSION = 2
"""Latents per component and dimension, at least: a covariance needs more latents than dimensions."""

VARIANCE_FLOOR = 1e-3
"""Added to every variance, as a share of the mean variance of the latents: a dead dimension has no variance."""


@dataclass(frozen=True)
class Mixture:
    """Mixture of Gaussians Σ_k w_k N(m_k, C_k).

    Attributes:
        weights: [K], with sum 1. means: [K, d]. covariances: [K, d, d].
        latents: number of latents it was fitted to. asked: number of components asked for.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    latents: int
    asked: int = COMPONENTS

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean [d] and covariance [d, d] of the mixture, in closed form."""
        mean = self.weights @ self.means
        away = self.means - mean
        return mean, np.tensordot(self.weights, self.covariances, 1) + (self.weights * away.T) @ away

    def draw(self, n: int, seed: int, temperature: float = 1.0) -> np.ndarray:
        """n samples, float32 [n, d]: a component k drawn by weight, then m_k + T · L_k ε with L_k L_kᵀ = C_k.

        numpy's PCG64 gives the same samples on every machine. The first samples do not depend on n; ε and the
        components do not depend on the temperature T.
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
        return np.asarray(np.logaddexp.reduce(parts, axis=0) - 0.5 * d * math.log(2 * math.pi))


def fit(latents: np.ndarray, components: int = COMPONENTS, seed: int = 0) -> Mixture:
    """Mixture fitted to latents [n, d] by expectation maximisation (scikit-learn), initialised by k-means.

    With n below 2 · d · `components` the mixture has fewer components, at least one: more would fit noise.

    Raises:
        RunError: the latents are not finite, or there are none.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    latents = np.asarray(latents, np.float64)
    if not np.isfinite(latents).all() or not len(latents):
        raise RunError("There are no finite latents to fit a mixture to. Train the run again.")
    n, d = latents.shape
    count = max(1, min(components, n // (LATENTS_PER_DIMENSION * d)))
    if n < 2:  # one latent has no variance
        latents = np.repeat(latents, 2, axis=0)
    floor = max(1e-9, VARIANCE_FLOOR * float(latents.var(0).mean()))
    fitted = GaussianMixture(count, reg_covar=floor, max_iter=100, random_state=seed)
    with warnings.catch_warnings():
        # Not converged after 100 iterations, or latents that coincide: a little less accurate, and still a mixture.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted.fit(latents)
    return Mixture(fitted.weights_, fitted.means_, fitted.covariances_, n, components)


def for_run(run: Run, model: LatentModel, components: int = COMPONENTS, seed: int = 0, which: str = "best") -> Mixture:
    """Mixture fitted to the training latents μ of a run, without class weights, from the cache folder if it was fitted
    before.

    Args:
        model: the run's model with the weights `which` (`best` or `last`).
    Raises:
        DataError: images must be encoded, and the data set is missing. RunError: the latents are not finite, or the
            model has none.
    """
    recipe = run.recipe
    if not can_fit(model):
        raise RunError(
            f"'{run.name}' is a GAN without an encoder: images have no latents that a mixture could be fitted to. "
            "Sample from the prior instead."
        )
    settings = (
        f"{components} {seed} {MAX_LATENTS} {LATENTS_PER_DIMENSION} {VARIANCE_FLOOR} {sorted(recipe.to_dict().items())}"
    )
    path = cache.file_of("mixture", cache.digest(weights_digest(run, which), settings))
    if (entry := cache.load(path)) and (cached := _read(*entry, model.style_dim)):
        return cached
    mixture = fit(_latents(run, model), components, seed)
    cache.save(
        path,
        {"weights": mixture.weights, "means": mixture.means, "covariances": mixture.covariances},
        {"latents": mixture.latents, "asked": mixture.asked},
    )
    return mixture


def _latents(run: Run, model: LatentModel) -> np.ndarray:
    images = images_or_table(run, model)
    if not isinstance(images, ImageSet):
        return images.mean[codec.evenly(len(images.mean), MAX_LATENTS)].cpu().numpy()
    return model.style(codec.training_latents(model, run.recipe, images, MAX_LATENTS)[1])


def _read(arrays: dict[str, np.ndarray], facts: dict[str, Any], d: int) -> Mixture | None:
    """The mixture in a cache entry; None if the entry holds something else."""
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
    """Whether images have latents that a mixture can be fitted to: not so for a GAN without an encoder."""
    return not model.adversarial or model.encoder is not None


def own_samplers(model: LatentModel) -> list[str]:
    """The samplers that a model has without a prior learned after it: random codes where images become codes, which no
    Gaussian fits; else `SAMPLERS`, but for the mixture where there are no latents to fit it to."""
    if model.family.codes:
        return list(RANDOM_CODES)
    return [name for name in SAMPLERS if name != "mixture" or can_fit(model)]


def default_sampler(model: LatentModel) -> str:
    """The usual sampler of a model: its prior, or for a model trained without one the fitted Gaussian; random codes
    where images become codes."""
    if model.family.codes:
        return "codes"
    return "prior" if model.has_prior else "gaussian"


def draw(
    model: LatentModel, source: str, n: int, seed: int, temperature: float = 1.0, mixture: Mixture | None = None
) -> np.ndarray:
    """n latent vectors, float32 [n, d]; the same seed gives the same vectors on every machine.

    Args:
        source: one of `SAMPLERS`. temperature: scales the noise; at 0 every sample is the mean (of its component).
        mixture: from `for_run`; needed for the sampler `mixture`.
    """
    if source == "codes":  # without a temperature: at a low one all cells would get the same code
        return sampling.from_fitted_gaussian(model, sampling.prior(n, model.latent_dim, seed))
    if source == "mixture":
        if mixture is None:
            raise ValueError("The sampler 'mixture' needs the mixture of the run (`mixture.for_run`).")
        return sampling.with_class(model, mixture.draw(n, seed, temperature), seed)
    noise = sampling.prior(n, model.latent_dim, seed)
    noise[:, : model.style_dim] *= np.float32(temperature)  # the class of a sample has no temperature
    return sampling.from_prior(model, noise) if source == "prior" else sampling.from_fitted_gaussian(model, noise)

"""Aggregated posterior q(z) = 1/N Σ q(z | xᵢ) of training images, compared with the prior p(z) = N(0, I).

Samples from the prior are good where q(z) and p(z) agree: where p(z) is large and q(z) is small, the decoder was never
trained (holes), and where q(z) is large and p(z) is small, the prior never leads (Hoffman & Johnson 2016). Points are
numpy arrays [N, 2]. Nothing here imports torch.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

QUANTILES = (0.5, 0.9, 0.99)
"""Shares of p(z) that the circles on a plane hold."""

MMD_POINTS = 1_500
"""Points of either set that the MMD is estimated from, at most: its time grows with the square."""


def quantile_radius(share: float) -> float:
    """Radius of the circle round 0 that holds this share of N(0, I) in two dimensions: √(−2 ln(1 − share)).

    ‖z‖² has a χ² distribution with two degrees of freedom, which is an exponential distribution with mean 2.
    """
    return math.sqrt(-2.0 * math.log1p(-share))


def shares_inside(z: np.ndarray, shares: tuple[float, ...] = QUANTILES) -> tuple[float, ...]:
    """Shares of the points z [N, 2] within the circles that hold these shares of N(0, I); NaN without points."""
    if not len(z):
        return (math.nan,) * len(shares)
    radius = np.linalg.norm(np.asarray(z, np.float64), axis=1)
    return tuple(float((radius <= quantile_radius(share)).mean()) for share in shares)


def circles(z: np.ndarray | None = None) -> list[tuple[float, float, float | None]]:
    """Circles that hold `QUANTILES` of N(0, I): (radius, that share, share of the points z [N, 2] inside) of each; the
    last is None without points."""
    inside = (None,) * len(QUANTILES) if z is None or not len(z) else shares_inside(z)
    return [(quantile_radius(share), share, held) for share, held in zip(QUANTILES, inside, strict=True)]


def draws(mean: np.ndarray, sigma: np.ndarray | None, seed: int = 0) -> np.ndarray:
    """One draw z ~ q(z | x) for each image, float32 [N, d]: together a sample of the aggregated posterior.

    Args:
        mean: μ [N, d]. sigma: σ [N, d], or None where the posteriors are points; then the draws are the means.
    """
    if sigma is None:
        return np.asarray(mean, np.float32)
    noise = np.random.default_rng([seed, 2]).standard_normal(mean.shape, dtype=np.float32)
    return np.asarray(mean + sigma * noise, np.float32)


def mmd(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Squared maximum mean discrepancy of two samples [n, d] and [m, d], unbiased (Gretton et al. 2012, lemma 6).

    MMD² = E k(x, x') + E k(y, y') − 2 E k(x, y) over pairs of different points, with the kernel
    k(a, b) = exp(−‖a − b‖² / 2h²), where h is the median distance between the points of both samples together. The
    expected value is 0 where both distributions are the same, and the estimate then lies on either side of it; at
    most 2. NaN with fewer than two points, or where all points coincide.
    """
    from scipy.spatial.distance import cdist, pdist

    x, y = np.atleast_2d(np.asarray(x, np.float64)), np.atleast_2d(np.asarray(y, np.float64))
    if len(x) < 2 or len(y) < 2:
        return math.nan
    squared = [pdist(x, "sqeuclidean"), pdist(y, "sqeuclidean"), cdist(x, y, "sqeuclidean").ravel()]
    middle = float(np.median(np.concatenate(squared)))  # of the squares: the square of the median distance
    if not middle > 0:
        return math.nan
    within_x, within_y, between = (float(np.exp(-part / (2 * middle)).mean()) for part in squared)
    return within_x + within_y - 2 * between

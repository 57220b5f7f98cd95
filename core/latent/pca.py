"""Principal component analysis: moments, directions, projections and explained variance (Pearson 1901)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


def moments(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean [d] and covariance [d, d] of points [N, d], in double precision; the covariance of one point is zero."""
    points = np.asarray(points, np.float64)
    if len(points) < 2:
        return points.mean(0), np.zeros((points.shape[1], points.shape[1]))
    return points.mean(0), np.atleast_2d(np.cov(points, rowvar=False))


def principal_directions(cov: np.ndarray, k: int = 2) -> tuple[np.ndarray, np.ndarray, float]:
    """Principal directions of points with the covariance (or scatter) matrix `cov` [d, d].

    Returns:
        (unit vectors [d, k], by falling variance; variance along each [k]; share of the total variance that they
        explain, 0 to 1). Zeros where there are fewer than k dimensions. The sign of a direction is fixed so that its
        largest weight is positive: the same on every machine.
    """
    values, vectors = np.linalg.eigh(np.asarray(cov, np.float64))
    values, vectors = values[::-1].clip(0), vectors[:, ::-1][:, :k]
    vectors = vectors * np.where(vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])] < 0, -1, 1)
    missing, total = (0, k - vectors.shape[1]), float(values.sum())
    share = float(values[:k].sum()) / total if total > 0 else 0.0
    return np.pad(vectors, ((0, 0), missing)), np.pad(values[:k], missing), share


def project(z: np.ndarray, mean: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Coordinates of points [N, d] in the plane through `mean` [d] along `vectors` [d, 2]: float32 [N, 2]."""
    return np.asarray((np.asarray(z, np.float64) - mean) @ vectors, np.float32)


@dataclass(frozen=True)
class FittedPca:
    """PCA fitted to points: their mean [d] and the first principal directions [d, k], float64."""

    mean: np.ndarray
    vectors: np.ndarray

    def transform(self, x: np.ndarray) -> np.ndarray:
        """Coordinates [n, k] of points [n, d]."""
        return np.asarray((np.asarray(x, np.float64) - self.mean) @ self.vectors)

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Projection [n, d] of points [n, d] onto the plane of the principal directions."""
        return np.asarray(self.transform(x) @ self.vectors.T + self.mean)


def fit(x: np.ndarray, k: int) -> FittedPca:
    """PCA with at most k components of points x [n, d].

    The eigenvectors of whichever matrix is smaller are computed: the covariance [d, d] or the Gram matrix [n, n].
    """
    x = np.asarray(x, np.float64)
    mean = x.mean(0)
    centred = x - mean
    n, d = centred.shape
    k = min(k, n, d)
    if d <= n:
        return FittedPca(mean, principal_directions(centred.T @ centred, k)[0])
    rows, scatter, _ = principal_directions(centred @ centred.T, k)
    # A direction without variance has no image under Xᵀ; it stays zero and contributes nothing.
    scale = np.where(scatter > 1e-12 * max(float(scatter.max(initial=0.0)), 1e-300), 1.0 / np.sqrt(scatter + 1e-300), 0)
    return FittedPca(mean, centred.T @ rows * scale)


def pca(x: np.ndarray, k: int = 2) -> np.ndarray:
    """The first k principal components of x [n, d]: float32 [n, min(k, d)], padded with zeros up to 2 columns.

    A few lines of numpy instead of scikit-learn, whose import alone would take longer than the page needs for the map.
    """
    centred = np.asarray(x, np.float32) - np.asarray(x, np.float64).mean(0).astype(np.float32)
    vectors, _, _ = principal_directions(centred.T @ centred, min(k, centred.shape[1]))
    y = centred @ vectors.astype(np.float32)
    return np.pad(y, ((0, 0), (0, max(0, min(k, 2) - y.shape[1]))))


def explained_variance(x: np.ndarray, y: np.ndarray) -> float:
    """Share of the variance of x [n, d] that its PCA map y [n, k] keeps, 0 to 1; NaN if x does not vary."""
    total = float(np.asarray(x, np.float64).var(0).sum())
    return float(np.asarray(y, np.float64).var(0).sum()) / total if total else math.nan

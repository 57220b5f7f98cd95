"""Principal component analysis: directions, projections and explained variance."""

from __future__ import annotations

import math

import numpy as np


def principal_directions(cov: np.ndarray, k: int = 2) -> tuple[np.ndarray, np.ndarray, float]:
    """The principal directions of points with the covariance (or scatter) `cov` [d, d] (Pearson 1901).

    Returns:
        (unit vectors [d, k], the widest first; the variance along each [k]; the share of all variance they hold, 0 to
        1). Zeros where there are fewer than k dimensions.
    """
    values, vectors = np.linalg.eigh(np.asarray(cov, np.float64))
    values, vectors = values[::-1].clip(0), vectors[:, ::-1][:, :k]
    # A direction's sign is nobody's choice: fix it, so that a plane looks the same on every machine.
    vectors = vectors * np.where(vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])] < 0, -1, 1)
    missing, total = (0, k - vectors.shape[1]), float(values.sum())
    share = float(values[:k].sum()) / total if total > 0 else 0.0
    return np.pad(vectors, ((0, 0), missing)), np.pad(values[:k], missing), share


def project(z: np.ndarray, mean: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Points [N, d] in the plane through `mean` [d] along `vectors` [d, 2], float32 [N, 2]."""
    return ((np.asarray(z, np.float64) - mean) @ vectors).astype(np.float32)


def pca(x: np.ndarray, k: int = 2) -> np.ndarray:
    """The first k principal components of x [n, d]: float32 [n, min(k, d)] with zeros up to k = 2 (Pearson 1901).

    A few lines of numpy, because the page shows this while scikit-learn would still be importing. Each axis points the
    way in which its largest weight is positive, so that two calls never mirror each other.
    """
    centred = np.asarray(x, np.float32) - np.asarray(x, np.float64).mean(0).astype(np.float32)
    vectors, _, _ = principal_directions(centred.T @ centred, min(k, centred.shape[1]))
    y = centred @ vectors.astype(np.float32)
    return np.pad(y, ((0, 0), (0, max(0, min(k, 2) - y.shape[1]))))


def explained_variance(x: np.ndarray, y: np.ndarray) -> float:
    """The share of x's variance [n, d] that a PCA map y [n, k] keeps, 0 to 1; NaN if x does not vary."""
    whole = float(np.asarray(x, np.float64).var(0).sum())
    return float(np.asarray(y, np.float64).var(0).sum()) / whole if whole else math.nan

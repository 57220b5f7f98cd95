"""Quality measures of an embedding: trustworthiness, k-nearest-neighbour accuracy, silhouette, linear probe."""

from __future__ import annotations

import math
import warnings

import numpy as np

from core import data
from core.embedding import neighbours

NEIGHBOURS = 10
"""Neighbours k for trustworthiness and for the vote on a class."""

SAMPLE = 2_000
"""Images measured, at most, every class in proportion; each is ranked against all images of the map."""

PROBED = 256
"""Values of an input that a linear probe takes, at most: those of longer inputs are their principal components."""

BLOCK = 100
"""Measured images whose distances to all others are held at once."""


def measure(x: np.ndarray, y: np.ndarray, labels: np.ndarray, pixels: np.ndarray | None = None) -> dict[str, float]:
    """Measures of a map y [n, 2] of inputs x [n, d] with classes [n] (−1: none).

    Args:
        pixels: the images themselves, uint8 [n, ...], where x is something else: what they tell apart without any model
            is the yardstick (`knn_pixels`, `linear_pixels`).
    Returns:
        `trustworthiness` (Venna & Kaski 2001), estimated on a sample whose neighbours are ranked among all n;
        `knn_input` and `knn_map` (accuracy of a leave-one-out vote of the nearest neighbours); `silhouette_input` and
        `silhouette_map` (Rousseeuw 1987, within the sample); `linear_input` (see `linear_accuracy`); `measured`: number
        of images in the sample; `images`: n.
        NaN where a measure is not defined, for example without classes.
    """
    from sklearn.metrics import silhouette_score

    sample = data.spread(labels, min(SAMPLE, len(x)))
    measures = {"measured": float(len(sample)), "images": float(len(x)), "trustworthiness": trust(x, y, sample)}
    known = sample[labels[sample] >= 0]
    kinds = len(np.unique(labels[known]))
    for name, points in (("input", x), ("map", y)):
        measures[f"knn_{name}"] = knn_accuracy(points, labels, known)
        defined = 2 <= kinds < len(known)
        measures[f"silhouette_{name}"] = float(silhouette_score(points[known], labels[known])) if defined else math.nan
    measures["linear_input"] = linear_accuracy(x[known], labels[known])
    if pixels is not None:
        vectors = np.asarray(pixels.reshape(len(pixels), -1), np.float32)
        measures["knn_pixels"] = knn_accuracy(vectors, labels, known)
        measures["linear_pixels"] = linear_accuracy(vectors[known], labels[known])
    return measures


def trust(x: np.ndarray, y: np.ndarray, sample: np.ndarray) -> float:
    """Trustworthiness of a map y [n, 2] of inputs x [n, d], as the mean over the images in `sample`; NaN for fewer than
    three images.

    For a map neighbour j of image i, r(i, j) is the rank of j among the neighbours of i in the input:
    1 − 2 / (m k (2n − 3k − 1)) Σᵢ Σⱼ max(0, r(i, j) − k).
    """
    n = len(x)
    k = min(NEIGHBOURS, (n - 1) // 2)
    if k < 1:
        return math.nan
    near, _ = neighbours.nearest(np.asarray(y, np.float64), k, rows=sample)
    x = np.asarray(x, np.float64)
    squares, penalty = np.square(x).sum(1), 0
    for first in range(0, len(sample), BLOCK):
        rows = sample[first : first + BLOCK]
        far = squares[rows, None] + squares[None] - 2 * x[rows] @ x.T
        far[np.arange(len(rows)), rows] = -np.inf  # the image itself comes first
        own = np.take_along_axis(far, near[first : first + BLOCK], 1)
        for j in range(k):
            rank = (far < own[:, j, None]).sum(
                1
            )  # the image itself is among the nearer ones: its place counts the rank
            penalty += int(np.maximum(0, rank - k).sum())
    return 1.0 - 2.0 * penalty / (len(sample) * k * (2 * n - 3 * k - 1))


def kept(x: np.ndarray, y: np.ndarray, near: np.ndarray | None = None) -> np.ndarray:
    """Share of the `NEIGHBOURS` nearest images in the input x [n, d] that are also among those nearest on the map
    y [n, 2], for each image: float32 [n].

    Args:
        near: the nearest neighbours in the input, nearest first, int64 [n, ≥ `NEIGHBOURS`], where they are known.
    """
    k = min(NEIGHBOURS, len(x) - 1)
    if near is None or near.shape[1] < k:
        near, _ = neighbours.nearest(x, k)
    on_map, _ = neighbours.nearest(np.asarray(y, np.float64), k)
    both = (near[:, :k, None] == on_map[:, None]).any(2)
    return np.asarray(both.mean(1), np.float32)


def knn_accuracy(points: np.ndarray, labels: np.ndarray, tested: np.ndarray | None = None) -> float:
    """Accuracy of classification by the `NEIGHBOURS` nearest other images; NaN without two classes.

    Args:
        tested: indices of the images to classify (default: all with a class).
    """
    known = np.flatnonzero(labels >= 0)
    tested = known if tested is None else tested
    if len(np.unique(labels[known])) < 2 or len(known) <= NEIGHBOURS:
        return math.nan
    near, _ = neighbours.nearest(points[known], NEIGHBOURS, rows=np.searchsorted(known, tested))
    votes = labels[known][near]
    predicted = np.array([np.bincount(row).argmax() for row in votes])
    return float((predicted == labels[tested]).mean())


def linear_accuracy(points: np.ndarray, labels: np.ndarray) -> float:
    """Accuracy of a linear probe (Alain & Bengio 2016): a linear classifier of the classes, fitted to half of the
    points and judged on the other half, and the reverse; multinomial logistic regression with a weak L2 penalty.

    Args:
        points: [n, d], of more than `PROBED` values their first principal components.
        labels: classes [n], without −1.
    Returns:
        NaN without two classes in each half.
    """
    from sklearn.decomposition import PCA
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    order = np.argsort(labels, kind="stable")
    halves = order[::2], order[1::2]
    if any(len(np.unique(labels[half])) < 2 for half in halves):
        return math.nan
    points = np.asarray(points, np.float64)
    if min(points.shape) > PROBED:
        points = PCA(PROBED, random_state=0).fit_transform(points)
    # One scale for all values: dimensions that a model does not use stay as small as they are.
    points = (points - points.mean(0)) / max(float(points.std(0).max()), 1e-12)
    right = 0
    for fitted, judged in (halves, halves[::-1]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the last decimals of the weights decide nothing
            probe = LogisticRegression(max_iter=200).fit(points[fitted], labels[fitted])
        right += int((probe.predict(points[judged]) == labels[judged]).sum())
    return right / len(points)

"""Quality measures of an embedding: trustworthiness, k-nearest-neighbour accuracy and silhouette (scikit-learn)."""

from __future__ import annotations

import math
import warnings

import numpy as np

from core import data

NEIGHBOURS = 10
"""Neighbours k for trustworthiness and for the vote on a class."""

SAMPLE = 2_000
"""Images measured, at most, every class in proportion: all pairs of 10,000 images would take a minute."""


def measure(x: np.ndarray, y: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Measures of a map y [n, 2] of inputs x [n, d] with classes [n] (−1: none).

    Returns:
        `trustworthiness` (Venna & Kaski 2001); `knn_input` and `knn_map` (accuracy of a leave-one-out vote of the
        nearest neighbours); `silhouette_input` and `silhouette_map` (Rousseeuw 1987); `measured`: number of images
        they were computed on. NaN where a measure is not defined, for example without classes.
    """
    from sklearn.manifold import trustworthiness
    from sklearn.metrics import silhouette_score

    sample = data.spread(labels, min(SAMPLE, len(x)))
    k = min(NEIGHBOURS, (len(sample) - 1) // 2)
    measures = {"measured": float(len(sample)), "trustworthiness": math.nan}
    if k >= 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # two equal images have distance 0
            measures["trustworthiness"] = float(trustworthiness(x[sample], y[sample], n_neighbors=k))
    known = sample[labels[sample] >= 0]
    kinds = len(np.unique(labels[known]))
    for name, points in (("input", x), ("map", y)):
        measures[f"knn_{name}"] = knn_accuracy(points, labels, known)
        defined = 2 <= kinds < len(known)
        measures[f"silhouette_{name}"] = float(silhouette_score(points[known], labels[known])) if defined else math.nan
    return measures


def knn_accuracy(points: np.ndarray, labels: np.ndarray, tested: np.ndarray | None = None) -> float:
    """Accuracy of classification by the `NEIGHBOURS` nearest other images; NaN without two classes.

    Args:
        tested: indices of the images to classify (default: all with a class).
    """
    from sklearn.neighbors import KNeighborsClassifier

    known = np.flatnonzero(labels >= 0)
    tested = known if tested is None else tested
    if len(np.unique(labels[known])) < 2 or len(known) <= NEIGHBOURS:
        return math.nan
    # The tested images are among those fitted: ask for one more neighbour, and drop the image itself.
    model = KNeighborsClassifier(NEIGHBOURS, algorithm="brute").fit(points[known], labels[known])
    near = model.kneighbors(points[tested], NEIGHBOURS + 1, return_distance=False)
    place = np.searchsorted(known, tested)[:, None]
    order = np.argsort(near == place, axis=1, kind="stable")[:, :NEIGHBOURS]  # the image itself is moved to the end
    votes = labels[known][np.take_along_axis(near, order, 1)]
    predicted = np.array([np.bincount(row).argmax() for row in votes])
    return float((predicted == labels[tested]).mean())

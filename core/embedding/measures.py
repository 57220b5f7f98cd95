"""How far a map can be trusted: three measures of scikit-learn's on what went in and what came out."""

from __future__ import annotations

import math
import warnings

import numpy as np

from core import data

NEIGHBOURS = 10
"""Neighbours that trustworthiness looks at, and that vote on a class."""

SAMPLE = 2_000
"""Images that are measured, at most: every class in proportion. All pairs of 10,000 would take a minute."""


def measure(x: np.ndarray, y: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Measures of a map y [n, 2] of inputs x [n, d] with classes [n] (−1: none).

    Returns:
        `trustworthiness` (Venna & Kaski 2001), `knn_input` and `knn_map` (share of images whose nearest neighbours,
        itself left out, vote for its class), `silhouette_input` and `silhouette_map` (Rousseeuw 1987), and
        `measured`, the number of images they were measured on. NaN where one is not defined, as without classes.
    """
    from sklearn.manifold import trustworthiness
    from sklearn.metrics import silhouette_score

    sample = data.spread(labels, min(SAMPLE, len(x)))
    k = min(NEIGHBOURS, (len(sample) - 1) // 2)
    found = {"measured": float(len(sample)), "trustworthiness": math.nan}
    if k >= 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an image given twice has no distance to its double
            found["trustworthiness"] = float(trustworthiness(x[sample], y[sample], n_neighbors=k))
    known = sample[labels[sample] >= 0]
    kinds = len(np.unique(labels[known]))
    for name, points in (("input", x), ("map", y)):
        found[f"knn_{name}"] = knn_accuracy(points, labels, known)
        defined = 2 <= kinds < len(known)
        found[f"silhouette_{name}"] = float(silhouette_score(points[known], labels[known])) if defined else math.nan
    return found


def knn_accuracy(points: np.ndarray, labels: np.ndarray, asked: np.ndarray | None = None) -> float:
    """The share of images whose `NEIGHBOURS` nearest others among all vote for their class; NaN without two classes.

    Args:
        asked: positions of the images that are tested; None tests all.
    """
    from sklearn.neighbors import KNeighborsClassifier

    known = np.flatnonzero(labels >= 0)
    asked = known if asked is None else asked
    if len(np.unique(labels[known])) < 2 or len(known) <= NEIGHBOURS:
        return math.nan
    # Fitted on all of them, each would find itself first: so one more neighbour, and the first is dropped.
    model = KNeighborsClassifier(NEIGHBOURS, algorithm="brute").fit(points[known], labels[known])
    near = model.kneighbors(points[asked], NEIGHBOURS + 1, return_distance=False)
    place = np.searchsorted(known, asked)[:, None]
    order = np.argsort(near == place, axis=1, kind="stable")[:, :NEIGHBOURS]  # itself last, wherever it was found
    votes = labels[known][np.take_along_axis(near, order, 1)]
    said = np.array([np.bincount(row).argmax() for row in votes])
    return float((said == labels[asked]).mean())

"""Quality of latents as a representation: how well simple classifiers tell an image's class from its latent vector.

A linear probe (Alain & Bengio 2016) finds what can be read off linearly; the vote of the nearest neighbours finds
whether images of one class lie together, whatever the shape of their region.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

ITERATIONS = 300
"""Iterations of the logistic regression, at most."""


def linear_probe(train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray) -> np.ndarray:
    """Whether a logistic regression classifies each test image correctly: 1 or 0, NaN for an image without a class.

    All dimensions are divided by the largest standard deviation among them, as the probe of a map does
    (`core.embedding.measures`): those that a model does not use stay as small as they are under the penalty ½ ‖w‖².

    Args:
        train, test: latents [N, d] and [M, d]. train_labels, test_labels: classes `int64`, −1 for none.
    Returns:
        float64 [M]; NaN throughout where fewer than two classes have training images.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    train, test = np.asarray(train, np.float64), np.asarray(test, np.float64)
    if len(train):
        centre, scale = train.mean(0), max(float(train.std(0).max()), 1e-12)
        train, test = (train - centre) / scale, (test - centre) / scale
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last decimals of the weights decide nothing
        return _right(LogisticRegression(max_iter=ITERATIONS), train, train_labels, test, test_labels)


def nearest_neighbours(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray, k: int = 10
) -> np.ndarray:
    """Whether the majority of the k nearest training latents, by Euclidean distance, has the class of each test image.

    Arguments and result as of `linear_probe`. k: fewer where there are fewer training images.
    """
    from sklearn.neighbors import KNeighborsClassifier

    labelled = int((train_labels >= 0).sum())
    return _right(KNeighborsClassifier(max(1, min(k, labelled))), train, train_labels, test, test_labels)


def _right(
    classifier: Any, train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray
) -> np.ndarray:
    taught, asked = train_labels >= 0, test_labels >= 0
    found = np.full(len(test), np.nan)
    if len(np.unique(train_labels[taught])) < 2 or not asked.any():
        return found
    classifier.fit(np.asarray(train, np.float64)[taught], train_labels[taught])
    found[asked] = classifier.predict(np.asarray(test, np.float64)[asked]) == test_labels[asked]
    return found

"""Disentanglement of a latent code: whether each known factor of the images has latent dimensions of its own.

MIG (Chen et al. 2018, https://arxiv.org/abs/1802.04942) and DCI disentanglement (Eastwood & Williams 2018,
https://openreview.net/forum?id=By-7dz-AZ), both from 0 to 1, for sets whose factors are known (`ImageSet.factors`).

A factor may look the same again before its last value, as the angle of a square does after 90°. Such a factor is
measured within each class, up to its repeat, and the classes are averaged by their share of the images: no code could
tell the values apart that look alike. A circular factor needs two dimensions without a jump, which lowers its gap.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from core.data.factors import Factor

BINS = 20
"""Bins of equal width for each latent dimension, as in Locatello et al. 2019."""

TREES, LEAF = 20, 5
"""Trees of a forest, and images in a leaf at least."""

IMAGES = 5_000
"""Images that are measured, at most: spread over all of them."""

WIDEST = 32
"""Latent dimensions that a forest sees, at most: those with the most information about any factor."""

_Part = tuple[np.ndarray, np.ndarray, int]
"""Rows of images, the factor's values there and how many values it has there."""


def parts(factor: Factor, values: np.ndarray, labels: np.ndarray) -> Iterator[_Part]:
    """The parts of the images within which a factor is measured: all at once, or each class where values look alike.

    Args:
        values: of the factor, `int64` [N]. labels: classes of the images, `int64` [N].
    """
    if not factor.repeats:
        yield np.arange(len(values)), values, len(factor.values)
        return
    for label, repeat in enumerate(factor.repeats):
        rows = np.flatnonzero(labels == label)
        if len(rows) and repeat > 1:
            yield rows, values[rows] % repeat, repeat


def binned(codes: np.ndarray) -> np.ndarray:
    """Number of the bin of each code in each dimension, `int64` [N, d]; 0 in a dimension that never changes."""
    low, width = codes.min(0), np.ptp(codes, axis=0)
    scaled = np.divide(codes - low, width, out=np.zeros_like(codes, np.float64), where=width > 0)
    numbers: np.ndarray = np.minimum((scaled * BINS).astype(np.int64), BINS - 1)
    return numbers


def mutual_information(a: np.ndarray, b: np.ndarray) -> float:
    """Mutual information of two discrete samples `int64` [N] in nats, from the counts of their pairs."""
    table = np.bincount(a * (b.max() + 1) + b, minlength=(a.max() + 1) * (b.max() + 1)).reshape(a.max() + 1, -1)
    joint = table / len(a)
    product = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    there = joint > 0
    return max(0.0, float((joint[there] * np.log(joint[there] / product[there])).sum()))


def entropy(values: np.ndarray) -> float:
    """Entropy of a discrete sample `int64` [N] in nats."""
    share = np.bincount(values) / len(values)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())


def information(codes: np.ndarray, values: np.ndarray, about: tuple[Factor, ...], labels: np.ndarray) -> np.ndarray:
    """I(zⱼ; vₖ) / H(vₖ) of each latent dimension and factor, from 0 to 1: float64 [d, F].

    Args:
        codes: posterior means [N, d]. values: of the factors `int64` [N, F]. labels: classes `int64` [N].
    """
    bins, found = binned(codes), np.zeros((codes.shape[1], len(about)))
    for k, factor in enumerate(about):
        shared, whole = np.zeros(codes.shape[1]), 0.0
        for rows, numbers, _ in parts(factor, values[:, k], labels):
            share = len(rows) / len(codes)
            shared += share * np.array([mutual_information(column, numbers) for column in bins[rows].T])
            whole += share * entropy(numbers)
        if whole > 0:
            found[:, k] = shared / whole
    return found


def gaps(information: np.ndarray) -> np.ndarray:
    """Gap between the dimension with the most information about each factor and the second, [F]; MIG is their mean."""
    ordered = np.sort(np.vstack([np.zeros((1, information.shape[1])), information]), axis=0)
    difference: np.ndarray = ordered[-1] - ordered[-2]
    return difference


def importances(codes: np.ndarray, factor: Factor, values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Share of each latent dimension in predicting a factor, [d], the sum 1, or 0 where nothing can be predicted.

    Impurity decrease in a random forest: of classes for a categorical factor, of the number for an ordinal one, of
    cosine and sine for a circular one.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    total = np.zeros(codes.shape[1])
    for rows, numbers, count in parts(factor, values, labels):
        options: dict[str, Any] = {"n_estimators": TREES, "min_samples_leaf": LEAF, "random_state": 0}
        if factor.kind == "categorical":
            forest = RandomForestClassifier(max_features=None, **options).fit(codes[rows], numbers)
        else:
            turn = 2 * math.pi * numbers / count
            target = np.stack([np.cos(turn), np.sin(turn)], 1) if factor.kind == "circular" else numbers
            forest = RandomForestRegressor(**options).fit(codes[rows], target)
        total += len(rows) * forest.feature_importances_
    return total / total.sum() if total.sum() > 0 else total


def disentanglement(importance: np.ndarray) -> float:
    """DCI disentanglement of importances [d, F]: Σ ρⱼ (1 − H(Pⱼ)), from 0 to 1.

    Pⱼ are the shares of the factors in dimension j, H has the base F, and ρⱼ is the share of dimension j in all
    importance. 1: each dimension serves a single factor. 0: each serves all of them alike, or none serves any.
    """
    whole, factors = importance.sum(1), importance.shape[1]
    if not whole.sum() > 0 or factors < 2:
        return 0.0
    used = importance[whole > 0]
    share = used / used.sum(1, keepdims=True)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    scores = 1 + (share * logs).sum(1) / math.log(factors)
    return float((whole[whole > 0] / whole.sum()) @ scores)


def measure_steps(
    codes: np.ndarray, values: np.ndarray, about: tuple[Factor, ...], labels: np.ndarray
) -> Generator[float, None, dict[str, Any]]:
    """MIG and DCI disentanglement, factor by factor: yields the share that is done.

    Args:
        codes: posterior means [N, d]. values: of the F factors, whole numbers [N, F]. labels: classes `int64` [N].
    Returns:
        `mig`, `dci`, and `mig_gaps`, the gap of each factor by its name; ready for JSON.
    """
    rows = np.linspace(0, len(codes) - 1, min(len(codes), IMAGES)).astype(np.int64)
    codes, labels, values = np.asarray(codes, np.float64)[rows], labels[rows], values[rows].astype(np.int64)
    shared = information(codes, values, about, labels)
    seen = np.sort(np.argsort(-shared.max(1), kind="stable")[:WIDEST])
    importance = np.zeros((len(seen), len(about)))
    for k, factor in enumerate(about):
        importance[:, k] = importances(codes[:, seen], factor, values[:, k], labels)
        yield (k + 1) / len(about)
    found = gaps(shared)
    names = [factor.name for factor in about]
    return {
        "mig": float(found.mean()),
        "dci": disentanglement(importance),
        "mig_gaps": dict(zip(names, found.tolist(), strict=True)),
    }

"""How well a direction of a latent space tells two groups of images apart: the AUROC of their projections.

A direction between the means of two groups exists for any two groups. Whether it means anything shows on images from
which it was not computed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.evaluation.outliers import auroc, auroc_interval


@dataclass(frozen=True)
class Separation:
    """AUROC of the projections onto a direction, with its 95 % interval; NaN where it cannot be measured.

    Attributes:
        area: probability that a random image of group B lies further along the direction than one of group A; .5 is
            chance. low, high: ends of the interval (Hanley & McNeil 1982). a, b: numbers of images.
    """

    area: float
    low: float
    high: float
    a: int
    b: int


def separation(unit: np.ndarray, a: np.ndarray, b: np.ndarray) -> Separation:
    """Separation of latents a [n, d] and b [m, d], from which the direction `unit` [d] was not computed."""
    return _with_interval(auroc(np.asarray(a) @ unit, np.asarray(b) @ unit), len(a), len(b))


def leave_pair_out(a: np.ndarray, b: np.ndarray) -> Separation:
    """Separation of two small groups of latents, [n, d] and [m, d], by the direction between their own means.

    For each pair of an image of A and one of B, the direction is computed without these two, and counts where it orders
    them rightly, ties by half: the mean over all pairs is an unbiased estimate of the AUROC (Airola et al. 2009,
    "A comparison of AUC estimators in small-sample studies"). NaN unless both groups have two images.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    n, m = len(a), len(b)
    if n < 2 or m < 2:
        return Separation(float("nan"), float("nan"), float("nan"), n, m)
    without_a = (a.sum(0) - a) / (n - 1)
    without_b = (b.sum(0) - b) / (m - 1)
    units = without_b[None, :, :] - without_a[:, None, :]
    gaps = np.einsum("nmd,nmd->nm", units, b[None, :, :] - a[:, None, :])
    return _with_interval(float((gaps > 0).mean() + 0.5 * (gaps == 0).mean()), n, m)


def _with_interval(area: float, n: int, m: int) -> Separation:
    return Separation(area, *auroc_interval(area, n, m), n, m)

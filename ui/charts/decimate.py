"""Decimation and smoothing of curves: plain functions on arrays.

Live charts are sent twice a second, so a curve is reduced to about a point per pixel before it is sent.
"""

from __future__ import annotations

import numpy as np

MOST = 500
"""Points of a curve, at most: about one per pixel of its chart."""


def decimate(x: np.ndarray, y: np.ndarray, most: int = MOST) -> tuple[np.ndarray, np.ndarray]:
    """Reduce a curve to at most `most` points so that every peak stays visible.

    The curve is cut into equal stretches; the lowest and the highest point of each are kept, and so are the first and
    the last point of all. Points whose x or y is not finite are left out: most steps have no validation loss.

    Args:
        x, y: [n], x ascending.
        most: at least 4.
    Returns:
        x, y: [m], m ≤ `most`, points of the curve itself, never averages.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    there = np.isfinite(x) & np.isfinite(y)
    x, y = x[there], y[there]
    if len(x) <= most:
        return x, y
    count, inner = (most - 2) // 2, len(x) - 2
    ends = np.cumsum([inner // count + (k < inner % count) for k in range(count)])
    stretch = np.repeat(np.arange(count), np.diff(ends, prepend=0))
    by_height = 1 + np.lexsort((y[1:-1], stretch))  # the points of each stretch from its lowest to its highest
    lowest, highest = by_height[np.r_[0, ends[:-1]]], by_height[ends - 1]
    chosen = np.unique(np.r_[0, lowest, highest, len(x) - 1])
    return x[chosen], y[chosen]


def smooth(y: np.ndarray, weight: float) -> np.ndarray:
    """Exponential moving average without the bias towards its start.

    Point t is Σ wᵗ⁻ⁱ yᵢ / Σ wᵗ⁻ⁱ over i ≤ t: the correction of Adam (Kingma & Ba 2014), so that the first points are
    not pulled to zero.

    Args:
        y: [n], finite.
        weight: from 0 (the curve itself) to below 1 (the mean of all points so far).
    """
    if not 0 <= weight < 1:
        raise ValueError(f"The smoothing weight is {weight}; it must be at least 0 and below 1.")
    out = np.empty(len(y))
    total = mass = 0.0
    for t, value in enumerate(np.asarray(y, float).tolist()):
        total, mass = weight * total + value, weight * mass + 1
        out[t] = total / mass
    return out


def at(x: np.ndarray, steps: np.ndarray, step: float) -> float:
    """The position of a step on another axis (epochs, seconds), interpolated between neighbouring rows of a history."""
    there = np.isfinite(x) & np.isfinite(steps)
    return float(np.interp(step, steps[there], x[there])) if there.any() else float("nan")

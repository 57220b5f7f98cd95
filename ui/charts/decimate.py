"""Curves made small enough to send every second, and smooth enough to read.

Plain functions on arrays: the charts of the page use them, the tests hold them to their closed forms.
"""

from __future__ import annotations

import numpy as np

MOST = 500
"""Points a curve keeps at most: about one per pixel of its chart."""


def decimate(x: np.ndarray, y: np.ndarray, most: int = MOST) -> tuple[np.ndarray, np.ndarray]:
    """At most `most` points of a curve that still shows every peak.

    The curve is cut into equal stretches; of each its lowest and its highest point stay, in their order, and so do
    the first and the last point of all. Points whose x or y is not a number are left out: most steps have no
    validation loss.

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
    inner = np.arange(1, len(x) - 1)
    keep = {0, len(x) - 1}
    for stretch in np.array_split(inner, (most - 2) // 2):
        keep.add(int(stretch[0] + y[stretch].argmin()))
        keep.add(int(stretch[0] + y[stretch].argmax()))
    chosen = np.sort(np.fromiter(keep, int))
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
    for t, value in enumerate(np.asarray(y, float)):
        total, mass = weight * total + value, weight * mass + 1
        out[t] = total / mass
    return out


def at(x: np.ndarray, steps: np.ndarray, step: float) -> float:
    """Where a step lies on another axis (epochs, seconds), read between the neighbouring rows of a history."""
    there = np.isfinite(x) & np.isfinite(steps)
    return float(np.interp(step, steps[there], x[there])) if there.any() else float("nan")

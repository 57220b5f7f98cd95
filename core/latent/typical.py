"""Where the latents of images lie: the plainest member of a class, and how far they reach along one dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.latent.axes import Axes

if TYPE_CHECKING:
    from core.models.base import LatentModel


def plainest_member(points: np.ndarray, labels: np.ndarray) -> int | None:
    """Index of the point that stands most plainly for its class; None without points.

    Of each class the point nearest to the class's mean is a candidate. The one whose distance to the nearest mean of
    another class is largest, compared with that to its own, is taken.

    Args:
        points: latents, [N, d], in one unit for all dimensions. labels: class of each, [N]; below 0 for none, which
            together count as one class.
    """
    points, labels = np.asarray(points, np.float64), np.maximum(np.asarray(labels, int), -1)
    if not len(points):
        return None
    kinds = np.unique(labels)
    means = np.stack([points[labels == kind].mean(0) for kind in kinds])
    best, found = -np.inf, 0
    for k, kind in enumerate(kinds):
        members = np.flatnonzero(labels == kind)
        distances = np.linalg.norm(points[members] - means[k], axis=1)
        candidate = members[int(distances.argmin())]
        others = np.linalg.norm(np.delete(means, k, axis=0) - points[candidate], axis=1)
        margin = float(others.min(initial=np.inf) - distances.min()) if len(others) else 0.0
        if margin > best:
            best, found = margin, int(candidate)
    return found


def common_reach(model: LatentModel, axes: Axes) -> float:
    """How far in σ from the centre the training latents commonly lie along one dimension, in the widest one: mean ± 3
    standard deviations. Exactly 3 for a model without a prior, whose σ is that standard deviation."""
    mean = axes.to_sigma_units(model.latent_mean.detach().cpu().numpy())
    variance = np.clip(model.latent_variance.detach().cpu().numpy(), 0, None)
    reach = np.abs(mean) + 3 * np.sqrt(variance) / axes.scale
    return float(reach[: len(axes.order)].max(initial=0.0))  # of the latent dimensions, not of class weights

"""Latent axes: centre, scale, weight and order of each latent dimension, in units of σ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from core.models.base import LatentModel

DEAD_BELOW = 0.01
"""KL in nats below which a dimension is dead: its posterior is the prior, so it carries no information about the image
(posterior collapse; Burda et al. 2016 call a unit active when the variance of its μ exceeds 0.01)."""


@dataclass(frozen=True)
class Axes:
    """Centre, scale and importance of each latent dimension of a model.

    Attributes:
        centre: position of a slider's zero, [d]: 0 for a prior N(0, I), the mean of the training latents otherwise; 0
            for the class weights of a conditional family, which follow the latent dimensions: [d + C].
        scale: length of 1 σ in units of z, [d]; 1 for class weights.
        weight: importance of each dimension, [d]: its KL in nats where posteriors are Gaussians, else the standard
            deviation of the training latents along it; 1 everywhere for a generator from scratch, whose dimensions were
            never measured.
        order: dimensions by falling weight, [d].
        dead: dimensions without effect on the image, bool [d], indexed by dimension.
    """

    centre: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    order: np.ndarray
    dead: np.ndarray

    def to_z(self, sigma_units: npt.ArrayLike) -> np.ndarray:
        """Latent vectors z of points given in units of σ from the centre, [..., d]."""
        return np.asarray(self.centre + self.scale * np.asarray(sigma_units, np.float32), np.float32)

    def to_sigma_units(self, z: npt.ArrayLike) -> np.ndarray:
        """Points z [..., d] in units of σ from the centre: the inverse of `to_z`."""
        return np.asarray((np.asarray(z, np.float32) - self.centre) / self.scale, np.float32)


def axes(model: LatentModel) -> Axes:
    """Axes of a trained model: those of its prior, or without a prior those of its training latents."""
    d = model.style_dim
    spread = np.sqrt(np.clip(model.latent_variance.detach().cpu().numpy(), 0, None)).astype(np.float32)
    if model.has_prior:
        centre, scale = np.zeros(model.latent_dim, np.float32), np.ones(model.latent_dim, np.float32)
    else:
        centre = model.latent_mean.detach().cpu().numpy().astype(np.float32)
        scale = np.where(spread > 1e-6, spread, 1.0).astype(np.float32)
        if model.family.codes:  # one σ for all: a cell that hardly varies may get any code, which is then many of its σ
            scale = np.full(d, max(float(np.sqrt(np.square(spread).mean())), 1e-6), np.float32)
    if model.has_prior and (model.variational or not model.kl_known):
        weight = model.kl_per_dim.detach().cpu().numpy().astype(np.float32)
        if not model.kl_known:
            weight = np.ones(d, np.float32)
        order, dead = order_by_weight(weight, DEAD_BELOW)
    else:  # points have no KL
        weight = spread
        order, dead = order_by_weight(weight, 1e-3 * float(weight.max(initial=0.0)))
    if model.adversarial and model.has_prior:
        dead = np.zeros(d, bool)  # the generator may have learned to use a dimension that the encoder did not
    return Axes(centre, scale, weight, order, dead)


def order_by_weight(weight: np.ndarray, dead_below: float = DEAD_BELOW) -> tuple[np.ndarray, np.ndarray]:
    """Dimensions sorted by weight.

    Returns:
        (dimensions by falling weight [d], bool [d]: weight below `dead_below`). NaN counts as dead.
    """
    weight = np.nan_to_num(np.asarray(weight, np.float64), nan=-np.inf)
    return np.argsort(-weight, kind="stable"), weight < dead_below

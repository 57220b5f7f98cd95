"""Latent axes: centre, scale, weight and order of each latent dimension, in units of σ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from core.models.base import LatentModel

DEAD_BELOW = 0.01
"""Nats. A dimension whose KL stays below carries no information about the image: its posterior is the prior
(posterior collapse; Burda et al. 2016 count a unit as active when the variance of its μ exceeds 0.01)."""


@dataclass(frozen=True)
class Axes:
    """How to walk along each latent dimension of a model.

    Attributes:
        centre: where a slider's zero lies, [d]: 0 for a prior N(0, I), the mean of the latents for an autoencoder.
        scale: what one step of 1 σ means in units of z, [d].
        weight: how much the dimension matters, [d]: its KL in nats, or for an autoencoder its standard deviation; all
            alike where nobody knows (a generator from scratch).
        order: the dimensions by weight, the most important first, [d].
        dead: dimensions that change nothing, [d] bool, indexed by dimension.
    """

    centre: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    order: np.ndarray
    dead: np.ndarray

    def to_z(self, u: np.ndarray) -> np.ndarray:
        """z of points u in units of σ from the centre, [..., d]."""
        return (self.centre + self.scale * np.asarray(u, np.float32)).astype(np.float32)

    def to_sigma_units(self, z: np.ndarray) -> np.ndarray:
        """The inverse of `to_z`."""
        return ((np.asarray(z, np.float32) - self.centre) / self.scale).astype(np.float32)


def axes(model: LatentModel) -> Axes:
    """The axes of a trained model: of its prior if it has one, of its training latents if not."""
    d = model.latent_dim
    if model.has_prior:
        centre, scale = np.zeros(d, np.float32), np.ones(d, np.float32)
        weight = model.kl_per_dim.detach().cpu().numpy().astype(np.float32)
        if not model.kl_known:
            weight = np.ones(d, np.float32)
        order, dead = order_by_weight(weight, DEAD_BELOW)
        if hasattr(model, "discriminator"):
            dead = np.zeros(d, bool)  # what an encoder did not use the generator may have learned to
    else:
        centre = model.latent_mean.detach().cpu().numpy().astype(np.float32)
        weight = np.sqrt(np.clip(model.latent_cov.detach().cpu().numpy().diagonal(), 0, None)).astype(np.float32)
        order, dead = order_by_weight(weight, 1e-3 * float(weight.max(initial=0.0)))
        scale = np.where(weight > 1e-6, weight, 1.0).astype(np.float32)
    return Axes(centre, scale, weight, order, dead)


def order_by_weight(weight: np.ndarray, dead_below: float = DEAD_BELOW) -> tuple[np.ndarray, np.ndarray]:
    """(the dimensions by falling weight [d], which of them lie below `dead_below` [d] bool); NaN counts as dead."""
    weight = np.nan_to_num(np.asarray(weight, np.float64), nan=-np.inf)
    return np.argsort(-weight, kind="stable"), weight < dead_below

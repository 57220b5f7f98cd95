"""Walks through a latent space: draws from the prior, sweeps along one axis, straight and round paths.

Points are numpy arrays [N, d] in float32. Random draws come from numpy's PCG64, so that a seed means the same points
on every machine and device. torch is needed only where a model is: `decode`, `encode`, `from_noise`.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core import data
from core.images import to_uint8

if TYPE_CHECKING:
    from torch import Tensor

    from core.data import ImageSet
    from core.models.base import LatentModel
    from core.recipe import Recipe

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

    def to_u(self, z: np.ndarray) -> np.ndarray:
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
        order, dead = by_weight(weight, DEAD_BELOW)
        if hasattr(model, "discriminator"):
            dead = np.zeros(d, bool)  # what an encoder did not use the generator may have learned to
    else:
        centre = model.latent_mean.detach().cpu().numpy().astype(np.float32)
        weight = np.sqrt(np.clip(model.latent_cov.detach().cpu().numpy().diagonal(), 0, None)).astype(np.float32)
        order, dead = by_weight(weight, 1e-3 * float(weight.max(initial=0.0)))
        scale = np.where(weight > 1e-6, weight, 1.0).astype(np.float32)
    return Axes(centre, scale, weight, order, dead)


def by_weight(weight: np.ndarray, dead_below: float = DEAD_BELOW) -> tuple[np.ndarray, np.ndarray]:
    """(the dimensions by falling weight [d], which of them lie below `dead_below` [d] bool); NaN counts as dead."""
    weight = np.nan_to_num(np.asarray(weight, np.float64), nan=-np.inf)
    return np.argsort(-weight, kind="stable"), weight < dead_below


def prior(n: int, d: int, seed: int, temperature: float = 1.0) -> np.ndarray:
    """n draws from N(0, T² I), [n, d]. T below 1 stays near the middle: safer pictures, less variety.

    The same seed gives the same directions at every temperature.
    """
    noise = np.random.default_rng(seed).standard_normal((n, d), dtype=np.float32)
    return np.float32(temperature) * noise


def sweeps(z: np.ndarray, dims: np.ndarray, low: np.ndarray | float, high: np.ndarray | float,
           steps: int) -> np.ndarray:
    """Every point a slider can reach: from z [d], one coordinate after the other runs from `low` to `high`.

    Args:
        low, high: ends of the sweep, one number or one per dimension, [d].
    Returns:
        [len(dims) · steps, d]; rows k · steps … (k + 1) · steps − 1 are the sweep of dims[k]. With all dimensions
        this is the traversal sheet (Higgins et al. 2017, figure 1).
    """
    z, dims = np.asarray(z, np.float32), np.asarray(dims, int)
    low, high = np.broadcast_to(low, z.shape), np.broadcast_to(high, z.shape)
    points = np.tile(z, (len(dims), steps, 1))
    for row, dim in enumerate(dims):
        points[row, :, dim] = np.linspace(low[dim], high[dim], steps)
    return points.reshape(-1, len(z))


def lerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The straight line from a to b [d] at each t in [0, 1], [len(t), d]; through the middle of a high-dimensional
    Gaussian, where hardly any of its mass lies."""
    t = np.asarray(t, np.float64)[:, None]
    return ((1 - t) * np.asarray(a, np.float64) + t * np.asarray(b, np.float64)).astype(np.float32)


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The arc from a to b [d] at each t in [0, 1], [len(t), d]: the direction turns evenly (Shoemake 1985; for
    latents White 2016) and the length goes evenly from ‖a‖ to ‖b‖.

    Where no arc is defined it takes the nearest sensible path: parallel vectors and a zero end, the straight line;
    opposite vectors, half a turn through an arbitrary but fixed perpendicular direction.
    """
    a, b, t = np.asarray(a, np.float64), np.asarray(b, np.float64), np.asarray(t, np.float64)[:, None]
    length_a, length_b = np.linalg.norm(a), np.linalg.norm(b)
    if length_a < 1e-12 or length_b < 1e-12:
        return lerp(a, b, t[:, 0])
    along, towards = a / length_a, b / length_b
    cosine = float(np.clip(along @ towards, -1.0, 1.0))
    across = towards - cosine * along
    sine = float(np.linalg.norm(across))
    if sine < 1e-6:
        if cosine > 0 or len(a) < 2:
            return lerp(a, b, t[:, 0])
        axis = np.zeros_like(a)
        axis[np.argmin(np.abs(along))] = 1.0
        across = axis - (axis @ along) * along
    across /= np.linalg.norm(across)
    angle = math.atan2(sine, cosine)
    path = np.cos(t * angle) * along + np.sin(t * angle) * across
    return (path * ((1 - t) * length_a + t * length_b)).astype(np.float32)


def log_prior(z: np.ndarray) -> float:
    """log N(z; 0, I) of one point [d], in nats."""
    z = np.asarray(z, np.float64)
    return float(-0.5 * (z @ z) - 0.5 * len(z) * math.log(2 * math.pi))


def draws(model: LatentModel, n: int, seed: int) -> np.ndarray:
    """n latent vectors to sample from, [n, d]: of the prior, or where there is none of the Gaussian fitted to the
    training latents. The same seed gives the same noise to every model of that size."""
    return from_noise(model, prior(n, model.latent_dim, seed))


def from_noise(model: LatentModel, noise: np.ndarray) -> np.ndarray:
    """Noise ~ N(0, I) [N, d] as the model's own latent vectors: the same where it was trained towards that prior; else
    points of the Gaussian fitted to its training latents."""
    return _turned(noise, model, model.from_noise)


def through_latents(model: LatentModel, noise: np.ndarray) -> np.ndarray:
    """Noise ~ N(0, I) [N, d] as points of the Gaussian fitted to the model's training latents."""
    return _turned(noise, model, model.through_latents)


def _turned(noise: np.ndarray, model: LatentModel, turn) -> np.ndarray:
    import torch

    with torch.inference_mode():
        return turn(torch.from_numpy(np.asarray(noise, np.float32)).to(model.latent_mean.device)).cpu().numpy()


def decode(model: LatentModel, z: np.ndarray, chunk: int = 256) -> np.ndarray:
    """Pictures of z [N, d]: `uint8` [N, 28, 28]. `chunk` bounds the memory of the activations."""
    import torch

    z = torch.from_numpy(np.ascontiguousarray(z, np.float32))
    device = model.latent_mean.device
    with torch.inference_mode():
        parts = [to_uint8(model.decode(part.to(device)))[:, 0] for part in z.split(chunk)] if len(z) else []
    return np.concatenate(parts) if parts else np.zeros((0, 28, 28), np.uint8)


def of_training(model: LatentModel, recipe: Recipe, images: ImageSet, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Training images and where they lie: indices into `images.train_images` [n], μ float32 [n, d], n ≤ `most`.

    Spread over the images the model was trained on. A latent table is read, with an encoder they are encoded.
    """
    trained, _ = data.split(images, recipe.validation, recipe.train_images)
    rows = np.linspace(0, len(trained) - 1, min(len(trained), most)).astype(int)
    table = getattr(model, "table", None)
    if table is not None and len(table) == len(trained):
        return trained[rows], model.posterior(table[rows]).mean.cpu().numpy()
    return trained[rows], encode(model, images.train_images[trained[rows]])


def encode(model: LatentModel, images: np.ndarray, chunk: int = 1024) -> np.ndarray:
    """μ of `uint8` images [N, 28, 28]: float32 [N, d]; by the encoder, or by a search where there is none."""
    from core import inference

    parts = [inference.posterior(model, as_floats(images[k:k + chunk], model)).mean.cpu().numpy()
             for k in range(0, len(images), chunk)]
    return np.concatenate(parts) if parts else np.zeros((0, model.latent_dim), np.float32)


def searching(model: LatentModel, images: np.ndarray) -> Generator[float, None, np.ndarray]:
    """`encode` where there is no encoder, step by step: yields the part that is done, 0 to 1; returns μ."""
    from core import inference

    placed = yield from inference.placing(model, as_floats(images, model))
    return placed.posterior.mean.cpu().numpy()


def as_floats(images: np.ndarray, model: LatentModel) -> Tensor:
    """`uint8` [N, 28, 28] as [N, 1, 28, 28] in [0, 1] on the model's device."""
    import torch

    # torch.tensor copies: the data sets' arrays are read-only, which from_numpy does not like.
    return torch.tensor(images, device=model.latent_mean.device).unsqueeze(1).float().div_(255)

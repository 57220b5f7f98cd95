"""Three ways from one image to another, and what lies beside them.

Two ways lead through the latent space, the straight line and the arc; the third mixes the pixels and needs no model,
which makes it the one to compare with. Distances and densities are per point, in units of z and in nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.images.convert import to_uint8
from core.latent import codec, sampling, walks

if TYPE_CHECKING:
    from core.models.base import LatentModel

METHODS = ("lerp", "slerp", "blend")


@dataclass(frozen=True)
class Endpoint:
    """Where a way begins or ends: a picture `uint8` [28, 28] and its latent vector [d]."""

    image: np.ndarray
    z: np.ndarray


@dataclass(frozen=True)
class InterpolationPath:
    """The points of one way and their pictures: float32 [N, d], `uint8` [N, 28, 28]."""

    z: np.ndarray
    images: np.ndarray


def encode_endpoint(model: LatentModel, image: np.ndarray) -> Endpoint:
    """An image `uint8` [28, 28] and its posterior mean μ: never a sample, which would move at every look."""
    return Endpoint(image, codec.encode(model, image[None])[0])


def sample_endpoint(model: LatentModel, seed: int) -> Endpoint:
    """A picture the model invents from a draw of its prior (autoencoder: of the Gaussian fitted to its latents); its z
    is known and need not be encoded."""
    z = sampling.draws(model, 1, seed)
    return Endpoint(codec.decode(model, z)[0], z[0])


def paths(
    model: LatentModel, a: Endpoint, b: Endpoint, frames: int, place: Callable[[np.ndarray], np.ndarray] | None = None
) -> dict[str, InterpolationPath]:
    """The three ways from a to b by name (`WAYS`), `frames` pictures each.

    The ends of lerp and slerp are exactly a.z and b.z, decoded one at a time as everywhere else: in a batch of
    another size the same product may round differently in the last bit. The blend's points are where the model
    places its pictures.

    Args:
        place: images `uint8` [N, 28, 28] → μ [N, d], where somebody knows them already (default
            `codec.encode`).
    """
    t = np.linspace(0.0, 1.0, frames)
    found = {}
    for name, walk in (("lerp", walks.lerp), ("slerp", walks.slerp)):
        z = walk(a.z, b.z, t)
        z[0], z[-1] = a.z, b.z
        pictures = codec.decode(model, z, chunk=64)
        for k in (0, -1):
            pictures[k] = codec.decode(model, z[k][None])[0]
        found[name] = InterpolationPath(z, pictures)
    mixed = blend(a.image, b.image, t)
    found["blend"] = InterpolationPath(place(mixed) if place else codec.encode(model, mixed), mixed)
    return found


def corner_grid(corners: np.ndarray, side: int) -> np.ndarray:
    """Bilinear mixtures of four points [4, d] (top left, top right, bottom left, bottom right), row by row from the
    top: float32 [side · side, d]. Its edges and diagonals are straight lines."""
    t = np.linspace(0.0, 1.0, side)
    across, down = np.meshgrid(t, t)
    weights = np.stack([(1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down], axis=-1)
    return (weights.reshape(-1, 4) @ np.asarray(corners, np.float64)).astype(np.float32)


def blend(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Each pixel of a fades into that of b: `uint8` [len(t), 28, 28]. No model is asked."""
    t = np.asarray(t, np.float64)[:, None, None]
    return to_uint8(((1 - t) * a + t * b) / 255.0)


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """The angle between two vectors in degrees; NaN if one of them is zero."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return math.degrees(math.acos(max(-1.0, min(1.0, float(a @ b) / lengths)))) if lengths > 1e-12 else math.nan


def nearest_distance(z: np.ndarray, latents: np.ndarray, skip_self: bool = False) -> np.ndarray:
    """Euclidean distance of each point [N, d] to the nearest of the latents [M, d]: float64 [N].

    Args:
        skip_self: the points are among the latents: take the nearest *other* one.
    """
    z, latents = np.asarray(z, np.float64), np.asarray(latents, np.float64)
    rank = 1 if skip_self else 0
    found = np.empty(len(z))
    for k in range(0, len(z), 256):  # a block of distances at a time, not all of N × M
        part = z[k : k + 256]
        square = (part**2).sum(1)[:, None] + (latents**2).sum(1)[None] - 2 * part @ latents.T
        found[k : k + 256] = np.sqrt(np.clip(np.partition(square, rank, axis=1)[:, rank], 0.0, None))
    return found


def log_priors(z: np.ndarray) -> np.ndarray:
    """log N(z; 0, I) of each point [N, d], in nats: float64 [N]."""
    return np.array([sampling.log_prior(point) for point in z])


def mahalanobis(z: np.ndarray, mean: np.ndarray, cov: np.ndarray) -> tuple[np.ndarray, int]:
    """How far points [N, d] lie from the middle of a Gaussian, in its own standard deviations (Mahalanobis 1936).

    Directions in which it has no width are left out: a collapsed dimension of an autoencoder has none.

    Returns:
        (distances float64 [N], the number r of directions that count; draws of it lie near √r).
    """
    values, vectors = np.linalg.eigh(np.asarray(cov, np.float64))
    wide = values > 1e-6 * max(float(values.max(initial=0.0)), 1e-12)
    along = (np.asarray(z, np.float64) - mean) @ vectors[:, wide]
    return np.sqrt((along**2 / values[wide]).sum(1)), int(wide.sum())

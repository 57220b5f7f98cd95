"""Interpolation between two images: linear and spherical in the latent space, and blends of pixels as baselines.

Also the measures shown along the paths: distances in units of z, log densities in nats. Pictures are `uint8` [H, W] or
[H, W, 3].
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.images import cielab
from core.images.convert import is_colour, to_uint8
from core.latent import codec, neighbours, sampling, walks

if TYPE_CHECKING:
    from core.models.base import LatentModel


@dataclass(frozen=True)
class Endpoint:
    """End of a path: a picture and its latent vector [d]."""

    image: np.ndarray
    z: np.ndarray


@dataclass(frozen=True)
class InterpolationPath:
    """Points of a path, float32 [N, d], and their N pictures."""

    z: np.ndarray
    images: np.ndarray


def encode_endpoint(model: LatentModel, image: np.ndarray) -> Endpoint:
    """A picture and its posterior mean μ (not a sample, which would differ at every call)."""
    return Endpoint(image, codec.encode(model, image[None])[0])


def sample_endpoint(model: LatentModel, seed: int) -> Endpoint:
    """A generated picture and the z it was decoded from: a draw from the prior, or where there is none from the
    Gaussian fitted to the training latents."""
    z = sampling.draws(model, 1, seed)
    return Endpoint(codec.decode(model, z)[0], z[0])


MOVES = ("both", "style", "class")
"""What a path of a conditional model changes on its way; the other one stays as at A."""


def target(model: LatentModel, a: np.ndarray, b: np.ndarray, moves: str = "both") -> np.ndarray:
    """Latent vector [D] at which a path from a towards b ends. moves: one of `MOVES`; without class weights all the
    same."""
    d = model.style_dim
    if moves == "both" or d == model.latent_dim:
        return b
    return np.concatenate([a[:d], b[d:]] if moves == "class" else [b[:d], a[d:]])


def along(
    model: LatentModel,
    walk: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    a: np.ndarray,
    b: np.ndarray,
    t: np.ndarray,
) -> np.ndarray:
    """Points of a walk from a to b at each t, float32 [len(t), D]. Class weights change linearly: shares have no
    direction that could turn."""
    d = model.style_dim
    if d == model.latent_dim:
        return walk(a, b, t)
    return np.concatenate([walk(a[:d], b[:d], t), walks.lerp(a[d:], b[d:], t)], axis=1)


def paths(
    model: LatentModel,
    a: Endpoint,
    b: Endpoint,
    frames: int,
    encode: Callable[[np.ndarray], np.ndarray] | None = None,
    moves: str = "both",
) -> dict[str, InterpolationPath]:
    """The paths from a to b by name, with `frames` pictures each.

    `lerp` and `slerp` are linear and spherical interpolation of the latent vectors; `blend` is a cross-fade of the
    pixels' levels, and `lab`, for colour images alone, of their colours in CIELAB.

    The ends of lerp and slerp are exactly a.z and b.z, decoded one at a time as on the other pages: in a batch of
    another size the same product may round differently in the last bit. The points of a blend are the codes of its
    pictures.

    Args:
        encode: the pictures of all blends, one blend after another → μ [N, d], for example from a cache (default
            `codec.encode`).
        moves: as of `target`, where lerp and slerp then end.
    """
    end = target(model, a.z, b.z, moves)
    t = np.linspace(0.0, 1.0, frames)
    result = {}
    for name, walk in (("lerp", walks.lerp), ("slerp", walks.slerp)):
        z = along(model, walk, a.z, end, t)
        z[0], z[-1] = a.z, end
        pictures = codec.decode(model, z, chunk=64)
        for k in (0, -1):
            pictures[k] = codec.decode(model, z[k][None])[0]
        result[name] = InterpolationPath(z, pictures)
    mixed = blends(a.image, b.image, t)
    pictures = np.concatenate(list(mixed.values()))
    latents = encode(pictures) if encode else codec.encode(model, pictures)
    for k, (name, images) in enumerate(mixed.items()):
        result[name] = InterpolationPath(latents[k * frames : (k + 1) * frames], images)
    return result


def corner_grid(corners: np.ndarray, side: int) -> np.ndarray:
    """Bilinear interpolation of four points [4, d] (top left, top right, bottom left, bottom right), row by row from
    the top: float32 [side · side, d]. Edges and diagonals are straight lines."""
    t = np.linspace(0.0, 1.0, side)
    across, down = np.meshgrid(t, t)
    weights = np.stack([(1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down], axis=-1)
    return np.asarray(weights.reshape(-1, 4) @ np.asarray(corners, np.float64), np.float32)


def blends(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> dict[str, np.ndarray]:
    """The blends of two pictures by name: of their levels, and of colour pictures also in CIELAB."""
    return {"blend": blend(a, b, t)} | ({"lab": cielab.blend(a, b, t)} if is_colour(a) else {})


def blend(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Cross-fade of two pictures: (1 − t) · a + t · b for each t, `uint8` [len(t), H, W] or [len(t), H, W, 3]."""
    t = np.asarray(t, np.float64).reshape(-1, *(1,) * np.ndim(a))
    return to_uint8(((1 - t) * a + t * b) / 255.0)


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """Angle between two vectors in degrees; NaN if one of them is zero."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return math.degrees(math.acos(max(-1.0, min(1.0, float(a @ b) / lengths)))) if lengths > 1e-12 else math.nan


def nearest_distance(z: np.ndarray, latents: np.ndarray, skip_self: bool = False) -> np.ndarray:
    """Euclidean distance of each point [N, d] to the nearest of the latents [M, d]: float64 [N].

    Args:
        skip_self: whether the points are among the latents: take the nearest other one.
    """
    return np.asarray(np.sqrt(neighbours.nearest(z, latents, skip_self)[1]))


def log_priors(z: np.ndarray) -> np.ndarray:
    """log N(z; 0, I) of each point [N, d], in nats: float64 [N]."""
    return np.array([sampling.log_prior(point) for point in z])


def mahalanobis(z: np.ndarray, mean: np.ndarray, cov: np.ndarray) -> tuple[np.ndarray, int]:
    """Mahalanobis distance of points [N, d] from a Gaussian's mean, in its standard deviations (Mahalanobis 1936).

    Directions without variance are left out, such as a collapsed dimension of an autoencoder.

    Returns:
        (distances float64 [N], number r of directions that count; draws of the Gaussian lie near √r).
    """
    values, vectors = np.linalg.eigh(np.asarray(cov, np.float64))
    wide = values > 1e-6 * max(float(values.max(initial=0.0)), 1e-12)
    along = (np.asarray(z, np.float64) - mean) @ vectors[:, wide]
    return np.sqrt((along**2 / values[wide]).sum(1)), int(wide.sum())

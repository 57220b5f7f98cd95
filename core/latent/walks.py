"""Latent walks: sweeps along one dimension, linear and spherical interpolation, analogies."""

from __future__ import annotations

import math

import numpy as np


def sweeps(
    z: np.ndarray, dims: np.ndarray, low: np.ndarray | float, high: np.ndarray | float, steps: int
) -> np.ndarray:
    """Latent traversals: from z [d], each of some coordinates runs from `low` to `high` while the others stay.

    Args:
        dims: dimensions to sweep. low, high: ends of the sweep, one number or one per dimension, [d].
    Returns:
        float32 [len(dims) · steps, d]; rows k · steps … (k + 1) · steps − 1 are the sweep of dims[k]. With all
        dimensions this is the traversal sheet of Higgins et al. 2017, figure 1.
    """
    z, dims = np.asarray(z, np.float32), np.asarray(dims, int)
    low, high = np.broadcast_to(low, z.shape), np.broadcast_to(high, z.shape)
    points = np.tile(z, (len(dims), steps, 1))
    for row, dim in enumerate(dims):
        points[row, :, dim] = np.linspace(low[dim], high[dim], steps)
    return points.reshape(-1, len(z))


def lerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Linear interpolation from a to b [d] at each t in [0, 1], float32 [len(t), d].

    In high dimensions the line passes near the centre of the Gaussian, where hardly any of its mass lies.
    """
    t = np.asarray(t, np.float64)[:, None]
    return ((1 - t) * np.asarray(a, np.float64) + t * np.asarray(b, np.float64)).astype(np.float32)


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Spherical interpolation from a to b [d] at each t in [0, 1], float32 [len(t), d]: the direction turns at a
    constant rate (Shoemake 1985; for latents White 2016), the length changes linearly from ‖a‖ to ‖b‖.

    Where the arc is not defined: the straight line for parallel vectors and a zero end; for opposite vectors half a
    turn through an arbitrary but fixed perpendicular direction.
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
    return np.asarray(path * ((1 - t) * length_a + t * length_b), np.float32)


def analogy(a: np.ndarray, b: np.ndarray, c: np.ndarray, t: np.ndarray, d: int | None = None) -> np.ndarray:
    """c + t (a − b) for latent vectors a, b, c [D] at each t, float32 [len(t), D]: at 1 the vector that is to c as a is
    to b (Mikolov et al. 2013 for words, Radford et al. 2016 for images).

    Args:
        d: numbers of a vector that are computed with, the first ones; what follows (class weights) stays that of c.
    """
    c, step = np.asarray(c, np.float64), np.asarray(a, np.float64) - np.asarray(b, np.float64)
    step[d:] *= 0 if d is not None else 1
    return (c + np.asarray(t, np.float64)[:, None] * step).astype(np.float32)

"""Codes of families of codes, as numpy arrays: from latent vectors and back, the codebook as pictures, and as text.

A latent vector is the grid before quantisation; codes are the entries of the codebook that it is decoded as. torch is
imported only inside the functions that run a model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from core.latent import codec

if TYPE_CHECKING:
    from core.models.base import LatentModel
    from core.models.vq_vae import VQVAE

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Digits of a code in an address."""

AROUND = 1
"""Cells on each side of a code that its picture shows: what it draws reaches into its neighbours."""


def of_latents(model: LatentModel, z: np.ndarray) -> np.ndarray:
    """Codes of latent vectors [N, d]: int64 [N, rows, columns]."""
    import torch

    vectors = torch.from_numpy(np.array(z, np.float32, order="C")).to(model.latent_mean.device)
    with torch.inference_mode():
        return np.asarray(cast("VQVAE", model).codes(vectors).cpu().numpy())


def to_latents(model: LatentModel, codes: np.ndarray) -> np.ndarray:
    """Latent vectors that lie at the entries of codes [N, rows, columns]: float32 [N, d]."""
    import torch

    indices = torch.from_numpy(np.array(codes, np.int64, order="C")).to(model.latent_mean.device)
    with torch.inference_mode():
        return np.asarray(cast("VQVAE", model).of_codes(indices).cpu().numpy())


def shares(model: LatentModel) -> np.ndarray:
    """How often the training images use each code, [K], with sum 1: a moving average of the end of the training."""
    counts = cast("VQVAE", model).codebook.counts.cpu().double().numpy()
    return np.asarray(counts / max(float(counts.sum()), 1e-300))


def pictures(model: LatentModel) -> np.ndarray:
    """A picture of each code: decoded in the middle of a grid of the code that is used most, and cut out with the cells
    around it. uint8 [K, h, w] or [K, h, w, 3]."""
    rows, columns = cast("VQVAE", model).grid
    used = shares(model)
    grids = np.full((len(used), rows, columns), int(used.argmax()), np.int64)
    row, column = rows // 2, columns // 2
    grids[:, row, column] = np.arange(len(used))
    decoded = codec.decode(model, to_latents(model, grids))
    height, width = decoded.shape[1:3]
    # Cells at the edge may reach beyond the image: the middle ones are whole.
    down, across = math.ceil(height / rows), math.ceil(width / columns)
    top = (row - AROUND) * down - (rows * down - height) // 2
    left = (column - AROUND) * across - (columns * across - width) // 2
    side = 2 * AROUND + 1
    return decoded[:, max(0, top) : top + side * down, max(0, left) : left + side * across]


def checked(values: object, grid: tuple[int, int], size: int) -> np.ndarray | None:
    """Codes as a message or an address names them, int64 [rows, columns]; None where they are none of such a model.

    Args:
        values: not checked. grid: rows and columns. size: number of codes, K.
    """
    if not isinstance(values, list) or len(values) != grid[0] * grid[1]:
        return None
    if not all(isinstance(k, int) and not isinstance(k, bool) and 0 <= k < size for k in values):
        return None
    return np.asarray(values, np.int64).reshape(grid)


def from_text(text: str, grid: tuple[int, int], size: int) -> np.ndarray | None:
    """The codes of `text`, or None where there is a mistake in it; `grid` and `size` as in `checked`."""
    parts: Sequence[str] = text.split("_")
    if any(not part or len(part) > 4 or set(part) - set(ALPHABET) for part in parts):
        return None
    return checked([int(part, 36) for part in parts], grid, size)

"""Walks through a latent space: draws from the prior, sweeps along one axis, straight and round paths.

Points are numpy arrays [N, d] in float32. Random draws come from numpy's PCG64, so that a seed means the same points
on every machine and device. torch is needed only where a model is: `decode`, `encode`, `from_noise`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np

from core import data
from core.images.convert import to_uint8

if TYPE_CHECKING:
    from torch import Tensor

    from core.data import ImageSet
    from core.models.base import LatentModel
    from core.recipes.recipe import Recipe


def decode(model: LatentModel, z: np.ndarray, chunk: int = 256) -> np.ndarray:
    """Pictures of z [N, d]: `uint8` [N, 28, 28]. `chunk` bounds the memory of the activations."""
    import torch

    z = torch.from_numpy(np.ascontiguousarray(z, np.float32))
    device = model.latent_mean.device
    with torch.inference_mode():
        parts = [to_uint8(model.decode(part.to(device)))[:, 0] for part in z.split(chunk)] if len(z) else []
    return np.concatenate(parts) if parts else np.zeros((0, 28, 28), np.uint8)


def training_latents(model: LatentModel, recipe: Recipe, images: ImageSet, most: int) -> tuple[np.ndarray, np.ndarray]:
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
    from core.latent import encoding

    parts = [
        encoding.encode(model, as_floats(images[k : k + chunk], model)).mean.cpu().numpy()
        for k in range(0, len(images), chunk)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, model.latent_dim), np.float32)


def encoding_progress(model: LatentModel, images: np.ndarray) -> Generator[float, None, np.ndarray]:
    """`encode` where there is no encoder, step by step: yields the part that is done, 0 to 1; returns μ."""
    from core.latent import encoding

    placed = yield from encoding.optimise_in_chunks(model, as_floats(images, model))
    return placed.posterior.mean.cpu().numpy()


def as_floats(images: np.ndarray, model: LatentModel) -> Tensor:
    """`uint8` [N, 28, 28] as [N, 1, 28, 28] in [0, 1] on the model's device."""
    import torch

    # torch.tensor copies: the data sets' arrays are read-only, which from_numpy does not like.
    return torch.tensor(images, device=model.latent_mean.device).unsqueeze(1).float().div_(255)

"""Encoding of pictures to latent vectors and decoding of latent vectors to pictures, as numpy arrays.

Pictures are `uint8` [N, H, W] or [N, H, W, 3], latent vectors float32 [N, d]. torch is imported only inside the
functions that run a model.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import numpy as np

from core import data
from core.data import fingerprint
from core.images import convert

if TYPE_CHECKING:
    from torch import Tensor

    from core.data import ImageSet
    from core.models.base import LatentModel, Posterior
    from core.recipes.recipe import Recipe


def decode(model: LatentModel, z: np.ndarray, chunk: int = 256) -> np.ndarray:
    """Pictures decoded from z [N, d]: `uint8` [N, H, W] or [N, H, W, 3]. `chunk` bounds the memory of the
    activations."""
    import torch

    vectors = torch.from_numpy(np.array(z, np.float32, order="C"))  # a copy: latents may be read-only, a tensor not
    device = model.latent_mean.device
    with torch.inference_mode():
        parts = [vectors[k : k + chunk] for k in range(0, max(1, len(vectors)), chunk)]
        return np.concatenate([convert.to_pictures(model.decode(part.to(device))) for part in parts])


def training_latents(model: LatentModel, recipe: Recipe, images: ImageSet, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Latent means of training images, spread evenly over the images that the model was trained on: the indices [n] and
    the means μ of `training_posteriors`."""
    index, posterior = training_posteriors(model, recipe, images, lambda trained: evenly(len(trained), limit))
    return index, posterior.mean.cpu().numpy()


def evenly(count: int, limit: int) -> np.ndarray:
    """At most `limit` of the numbers below `count`, evenly spread, ascending."""
    return np.linspace(0, count - 1, min(count, limit)).astype(int)


Choice = Callable[[np.ndarray], np.ndarray]
"""The numbers of the training images in `ImageSet.train_images` → the places of the chosen ones among them."""


def training_posteriors(
    model: LatentModel, recipe: Recipe, images: ImageSet, choose: Choice
) -> tuple[np.ndarray, Posterior]:
    """Posteriors of some of the images that a model was trained on.

    The rows of a latent table are read; otherwise the images are encoded.

    Args:
        images: of the run (`core.runs.images.images_of`). Each is compared with the one its row belongs to.
    Returns:
        (indices into `images.train_images` [n], posteriors of n images), with fewer than were chosen where images have
        no row.
    """
    import torch

    from core.latent import encoding

    trained, own = _chosen(model, recipe, images, choose)
    if own is not None:
        table = model.latent_table
        assert table is not None
        return trained, model.posterior(table[own])
    levels = convert.to_byte_tensor(images.train_images[trained], model.latent_mean.device)
    labels = torch.from_numpy(images.train_labels[trained]).to(levels.device)
    return trained, encoding.posteriors(model, levels, ENCODED_AT_ONCE, labels)


def table_rows(
    model: LatentModel, recipe: Recipe, images: ImageSet, limit: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Training images, spread evenly, and their rows in the model's latent table.

    Returns:
        (indices into `images.train_images` [n], rows [n]), with n ≤ `limit`; None for a model without a table, or where
        it cannot be known which image a row belongs to.
    """
    trained, own = _chosen(model, recipe, images, lambda trained: evenly(len(trained), limit))
    return None if own is None else (trained, own)


def _chosen(
    model: LatentModel, recipe: Recipe, images: ImageSet, choose: Choice
) -> tuple[np.ndarray, np.ndarray | None]:
    """Indices of the chosen training images, and their rows in the latent table; None where they have none."""
    trained, _ = data.split(images, recipe.validation, recipe.train_images)
    rows = choose(trained)
    table = model.latent_table
    in_table, length = data.table_rows(images, recipe.validation, recipe.train_images)
    if table is None or (model.table_images is None and (len(table) != length or not images.ordered)):
        return trained[rows], None
    trained, own = trained[rows], in_table[rows]
    if model.table_images is not None:
        own = fingerprint.rows_by_content(model.table_images, images.train_images[trained], own)
    known = (own >= 0) & (own < len(table))  # an image that the model was not trained on has no row
    return trained[known], own[known]


ENCODED_AT_ONCE = 1024
"""Images whose activations are held at once."""


def encode(
    model: LatentModel, images: np.ndarray, chunk: int = ENCODED_AT_ONCE, labels: np.ndarray | None = None
) -> np.ndarray:
    """Posterior means μ of pictures, float32 [N, d]: by the encoder, or by a search where there is none.

    Args:
        labels: classes of the pictures where they are known, int64 [N], for a conditional family. One without a label
            gets the class that explains it best.
    """
    import torch

    from core.latent import encoding

    levels = convert.to_byte_tensor(images, model.latent_mean.device)
    known = None if labels is None else torch.from_numpy(np.array(labels, np.int64)).to(levels.device)
    return np.asarray(encoding.means(model, levels, chunk, known).cpu().numpy())


def encoding_progress(model: LatentModel, images: np.ndarray) -> Generator[float, None, Posterior]:
    """`encode` by a search, step by step: yields the share that is done, 0 to 1; returns the posteriors."""
    from core.latent import encoding

    result = yield from encoding.optimise_in_chunks(model, image_tensor(images, model))
    return result.posterior


def image_tensor(images: np.ndarray, model: LatentModel) -> Tensor:
    """Pictures as floats [N, C, H, W] in [0, 1] on the model's device."""
    return convert.to_tensor(images, model.latent_mean.device)

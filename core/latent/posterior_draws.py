"""Draws of one image's posterior q(z | x): its mean, or μ + σ ε with a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.latent import codec, sampling

if TYPE_CHECKING:
    from core.models.base import LatentModel


def deviations(model: LatentModel, images: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray | None:
    """Standard deviations σ of the posteriors of pictures, float32 [N, d], by the encoder, or by a search where there
    is none; None where an image becomes a point.

    Args:
        labels: classes of the pictures where they are known, int64 [N], for a conditional family.
    """
    import torch

    from core.latent import encoding

    if not model.variational:
        return None
    x = codec.image_tensor(images, model)
    known = None if labels is None else torch.from_numpy(np.array(labels, np.int64)).to(x.device)
    logvar = encoding.encode(model, x, labels=known).logvar
    return None if logvar is None else np.exp(0.5 * logvar.detach().cpu().numpy().astype(np.float32))


def draw(mean: np.ndarray, sigma: np.ndarray, seed: int) -> np.ndarray:
    """μ + σ ε for ε ~ N(0, I) of that seed, float32 like `mean` [D]. The same seed gives the same ε on every machine.

    Args:
        sigma: [d] with d ≤ D; what follows in a latent vector (class weights) is not drawn.
    """
    z = np.array(mean, np.float32)
    z[: len(sigma)] += sigma * sampling.prior(1, len(sigma), seed)[0]
    return z

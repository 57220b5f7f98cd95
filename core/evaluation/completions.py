"""Several completions of a picture of which a part is hidden, and how far they differ.

The visible pixels rarely determine the rest. Searches from many random starts each fit a code to the visible pixels
alone; a model with a Gaussian posterior then draws z from the q(z | visible pixels) that its search has found, a model
of points takes the point where it ended. The searches with the lowest objectives count, so that one that got stuck is
not taken for a possible completion.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.evaluation import inpainting
from core.images import convert
from core.latent.codec import image_tensor
from core.system.progress import Steps

if TYPE_CHECKING:
    from core.models import LatentModel

COUNT, STARTS = 8, 24
"""Completions that are kept, and searches that they are chosen from."""


@dataclass(frozen=True)
class Completions:
    """Completions of one picture, the lowest objective of its search first.

    Attributes:
        pictures: decoded, `uint8` [N, H, W] or [N, H, W, 3]. visible_mse: squared error per visible pixel, [N]; NaN
            where none is visible.
    """

    pictures: np.ndarray
    visible_mse: np.ndarray

    @property
    def spread(self) -> np.ndarray:
        """Standard deviation of each pixel over the pictures, on [0, 1], mean over channels: [H, W]. At most 0.5."""
        deviation = (self.pictures / 255.0).std(0)
        return np.asarray(deviation.mean(-1) if convert.is_colour(self.pictures) else deviation)


def complete(
    model: LatentModel,
    image: np.ndarray,
    visible: np.ndarray,
    *,
    count: int = COUNT,
    starts: int = STARTS,
    steps: int | None = None,
    seed: int = 0,
) -> Generator[float, None, Completions]:
    """Complete a picture `count` times: yields the share that is done; returns the completions.

    Args:
        image: uint8 [H, W] or [H, W, 3]. visible: bool [H, W]; hidden pixels (False) have no effect.
        starts: searches, at least `count`. steps: of each (default `search.STEPS`). seed: of starts and draws.
    """
    import torch

    from core.latent import search

    x = image_tensor(np.broadcast_to(image, (starts, *image.shape)), model)
    mask = inpainting.mask_tensor(visible, starts, model)
    draws = torch.Generator().manual_seed(seed)
    guess = search.initial_code(model, x[:1], mask[:1]).expand(starts, -1)
    codes = search.random_codes(model, guess, draws)
    work = Steps(search.search(model, x, visible=mask, code=codes, steps=search.STEPS if steps is None else steps))
    for step in work:
        yield step.step / step.total
    found = work.end()
    best = (found.recon + float(model.beta) * found.prior).argsort()[:count]
    z = found.posterior.mean
    if found.posterior.logvar is not None:
        z = found.posterior.at(torch.randn(z.shape, generator=draws).to(z))
    with torch.no_grad():
        pictures = convert.to_pictures(model.decode(z[best]))
    errors = inpainting.hidden_mse(pictures, np.broadcast_to(image, pictures.shape), ~np.asarray(visible, bool))
    return Completions(pictures, errors)

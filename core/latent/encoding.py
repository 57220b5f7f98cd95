"""Where an image lies in a latent space: one pass of the encoder, or a search with the decoder frozen.

    placed = place(model, images)             # any family; encoder families start from their encoder's answer
    for look in search(model, images): ...    # the same, step by step: watch it, stop it

The search minimises each image's own training objective, −log p(x | z) + β · prior, by Adam over a batch of
independent problems: Adam works number by number, so no image's path depends on its neighbours. (L-BFGS over the
stacked batch would share one line search and one history among all of them.) It begins at a ridge regression from
pixels to codes, which the model carries, and ends with small steps.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import torch
from torch import Tensor

from core.latent.search import STEPS, SearchResult, search
from core.models import LatentModel, Posterior
from core.system.progress import Steps

CHUNK = 250
"""Images in one batch of a search: 1,000 at once are slower, their activations no longer fit the cache."""


def encode(model: LatentModel, images: Tensor, steps: int = STEPS) -> Posterior:
    """Where images [N, 1, 28, 28] in [0, 1] lie: the encoder's answer, or the search's where there is no encoder."""
    if model.encoder is not None:
        with torch.no_grad():
            return model.encode(images)
    return optimise_latents(model, images, steps=steps).posterior


def optimise_latents(model: LatentModel, images: Tensor, **how: Any) -> SearchResult:
    """Search to the end, chunk by chunk; the arguments are those of `search`."""
    return Steps(optimise_in_chunks(model, images, **how)).end()


def optimise_in_chunks(
    model: LatentModel, images: Tensor, *, visible: Tensor | None = None, code: Tensor | None = None, **how: Any
) -> Generator[float, None, SearchResult]:
    """`place` step by step: yields the part that is done, 0 to 1; returns the `Placed`."""
    found = []
    for first in range(0, max(1, len(images)), CHUNK):
        part = slice(first, first + CHUNK)
        walk = Steps(
            search(
                model,
                images[part],
                visible=None if visible is None else visible[part],
                code=None if code is None else code[part],
                **how,
            )
        )
        for look in walk:
            yield (first + look.step / look.total * len(images[part])) / max(1, len(images))
        found.append(walk.result)
    return concatenate(found)


def concatenate(parts: list[SearchResult]) -> SearchResult:
    """Chunks of images put together again; their seconds add up."""

    def cat(pick) -> Tensor:
        return torch.cat([pick(p) for p in parts])

    logvar = None if parts[0].posterior.logvar is None else cat(lambda p: p.posterior.logvar)
    return SearchResult(
        Posterior(cat(lambda p: p.posterior.mean), logvar),
        cat(lambda p: p.recon),
        cat(lambda p: p.prior),
        cat(lambda p: p.steps),
        sum(p.seconds for p in parts),
    )

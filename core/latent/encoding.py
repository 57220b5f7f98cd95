"""Posterior of images in the latent space: one pass of the encoder, or a search with the decoder frozen.

    result = optimise_latents(model, images)   # any family; with an encoder the search begins at its answer
    for step in search(model, images): ...     # the same search, step by step: can be watched and stopped

The search minimises each image's own training objective, −log p(x | z) + β · prior, by Adam over a batch of
independent problems. Adam works number by number, so no image's path depends on the other images of the batch; L-BFGS
over the stacked batch would share one line search and one history among all of them. The search begins at a ridge
regression from pixels to codes, which the model carries, and ends with small steps.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import torch
from torch import Tensor

from core.images import convert
from core.latent.search import STEPS, SearchResult, search
from core.models import LatentModel, Posterior
from core.system.progress import Steps

CHUNK = 250
"""Images in one batch of a search: with 1,000 the activations no longer fit the processor's cache."""


def encode(model: LatentModel, images: Tensor, steps: int = STEPS, labels: Tensor | None = None) -> Posterior:
    """Posterior of images [N, C, H, W] in [0, 1]: by the encoder, or by a search where there is none.

    Args:
        labels: classes of the images where they are known, int64 [N], for a conditional family.
    """
    if model.encoder is not None:
        with torch.no_grad():
            return model.encode(images) if labels is None else model.encode_as(images, labels)
    return optimise_latents(model, images, steps=steps).posterior


@torch.no_grad()
def posteriors(model: LatentModel, images: Tensor, chunk: int, labels: Tensor | None = None) -> Posterior:
    """Posteriors of uint8 images [N, C, H, W] on the model's device, `chunk` images at a time; `labels` as in
    `encode`."""
    if not len(images):
        nothing = model.latent_mean.new_zeros((0, model.latent_dim))
        return Posterior(nothing, model.style(nothing) if model.variational else None)
    parts = [
        encode(
            model, convert.scale_bytes(images[k : k + chunk]), labels=None if labels is None else labels[k : k + chunk]
        )
        for k in range(0, len(images), chunk)
    ]
    logvars = [part.logvar for part in parts if part.logvar is not None]
    return Posterior(torch.cat([part.mean for part in parts]), torch.cat(logvars) if logvars else None)


def means(model: LatentModel, images: Tensor, chunk: int, labels: Tensor | None = None) -> Tensor:
    """Posterior means μ [N, d] of uint8 images [N, C, H, W] on the model's device, `chunk` images at a time; `labels`
    as in `encode`."""
    return posteriors(model, images, chunk, labels).mean


def optimise_latents(model: LatentModel, images: Tensor, **options: Any) -> SearchResult:
    """Result of a complete search, chunk by chunk. Options: those of `search`."""
    return Steps(optimise_in_chunks(model, images, **options)).end()


def optimise_in_chunks(
    model: LatentModel, images: Tensor, *, visible: Tensor | None = None, code: Tensor | None = None, **options: Any
) -> Generator[float, None, SearchResult]:
    """`optimise_latents` step by step: yields the share that is done, 0 to 1; returns the result."""
    results = []
    for first in range(0, max(1, len(images)), CHUNK):
        part = slice(first, first + CHUNK)
        steps = Steps(
            search(
                model,
                images[part],
                visible=None if visible is None else visible[part],
                code=None if code is None else code[part],
                **options,
            )
        )
        for step in steps:
            yield (first + step.step / step.total * len(images[part])) / max(1, len(images))
        results.append(steps.end())
    return concatenate(results)


def concatenate(parts: list[SearchResult]) -> SearchResult:
    """The results of chunks of images as one; their seconds add up."""

    def cat(field: Callable[[SearchResult], Tensor]) -> Tensor:
        return torch.cat([field(part) for part in parts])

    logvars = [part.posterior.logvar for part in parts if part.posterior.logvar is not None]
    return SearchResult(
        Posterior(cat(lambda part: part.posterior.mean), torch.cat(logvars) if logvars else None),
        cat(lambda part: part.recon),
        cat(lambda part: part.prior),
        cat(lambda part: part.steps),
        sum(part.seconds for part in parts),
    )

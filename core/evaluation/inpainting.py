"""Reconstructing images of which a part is hidden, and how far off the hidden part is.

An encoder needs a whole image: the hole is filled first, with black or with the mean image. A search needs none: its
objective counts the visible pixels alone. `sweep` compares the two while more and more is hidden, which is the
experiment of the variational auto-decoder's paper (Zadeh et al. 2019, arXiv 1903.00840).

Images are `uint8` [N, 28, 28], masks `bool` of the same shape, True visible. Errors are squared, per pixel on [0, 1].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.images import masks
from core.images.convert import to_uint8
from core.latent.codec import image_tensor
from core.system.progress import Steps

if TYPE_CHECKING:
    from torch import Tensor

    from core.data import ImageSet
    from core.models import LatentModel

RATIOS = tuple(k / 10 for k in range(1, 10))
"""Shares of hidden pixels, as in the paper: 10 % … 90 %."""

FILLS = ("zeros", "mean")
"""What stands in the hole for an encoder: black, or the mean of the training images."""


def fill_image(name: str, images: ImageSet | None) -> np.ndarray:
    """The picture whose pixels stand in the hole, `uint8` [28, 28].

    Raises:
        ValueError: no such fill; without images there is no mean.
    """
    if name == "zeros":
        return np.zeros((28, 28), np.uint8)
    if name != "mean" or images is None:
        raise ValueError(
            f"A hole cannot be filled with '{name}'. The fills are {', '.join(FILLS)}; the mean needs the data set."
        )
    from core.data import statistics

    return to_uint8(statistics.measure(images).mean_image)


def fill_holes(images: np.ndarray, visible: np.ndarray, fill: np.ndarray) -> np.ndarray:
    """The images with `fill` [28, 28] in place of hidden pixels: what an encoder gets to see."""
    return np.where(visible, images, fill).astype(np.uint8)


def pixel_mse(pictures: np.ndarray | Tensor, images: np.ndarray) -> np.ndarray:
    """Mean squared error per pixel of each picture against its original, float64 [N]."""
    return _squared(pictures, images).mean((-2, -1))


def hidden_mse(pictures: np.ndarray | Tensor, images: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """The same over hidden pixels only, float64 [N]; NaN for an image of which nothing is hidden."""
    hidden = ~np.broadcast_to(np.asarray(visible, bool), np.shape(images))
    count = hidden.sum((-2, -1))
    total = np.where(hidden, _squared(pictures, images), 0.0).sum((-2, -1))
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def mask_tensor(visible: np.ndarray, n: int, model: LatentModel) -> Tensor:
    """A mask per image, bool [n, 1, 28, 28] on the model's device."""
    import torch

    wide = np.broadcast_to(np.asarray(visible, bool), (n, 28, 28))
    return torch.tensor(wide, device=model.latent_mean.device).unsqueeze(1)


@dataclass(frozen=True)
class SweepStep:
    """How far a sweep is: `part` from 0 to 1; where the share `p` has just been finished, the hidden-pixel error of
    each image [N] too."""

    part: float
    p: float
    errors: np.ndarray | None = None


def sweep_steps(
    model: LatentModel,
    images: np.ndarray,
    ratios: Sequence[float] = RATIOS,
    fill: np.ndarray | None = None,
    seed: int = 0,
    steps: int | None = None,
) -> Iterator[SweepStep]:
    """Hide more and more, and measure how far off the hidden pixels are; returns {p: error of each image [N]}.

    Each image loses pixels of its own, the same for every model, and at a larger share those of a smaller one too.
    Yields at least once a second, so that it can be watched and left.

    Args:
        images: `uint8` [N, 28, 28].
        ratios: shares to hide, each above 0 and below 1.
        fill: a picture `uint8` [28, 28] for the hole: the encoder answers in one pass. None: a search from the visible
            pixels alone (`search.search`), which every family can do; one with an encoder begins at its answer to
            the image with a black hole.
        seed: of the hidden pixels. steps: of the search (default `search.STEPS`).
    Raises:
        ValueError: a share out of range, or a fill for a family without an encoder.
    """
    if not all(0 < p < 1 for p in ratios):
        raise ValueError("Shares to hide lie above 0 and below 1.")
    if fill is not None and model.encoder is None:
        raise ValueError("A model without an encoder fills no holes: it searches from the visible pixels.")
    from core.latent import encoding, search

    found: dict[float, np.ndarray] = {}
    steps = search.STEPS if steps is None else steps
    parts = [slice(k, k + encoding.CHUNK) for k in range(0, len(images), encoding.CHUNK)]
    for number, p in enumerate(ratios):
        errors = []
        for k, part in enumerate(parts):
            visible = random_masks(p, len(images), seed)[part]
            begun = number + k / len(parts)
            for share, pictures in _completions(model, images[part], visible, fill, steps):
                if pictures is None:
                    yield SweepStep((begun + share / len(parts)) / len(ratios), p)
                else:
                    errors.append(hidden_mse(pictures, images[part], visible))
        found[p] = np.concatenate(errors) if errors else np.zeros(0)
        yield SweepStep((number + 1) / len(ratios), p, found[p])
    return found


def random_masks(p: float, n: int, seed: int) -> np.ndarray:
    """A mask for each of n images that hides the share p, `bool` [n, 28, 28]; nested in p."""
    return np.stack([masks.random(p, 100_003 * seed + i) for i in range(n)]) if n else np.ones((0, 28, 28), bool)


def sweep(
    model: LatentModel,
    images: np.ndarray,
    ratios: Sequence[float] = RATIOS,
    fill: np.ndarray | None = None,
    seed: int = 0,
    steps: int | None = None,
) -> dict[float, np.ndarray]:
    """`sweep` to its end, unwatched: {p: error of each image [N]}."""
    return {
        step.p: step.errors for step in sweep_steps(model, images, ratios, fill, seed, steps) if step.errors is not None
    }


def _completions(
    model: LatentModel, images: np.ndarray, visible: np.ndarray, fill: np.ndarray | None, steps: int
) -> Iterator[tuple[float, np.ndarray | None]]:
    """(share done, None) a few times, then (1, the model's pictures as floats [N, 28, 28])."""
    import torch

    from core.latent import encoding, search

    if fill is not None:
        posterior = encoding.encode(model, image_tensor(fill_holes(images, visible, fill), model))
    else:
        walk = Steps(
            search.search(
                model, image_tensor(images, model), visible=mask_tensor(visible, len(images), model), steps=steps
            )
        )
        for look in walk:
            yield look.step / look.total, None
        posterior = walk.result.posterior
    with torch.no_grad():
        yield 1.0, model.decode(posterior.mean)[:, 0].cpu().double().numpy()


def _squared(pictures: np.ndarray | Tensor, images: np.ndarray) -> np.ndarray:
    shown = np.asarray(pictures)
    shown = shown / 255.0 if shown.dtype == np.uint8 else shown.astype(np.float64)
    return (shown - np.asarray(images) / 255.0) ** 2

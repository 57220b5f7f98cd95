"""Reconstruction of images of which a part is hidden, and its error on the hidden pixels.

An encoder needs a whole image: the hole is filled first, with black or with the mean image. A search needs no filling:
its objective counts the visible pixels alone. `sweep` compares the two while more and more is hidden, the experiment of
Zadeh et al. 2019 (variational auto-decoder, arXiv 1903.00840).

Pictures are `uint8` [N, H, W] or [N, H, W, 3]; masks are `bool` [N, H, W], or [H, W] for all pictures, True where
visible. Errors are squared, per pixel on [0, 1].
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.images import convert, masks
from core.images.shape import GREY_28, ImageShape
from core.latent.codec import image_tensor
from core.system.progress import Steps

if TYPE_CHECKING:
    from torch import Tensor

    from core.data import ImageSet
    from core.models import LatentModel

RATIOS = tuple(k / 10 for k in range(1, 10))
"""Shares of hidden pixels in a sweep, as in the paper: 10 % to 90 %."""

FILLS = ("zeros", "mean")
"""Fillings of the hole for an encoder: black, or the mean of the training images."""


def fill_image(name: str, images: ImageSet | None, shape: ImageShape = GREY_28) -> np.ndarray:
    """Picture whose pixels fill the hole, `uint8` [H, W] or [H, W, 3].

    Args:
        shape: of the picture where there is no data set.
    Raises:
        ValueError: unknown fill, or the mean without a data set.
    """
    if name == "zeros":
        return np.zeros((shape if images is None else images.shape).picture, np.uint8)
    if name != "mean" or images is None:
        raise ValueError(
            f"A hole cannot be filled with '{name}'. The fills are {', '.join(FILLS)}; the mean needs the data set."
        )
    from core.data import statistics

    return convert.to_uint8(statistics.measure(images).mean_image)


def fill_holes(images: np.ndarray, visible: np.ndarray, fill: np.ndarray) -> np.ndarray:
    """The pictures with the pixels of `fill` in place of hidden ones: the input of an encoder."""
    return np.where(_for_values(visible, images), images, fill).astype(np.uint8)


def pixel_mse(pictures: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """Mean squared error per pixel (and channel) of each picture, float64 [N].

    Args:
        pictures: `uint8`, or floats in [0, 1], in the layout of pictures. originals: `uint8`, of the same shape.
    """
    squares = _squared_error(pictures, originals)
    return np.asarray(squares.reshape(len(squares), -1).mean(1))


def hidden_mse(pictures: np.ndarray, originals: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """`pixel_mse` over the hidden pixels only, float64 [N]; NaN for a picture without hidden pixels."""
    squares = _squared_error(pictures, originals)
    hidden = ~np.broadcast_to(_for_values(visible, originals), squares.shape).reshape(len(squares), -1)
    count = hidden.sum(1)
    total = np.where(hidden, squares.reshape(len(squares), -1), 0.0).sum(1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def mask_tensor(visible: np.ndarray, n: int, model: LatentModel) -> Tensor:
    """Mask of n images, bool [n, C, H, W] on the model's device."""
    import torch

    channels, height, width = model.shape.chw
    each = np.broadcast_to(np.asarray(visible, bool), (n, height, width))
    return torch.tensor(each, device=model.latent_mean.device).unsqueeze(1).repeat(1, channels, 1, 1)


@dataclass(frozen=True)
class SweepStep:
    """Progress of a sweep.

    Attributes:
        part: share of the sweep that is done, 0 to 1. p: share of hidden pixels that is being measured.
        errors: where `p` has just been finished, the hidden-pixel error of each image, [N].
    """

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
) -> Generator[SweepStep, None, dict[float, np.ndarray]]:
    """Measure the error on hidden pixels while more and more of them are hidden.

    Each image loses pixels of its own, the same for every model; at a larger share also those of a smaller one. Yields
    at least once a second, so that the sweep can be watched and stopped; returns {p: error of each image [N]}.

    Args:
        images: pictures. ratios: shares to hide, each above 0 and below 1.
        fill: picture that fills the hole: the encoder reconstructs in one pass. None: a search from the visible pixels
            alone (`search.search`), possible for every family; with an encoder the search begins at its answer to the
            image with a black hole.
        seed: of the hidden pixels. steps: of the search (default `search.STEPS`).
    Raises:
        ValueError: a share out of range, or a fill for a family without an encoder.
    """
    if not all(0 < p < 1 for p in ratios):
        raise ValueError("Shares to hide lie above 0 and below 1.")
    if fill is not None and model.encoder is None:
        raise ValueError("A model without an encoder takes no filled images: it searches from the visible pixels.")
    from core.latent import encoding, search

    errors_by_share: dict[float, np.ndarray] = {}
    steps = search.STEPS if steps is None else steps
    parts = [slice(k, k + encoding.CHUNK) for k in range(0, len(images), encoding.CHUNK)]
    for number, p in enumerate(ratios):
        errors = []
        for k, part in enumerate(parts):
            visible = random_masks(p, len(images), seed, model.shape)[part]
            begun = number + k / len(parts)
            for share, pictures in _completions(model, images[part], visible, fill, steps):
                if pictures is None:
                    yield SweepStep((begun + share / len(parts)) / len(ratios), p)
                else:
                    errors.append(hidden_mse(pictures, images[part], visible))
        errors_by_share[p] = np.concatenate(errors) if errors else np.zeros(0)
        yield SweepStep((number + 1) / len(ratios), p, errors_by_share[p])
    return errors_by_share


def interpolated(image: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """The picture with hidden pixels interpolated linearly between visible ones, floats in [0, 1] in its layout.

    Outside the triangles between visible pixels the nearest one counts. No model takes part: what a model completes
    should be better. Without a visible pixel the picture is black.
    """
    from scipy.interpolate import griddata
    from scipy.spatial import QhullError

    levels, seen = image / 255.0, np.asarray(visible, bool)
    if seen.all() or not seen.any():
        return np.where(_for_values(seen, image), levels, 0.0)
    points, wanted = np.argwhere(seen), np.argwhere(~seen)
    filled = griddata(points, levels[seen], wanted, method="nearest")
    try:
        linear = griddata(points, levels[seen], wanted, method="linear")
        filled = np.where(np.isnan(linear), filled, linear)
    except (QhullError, ValueError):  # fewer than three visible pixels, or all of them on one line
        pass
    result = levels.copy()
    result[~seen] = filled
    return np.asarray(result)


def baseline_steps(
    images: np.ndarray, ratios: Sequence[float] = RATIOS, seed: int = 0
) -> Generator[SweepStep, None, dict[float, np.ndarray]]:
    """`sweep_steps` of linear interpolation, with the same hidden pixels: what a model has to beat."""
    errors_by_share: dict[float, np.ndarray] = {}
    shape = ImageShape.of_picture(images.shape[1:]) if len(images) else GREY_28
    for number, p in enumerate(ratios):
        visible, errors = random_masks(p, len(images), seed, shape), []
        for k, (image, seen) in enumerate(zip(images, visible, strict=True)):
            errors.append(hidden_mse(interpolated(image, seen)[None], image[None], seen))
            yield SweepStep((number + (k + 1) / len(images)) / len(ratios), p)
        errors_by_share[p] = np.concatenate(errors) if errors else np.zeros(0)
        yield SweepStep((number + 1) / len(ratios), p, errors_by_share[p])
    return errors_by_share


def random_masks(p: float, n: int, seed: int, shape: ImageShape = GREY_28) -> np.ndarray:
    """A random mask for each of n images that hides the share p of its pixels, `bool` [n, H, W]; nested in p."""
    if not n:
        return np.ones((0, shape.height, shape.width), bool)
    return np.stack([masks.random(p, 100_003 * seed + i, shape) for i in range(n)])


def sweep(
    model: LatentModel,
    images: np.ndarray,
    ratios: Sequence[float] = RATIOS,
    fill: np.ndarray | None = None,
    seed: int = 0,
    steps: int | None = None,
) -> dict[float, np.ndarray]:
    """`sweep_steps` to the end: {p: error of each image [N]}."""
    return Steps(sweep_steps(model, images, ratios, fill, seed, steps)).end()


def _completions(
    model: LatentModel, images: np.ndarray, visible: np.ndarray, fill: np.ndarray | None, steps: int
) -> Iterator[tuple[float, np.ndarray | None]]:
    """(share done, None) at each step of a search, then (1, reconstructions as floats in the layout of pictures)."""
    import torch

    from core.latent import encoding
    from core.latent import search as latent_search

    if fill is not None:
        posterior = encoding.encode(model, image_tensor(fill_holes(images, visible, fill), model))
    else:
        mask = mask_tensor(visible, len(images), model)
        search = Steps(latent_search.search(model, image_tensor(images, model), visible=mask, steps=steps))
        for step in search:
            yield step.step / step.total, None
        posterior = search.end().posterior
    with torch.no_grad():
        yield 1.0, convert.channels_last(model.decode(posterior.mean)).astype(np.float64)


def _for_values(visible: np.ndarray, images: np.ndarray) -> np.ndarray:
    """A mask with an axis for the channels where the pictures are in colour."""
    visible = np.asarray(visible, bool)
    return visible[..., None] if convert.is_colour(np.asarray(images)) else visible


def _squared_error(pictures: np.ndarray, originals: np.ndarray) -> np.ndarray:
    levels = np.asarray(pictures)
    levels = levels / 255.0 if levels.dtype == np.uint8 else levels.astype(np.float64)
    return np.asarray((levels - np.asarray(originals) / 255.0) ** 2)

"""A GAN's generator beside the decoder it came from: the same z through both, and the real image nearest to each.

Pictures are `uint8` [N, 28, 28]; errors are squared, per pixel, on grey levels from 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.latent import codec, walks

if TYPE_CHECKING:
    from core.models.gan import GAN
    from core.runs import Run

BLOCK = 4_096
"""Real images whose distances are computed at once: 26 MB in double precision."""


@dataclass(frozen=True)
class BeforeAfterImages:
    """What the same latent vectors z [N, d] look like: `after` through the generator, `before` through the decoder it
    was copied from (None where there was none)."""

    z: np.ndarray
    before: np.ndarray | None
    after: np.ndarray


@dataclass(frozen=True)
class ReconstructionPair:
    """What became of reconstruction: images, and what the source's code of each decodes to, before and after.

    Attributes:
        before_mse, after_mse: squared error per pixel of each image, float64 [N].
    """

    images: np.ndarray
    before: np.ndarray
    after: np.ndarray
    before_mse: np.ndarray
    after_mse: np.ndarray


@dataclass(frozen=True)
class MetricChange:
    """One yardstick: `key` as in the run's evaluation; NaN where it was not measured."""

    key: str
    before: float
    after: float


METRICS = ("frechet", "modes", "balance", "sure", "sharpness", "diversity", "mse")


def decode_both(model: GAN, z: np.ndarray) -> BeforeAfterImages:
    """Decode z [N, d] through both."""
    source = model.before()
    before = None if source is None else codec.decode(source, z, chunk=64)
    return BeforeAfterImages(z, before, codec.decode(model, z, chunk=64))


def tour(z: np.ndarray, steps: int) -> np.ndarray:
    """A closed-up way through points z [N, d], from each along the arc to the next in `steps` steps: float32
    [(N − 1) · steps + 1, d]; row k · steps is exactly z[k]."""
    z = np.asarray(z, np.float32)
    legs = [walks.slerp(a, b, np.arange(steps) / steps) for a, b in zip(z[:-1], z[1:], strict=True)]
    way = np.concatenate([*legs, z[-1:]])
    way[::steps] = z
    return way


def nearest_images(pictures: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The image with the smallest squared distance in pixels to each picture; of several the first.

    Grey levels are whole numbers, so sums in double precision are exact.

    Returns:
        (indices into `images` int64 [N], squared error per pixel float64 [N]).
    """
    wanted = np.asarray(pictures).reshape(len(pictures), -1).astype(np.float64)
    own = (wanted**2).sum(1)
    index, least = np.zeros(len(wanted), np.int64), np.full(len(wanted), np.inf)
    for first in range(0, len(images), BLOCK):
        real = np.asarray(images[first : first + BLOCK]).reshape(-1, wanted.shape[1]).astype(np.float64)
        away = (real**2).sum(1)[:, None] - 2 * real @ wanted.T + own
        row = away.argmin(0)
        value = away[row, np.arange(len(wanted))]
        closer = value < least
        index[closer], least[closer] = first + row[closer], value[closer]
    return index, least / (wanted.shape[1] * 255.0**2)


def reconstruct_both(model: GAN, images: np.ndarray) -> ReconstructionPair | None:
    """Encode images with the source's encoder and decode μ by both; None where there is no encoder."""
    if model.encoder is None or model.origin is None:
        return None
    both = decode_both(model, codec.encode(model, images))
    return ReconstructionPair(images, both.before, both.after, _mse(both.before, images), _mse(both.after, images))


def metric_changes(run: Run) -> list[MetricChange]:
    """Every yardstick that was measured of this run, before and after training: on the test set where it has ended,
    else on the held-out images, at the start and at the best epoch so far."""
    return [figure for figure in _figures(run) if math.isfinite(figure.after)]


def _figures(run: Run) -> Iterator[MetricChange]:
    found = run.evaluation()
    if found is not None and "frechet" in found:
        before = found.get("before")
        for key in METRICS:
            yield MetricChange(
                key, _number(before.get(key) if isinstance(before, dict) else None), _number(found.get(key))
            )
        return
    table = run.history()
    measured = np.flatnonzero(np.isfinite(table["val_frechet"])) if "val_frechet" in table else ()
    if len(measured):
        first, best = measured[0], measured[np.argmin(table["val_frechet"][measured])]
        compared = run.recipe.generator == "decoder"  # the start of a generator from scratch is noise, no decoder
        for key in METRICS:
            column = table[f"val_{key}"]
            yield MetricChange(key, float(column[first]) if compared else math.nan, float(column[best]))


def _mse(pictures: np.ndarray, images: np.ndarray) -> np.ndarray:
    return ((pictures / 255.0 - images / 255.0) ** 2).reshape(len(images), -1).mean(1)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan

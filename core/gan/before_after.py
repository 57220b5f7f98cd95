"""Comparison of a GAN's generator with the decoder it started from: same z, nearest real images, sample quality.

Pictures are `uint8` [N, H, W] or [N, H, W, 3]; errors are squared, per pixel, on levels from 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.evaluation.inpainting import pixel_mse
from core.latent import codec, neighbours, walks
from core.runs.shown_weights import shown_evaluation, shown_weights

if TYPE_CHECKING:
    from core.models.gan import GAN
    from core.runs import Run


@dataclass(frozen=True)
class BeforeAfterImages:
    """Pictures of the same latent vectors z [N, d]: `before` from the source's decoder (None without a source), `after`
    from the generator."""

    z: np.ndarray
    before: np.ndarray | None
    after: np.ndarray


@dataclass(frozen=True)
class ReconstructionPair:
    """Reconstructions from the source encoder's code of each image, by the source's decoder and by the generator.

    Attributes:
        before_mse, after_mse: mean squared error per pixel of each image, float64 [N].
    """

    images: np.ndarray
    before: np.ndarray
    after: np.ndarray
    before_mse: np.ndarray
    after_mse: np.ndarray


@dataclass(frozen=True)
class MetricChange:
    """A sample-quality metric before and after training; NaN where it was not measured.

    Attributes:
        key: as in `METRICS`. real: of real training images, the value to strive for. control: of the decoder's samples
            with more contrast (`sample_quality.CONTRAST`), without any training.
        errors: standard errors of `before` and `after`, where they are known.
    """

    key: str
    before: float
    after: float
    real: float = math.nan
    control: float = math.nan
    errors: tuple[float, float] = (math.nan, math.nan)


METRICS = ("frechet", "kid", "precision", "recall", "sure", "modes", "balance", "sharpness", "mse")
"""Metrics by their key in a run's `evaluation.json`: those of `sample_quality.SampleMeasures` and `support.Support`,
and the MSE of reconstructions. The spread of the pixels is none of them: it measures contrast."""


def decode_both(model: GAN, z: np.ndarray) -> BeforeAfterImages:
    """Decode z [N, d] by the source's decoder and by the generator."""
    source = model.source_model()
    before = None if source is None else codec.decode(source, z, chunk=64)
    return BeforeAfterImages(z, before, codec.decode(model, z, chunk=64))


def tour(z: np.ndarray, steps: int) -> np.ndarray:
    """Path through the points z [N, d], by spherical interpolation with `steps` steps between neighbours.

    Returns:
        float32 [(N − 1) · steps + 1, d]; row k · steps is exactly z[k].
    """
    z = np.asarray(z, np.float32)
    legs = [walks.slerp(a, b, np.arange(steps) / steps) for a, b in zip(z[:-1], z[1:], strict=True)]
    path = np.concatenate([*legs, z[-1:]])
    path[::steps] = z
    return path


def clearest_first(model: GAN, z: np.ndarray, images: np.ndarray) -> np.ndarray:
    """The points z [N, d] in the same cycle, begun with the one whose generated picture is nearest to an image.

    A walk that begins with a picture of no class makes a poor first example.
    """
    _, errors = nearest_images(codec.decode(model, z, chunk=64), images)
    return np.roll(z, -int(errors.argmin()), axis=0)


def nearest_images(pictures: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The image with the smallest squared distance in pixels to each picture; of several the first.

    Returns:
        (indices into `images` int64 [N], mean squared error per pixel float64 [N]).
    """
    index, squares = neighbours.nearest(pictures, images)
    return index, squares / (math.prod(np.shape(pictures)[1:]) * 255.0**2)


def reconstruct_both(model: GAN, images: np.ndarray) -> ReconstructionPair | None:
    """Encode images with the source's encoder and decode μ by both decoders; None without an encoder."""
    if model.encoder is None:
        return None
    both = decode_both(model, codec.encode(model, images))
    if both.before is None:
        return None
    return ReconstructionPair(
        images, both.before, both.after, pixel_mse(both.before, images), pixel_mse(both.after, images)
    )


def metric_changes(run: Run) -> list[MetricChange]:
    """Metrics of a run before and after training that were measured.

    On the test set for a finished run; otherwise on the held-out images, at the start and at the best epoch so far (of
    an experiment's run at the end, since its last weights are shown).
    """
    return [change for change in _metric_changes(run) if math.isfinite(change.after)]


def _metric_changes(run: Run) -> Iterator[MetricChange]:
    evaluation, ended = shown_evaluation(run), shown_weights(run) == "last"
    if evaluation is not None and "frechet" in evaluation:
        sides = [
            part if isinstance(part := evaluation.get(name), dict) else {} for name in ("before", "real", "control")
        ]
        if not sides[1] and "floor" in evaluation:  # of an older lab, which measured nothing else of real images
            sides[1] = {"frechet": evaluation["floor"]}
        for key in METRICS:
            before, real, control = (_number(part.get(key)) for part in sides)
            errors = _number(sides[0].get(f"{key}_error")), _number(evaluation.get(f"{key}_error"))
            yield MetricChange(key, before, _number(evaluation.get(key)), real, control, errors)
        return
    table = run.history()
    if "val_frechet" not in table:
        return
    measured = np.flatnonzero(np.isfinite(table["val_frechet"]))
    if len(measured):
        first, best = measured[0], measured[np.argmin(table["val_frechet"][measured])]
        after = measured[-1] if ended else best
        compared = run.recipe.generator != "scratch"  # a generator from scratch starts as noise, not as a decoder
        for key in METRICS:
            column = table.get(f"val_{key}", np.full(len(table["val_frechet"]), math.nan))
            yield MetricChange(key, float(column[first]) if compared else math.nan, float(column[after]))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan

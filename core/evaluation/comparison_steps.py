"""Steps that the measures of a run share: posteriors, decoded latents, the distance of pictures; and where results lie.

Everything is kept in the cache under the digest of weights and images.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data import ImageSet
from core.evaluation.comparison_measures import Value
from core.latent import codec
from core.runs import Run
from core.runs.shown_weights import shown_weights
from core.runs.weights_digest import weights_digest
from core.system import cache
from core.system.progress import Steps

if TYPE_CHECKING:
    from core.evaluation.sample_quality import Judged, SampleQuality
    from core.models import LatentModel, Posterior

VERSION = "comparison 2"

KEPT = 200
"""Results of either kind in the cache, at most."""

SEED = 0
"""Of the noise that samples are drawn with: the same for every run."""

AT_ONCE = 250
"""Latent vectors that are decoded between two reports."""

FEW = "There are too few images for it."


def digest(run: Run, images: ImageSet, *more: str) -> str:
    """Digest of a run's shown weights, its recipe, its images and the classifier that judges them, and of `more`.

    Raises:
        RunError: the run has no weights.
    """
    from core.evaluation import classifier

    recipe = repr(sorted(run.recipe.to_dict().items()))
    judged = classifier.file_of(images).name  # changes whenever the images, their labels or the classifier do
    return cache.digest(VERSION, weights_digest(run, shown_weights(run)), recipe, judged, *more)


def scaled(steps: Generator[float, None, Any], low: float, high: float) -> Generator[float, None, Any]:
    """The steps of a part of the work as shares of the whole."""
    work = Steps(steps)
    for share in work:
        yield low + (high - low) * share
    return work.result


def posterior_steps(model: LatentModel, pictures: np.ndarray, labels: np.ndarray) -> Generator[float, None, Posterior]:
    """Posteriors of pictures, by the encoder or by a search. labels: their classes, which a conditional family is told
    as in its evaluation."""
    import torch

    from core.latent import encoding

    if model.encoder is None:
        result = yield from encoding.optimise_in_chunks(model, codec.image_tensor(pictures, model))
        return result.posterior
    from core.images import convert

    yield 0.0
    levels = convert.to_byte_tensor(pictures, model.latent_mean.device)
    return encoding.posteriors(model, levels, AT_ONCE, torch.from_numpy(np.array(labels, np.int64)).to(levels.device))


def quality_steps(images: ImageSet) -> Generator[float, None, SampleQuality]:
    """Sample quality against the test images; the classifier is trained first where it is not in the cache."""
    from core.evaluation import classifier, sample_quality

    if classifier.has_classes(images):
        yield from classifier.cached_steps(images)
    yield 1.0
    return sample_quality.for_dataset(images).with_reference(sample_quality.reference_of(images))


def decoded_steps(model: LatentModel, z: np.ndarray) -> Generator[float, None, np.ndarray]:
    """Pictures decoded from latent vectors [N, d]: yields the share that is done."""
    parts = []
    for first in range(0, len(z), AT_ONCE):
        parts.append(codec.decode(model, z[first : first + AT_ONCE], AT_ONCE))
        yield min(1.0, (first + AT_ONCE) / len(z))
    return np.concatenate(parts) if parts else codec.decode(model, z)[:0]


def add_frechet(key: str, judged: Judged, values: dict[str, Value], reasons: dict[str, str]) -> None:
    """Add the Fréchet distance of pictures, or why there is none."""
    if len(judged.images) < 2 or judged.quality.n < 2:
        reasons[key] = FEW
        return
    error = judged.frechet_error()
    values[key] = Value(judged.measure().frechet, error if math.isfinite(error) else None, len(judged.images))


def reasons_of(images: ImageSet) -> dict[str, str]:
    """Why measures do not apply to any run on these images, by their keys."""
    found: dict[str, str] = {}
    if not len(images.test_images):
        found |= dict.fromkeys(
            ("mse", "negative_elbo", "bound", "bits_per_dim", "encode_ms"), "There are no test images."
        )
    if not (images.train_labels >= 0).any():
        found |= dict.fromkeys(("modes", "probe", "neighbours"), "The images have no classes.")
    if images.factors is None:
        found |= dict.fromkeys(("mig", "dci"), "The factors of these images are not known.")
    return found


def plain(values: dict[str, Value]) -> dict[str, list[float | None]]:
    """Values as lists of numbers, for JSON."""
    return {key: [value.value, value.error, value.n] for key, value in values.items()}


def values_of(plain: dict[str, list[Any]]) -> dict[str, Value]:
    """The values that `plain` wrote."""
    return {
        key: Value(float(value), None if error is None else float(error), int(n))
        for key, (value, error, n) in plain.items()
    }

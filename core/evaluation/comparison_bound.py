"""Importance-weighted bound of a run for the comparison, with the number k of samples to choose.

    found = load(file_of(run, images, samples)) or Steps(steps(run, model, images, samples)).end()

The value in the table is the −ELBO of all test images less the mean gap of some: the −ELBO differs much more from image
to image than the gap does (a difference estimator).
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core import data
from core.data import ImageSet
from core.evaluation.comparison_measures import BOUND_IMAGES, BY_KEY, IMAGES, Value
from core.evaluation.comparison_steps import KEPT, SEED, digest, posterior_steps, scaled
from core.latent import codec
from core.runs import Run
from core.system import cache

if TYPE_CHECKING:
    from core.models import LatentModel

AT_ONCE = 8
"""Samples of z per image between two reports."""


@dataclass(frozen=True, eq=False)
class ImageBounds:
    """The bound of single test images, and how far it lies below their −ELBO, both from the same samples, in nats.

    Attributes:
        bound: [n]. gap: [n], at least 0.
    """

    bound: np.ndarray
    gap: np.ndarray

    def value(self, negative_elbo: Value) -> Value:
        """The bound of all test images, from their −ELBO."""
        known = negative_elbo.error is not None and len(self.gap) > 1
        own = float(self.gap.std(ddof=1)) / math.sqrt(len(self.gap)) if known else 0.0
        error = math.hypot(negative_elbo.error or 0.0, own) if known else None
        return Value(negative_elbo.value - float(self.gap.mean()), error, len(self.gap))


def applies(run: Run, images: ImageSet) -> bool:
    """Whether there is such a bound: the model has an ELBO, and there are test images."""
    return not BY_KEY["bound"].absent(run.recipe) and len(images.test_images) > 0


def file_of(run: Run, images: ImageSet, samples: int) -> Path:
    """Path of the cache file for the bound with that number of samples.

    Raises:
        RunError: the run has no weights.
    """
    return cache.file_of("compared_bounds", digest(run, images, str(samples)))


def steps(run: Run, model: LatentModel, images: ImageSet, samples: int) -> Generator[float, None, ImageBounds]:
    """Measure the bound on some test images, every class in proportion: yields the share that is done."""
    import torch

    from core.evaluation import metrics

    rows = data.spread(images.test_labels, min(IMAGES, len(images.test_images)))
    rows = rows[data.spread(images.test_labels[rows], min(BOUND_IMAGES, len(rows)))]
    pictures = images.test_images[rows]
    posterior = yield from scaled(posterior_steps(model, pictures, images.test_labels[rows]), 0.0, 0.2)
    generator = torch.Generator(model.latent_mean.device).manual_seed(SEED)
    x, weights = codec.image_tensor(pictures, model), []
    for done in range(0, samples, AT_ONCE):
        count = min(AT_ONCE, samples - done)
        weights.append(metrics.log_weights(model, x, posterior, count, generator).double())
        yield 0.2 + 0.8 * (done + count) / samples
    every = torch.cat(weights)
    bound = math.log(len(every)) - torch.logsumexp(every, 0)
    return ImageBounds(bound.cpu().numpy(), (-every.mean(0) - bound).clamp_min(0.0).cpu().numpy())


def save(path: Path, found: ImageBounds) -> bool:
    """Write bounds to a cache file; False where the cache folder cannot be written to."""
    return cache.save(path, {"bound": found.bound, "gap": found.gap}, {}, KEPT)


def load(path: Path) -> ImageBounds | None:
    """Bounds from a cache file; None if the file is missing or damaged."""
    entry = cache.load(path)
    try:
        found = None if entry is None else ImageBounds(entry[0]["bound"], entry[0]["gap"])
    except KeyError:
        return None
    return found if found is not None and found.bound.shape == found.gap.shape and len(found.gap) else None

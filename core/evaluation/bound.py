"""Importance-weighted bound on −log p(x) of a trained model, for every number k of samples up to a largest one.

With one sample the bound is the −ELBO; it falls with k towards −log p(x) (Burda, Grosse & Salakhutdinov 2016). How far
it falls is how much of the −ELBO is the posterior's fault and not the model's. Results are kept in the cache.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core import data
from core.data import ImageSet
from core.runs import Run, RunError
from core.runs.weights_digest import weights_digest
from core.system import cache

if TYPE_CHECKING:
    from core.models import LatentModel

VERSION = "bound 2"

LEVELS = (128, 1_000, 5_000)
"""Samples of z per image to choose from, the largest k of each."""

IMAGES = 200
"""Test images that are measured, of all classes in proportion."""

AT_ONCE = 8
"""Samples between two reports of progress."""

KEPT = 200
"""Results in the cache, at most."""


@dataclass(frozen=True)
class Bound:
    """The bound by the number of samples.

    Attributes:
        k: numbers of samples: powers of two, and last the number of all samples.
        values: bound in nats per image, the mean over the images, for each k. errors: its standard error over the
            images, NaN for a single one.
        images: number of images.
    """

    k: tuple[int, ...]
    values: tuple[float, ...]
    errors: tuple[float, ...]
    images: int


def by_samples(log_weights: NDArray[Any]) -> Bound:
    """The bound from log p(x, z) / q(z | x) at K samples of z for each image, [K, images].

    For each k the samples are taken in groups of k, as many as there are: all are used where k divides K.
    """
    weights = np.asarray(log_weights, float)
    samples, images = weights.shape
    numbers = [2**power for power in range(samples.bit_length()) if 2**power < samples] + [samples]
    values, errors = [], []
    for k in numbers:
        groups = weights[: samples // k * k].reshape(-1, k, images)
        each = -(np.logaddexp.reduce(groups, axis=1) - math.log(k)).mean(0)
        values.append(float(each.mean()))
        errors.append(float(each.std(ddof=1)) / math.sqrt(images) if images > 1 else math.nan)
    return Bound(tuple(numbers), tuple(values), tuple(errors), images)


def file_of(run: Run, samples: int) -> Path:
    """Path of the cache file for a run's current weights and that number of samples.

    Raises:
        RunError: the run has no weights.
    """
    recipe = repr(sorted(run.recipe.to_dict().items()))
    return cache.file_of("bounds", cache.digest(VERSION, weights_digest(run), recipe, str(samples)))


def best_known(run: Run) -> Bound | None:
    """The bound with the most samples that was measured of a run's current weights; None before that."""
    for samples in reversed(LEVELS):
        with contextlib.suppress(RunError):
            if (found := load(file_of(run, samples))) is not None:
                return found
    return None


def measure_steps(model: LatentModel, images: ImageSet, samples: int) -> Generator[float, None, Bound]:
    """Measure the bound on test images with `samples` draws of z each: yields the share that is done."""
    import torch

    from core.evaluation import metrics
    from core.images import convert
    from core.latent import encoding

    device = model.latent_mean.device
    generator = torch.Generator(device).manual_seed(0)
    rows = data.spread(images.test_labels, min(IMAGES, len(images.test_images)))
    x = convert.scale_bytes(convert.to_byte_tensor(images.test_images[rows], device))
    posterior, found = encoding.encode(model, x, labels=torch.from_numpy(images.test_labels[rows]).to(device)), []
    for done in range(0, samples, AT_ONCE):
        yield done / samples
        count = min(AT_ONCE, samples - done)
        found.append(metrics.log_weights(model, x, posterior, count, generator).cpu().double())
    return by_samples(torch.cat(found).numpy())


def save(path: Path, bound: Bound) -> bool:
    """Write a bound to a cache file; False where the cache folder cannot be written to."""
    arrays = {name: np.array(getattr(bound, name)) for name in ("k", "values", "errors")}
    return cache.save(path, arrays, {"images": bound.images}, KEPT)


def load(path: Path) -> Bound | None:
    """The bound in a cache file; None if the file is missing or damaged."""
    if (entry := cache.load(path)) is None:
        return None
    arrays, facts = entry
    try:
        k, values, errors = (arrays[name].tolist() for name in ("k", "values", "errors"))
        whole = len(k) == len(values) == len(errors) > 0
        return Bound(tuple(map(int, k)), tuple(values), tuple(errors), int(facts["images"])) if whole else None
    except (KeyError, TypeError, ValueError):
        return None

"""Importance-weighted bound on −log p(x) of a trained model, for every number k of samples up to a largest one.

With one sample the bound is the −ELBO; it falls with k towards −log p(x) (Burda, Grosse & Salakhutdinov 2016). How far
it falls is how much of the −ELBO is the posterior's fault and not the model's. Results are kept in the cache.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core import data
from core.data import ImageSet
from core.runs import Run
from core.runs.weights_digest import weights_digest
from core.system import cache
from core.system.content_digest import content_digest

if TYPE_CHECKING:
    from core.models import LatentModel

VERSION = "bound 1"

SAMPLES = 128
"""Samples of z per image, the largest k."""

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
        k: numbers of samples, powers of two. values: bound in nats per image, the mean over the images, for each k.
        images: number of images.
    """

    k: tuple[int, ...]
    values: tuple[float, ...]
    images: int


def by_samples(log_weights: NDArray[Any]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The numbers k and the bound for each, in nats, from log p(x, z) / q(z | x) at samples of z, [K, images].

    For each k the samples are taken in K / k groups, so that all are used: the bound for a larger k is never higher.
    """
    k, values, grouped = 1, [], np.asarray(log_weights, float)
    numbers = []
    while True:
        numbers.append(k)
        values.append(float(-grouped.mean()))
        if len(grouped) % 2:
            return tuple(numbers), tuple(values)
        grouped = np.logaddexp(grouped[::2], grouped[1::2]) - np.log(2.0)  # the mean of two groups of k weights
        k *= 2


def file_of(run: Run, images: ImageSet) -> Path:
    """Path of the cache file for a run's current weights and its test images.

    Raises:
        RunError: the run has no weights.
    """
    recipe = repr(sorted(run.recipe.to_dict().items()))
    measured = content_digest(images.test_images)  # pages ask at every tick
    return cache.file_of("bounds", cache.digest(VERSION, weights_digest(run), recipe, measured))


def measure_steps(model: LatentModel, images: ImageSet) -> Generator[float, None, Bound]:
    """Measure the bound on test images: yields the share that is done."""
    import torch

    from core.evaluation import metrics
    from core.images import convert
    from core.latent import encoding

    device = model.latent_mean.device
    generator = torch.Generator(device).manual_seed(0)
    rows = data.spread(images.test_labels, min(IMAGES, len(images.test_images)))
    x = convert.scale_bytes(convert.to_byte_tensor(images.test_images[rows], device))
    posterior, found = encoding.encode(model, x, labels=torch.from_numpy(images.test_labels[rows]).to(device)), []
    for done in range(0, SAMPLES, AT_ONCE):
        yield done / SAMPLES
        found.append(metrics.log_weights(model, x, posterior, AT_ONCE, generator).cpu().double())
    return Bound(*by_samples(torch.cat(found).numpy()), len(rows))


def save(path: Path, bound: Bound) -> bool:
    """Write a bound to a cache file; False where the cache folder cannot be written to."""
    arrays = {"k": np.array(bound.k), "values": np.array(bound.values)}
    return cache.save(path, arrays, {"images": bound.images}, KEPT)


def load(path: Path) -> Bound | None:
    """The bound in a cache file; None if the file is missing or damaged."""
    if (entry := cache.load(path)) is None:
        return None
    arrays, facts = entry
    try:
        k, values = arrays["k"].astype(int).tolist(), arrays["values"].astype(float).tolist()
        return Bound(tuple(k), tuple(values), int(facts["images"])) if len(k) == len(values) > 0 else None
    except (KeyError, TypeError, ValueError):
        return None

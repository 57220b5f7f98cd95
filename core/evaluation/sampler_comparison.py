"""The same decoder with different samplers: Fréchet distance of samples from its prior, from distributions fitted to
its latents, and from its learned priors, beside what decoding the true latents reaches.

The sampler moves the distance more than the model does (Ghosh et al. 2020). The last row is the floor: no distribution
of latents can be better than that of the training images themselves. Results are kept in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.data import DataError, ImageSet
from core.evaluation import classifier as classifiers
from core.evaluation import holes, sample_quality
from core.evaluation.sample_quality import SampleQuality
from core.latent import aggregated, codec
from core.priors import samplers, store
from core.priors.kinds import KINDS
from core.runs import Run, RunError
from core.runs.shown_weights import shown_weights
from core.runs.weights_digest import weights_digest
from core.system import cache
from core.system.content_digest import content_digest
from core.system.progress import Steps

if TYPE_CHECKING:
    from core.models import LatentModel

VERSION = "samplers 4"

SAMPLES = 10_000
"""Images drawn from each sampler."""

SHOWN = 24
"""Samples of each that are kept as pictures."""

LATENTS = "latents"
"""Key of the floor: latents of training images, the means of their posteriors."""

AT_ONCE = 1_000
"""Images decoded between two reports."""

FIRST = 0.15
"""Share of the work that the classifier takes where it must be trained first, about."""

KEPT = 100
"""Comparisons in the cache, at most."""


@dataclass(frozen=True, eq=False)
class SamplerMeasures:
    """Measures of the samples of one sampler.

    Attributes:
        frechet: squared Fréchet distance to the test images. kid, kid_error: kernel distance to them with its standard
            error (`kid`). precision, recall: as in `support`.
        holes: share of the samples that lie in holes (`holes`). reached: share of the training latents that lie where
            the sampler draws. Both NaN with more than two latent dimensions.
        pictures: the first samples, uint8 [SHOWN, H, W] or [SHOWN, H, W, 3].
    """

    frechet: float
    kid: float
    kid_error: float
    precision: float
    recall: float
    holes: float
    reached: float
    pictures: np.ndarray


NUMBERS = ("frechet", "kid", "kid_error", "precision", "recall", "holes", "reached")
"""The measures of a sampler that are numbers, in the order in which they are kept."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Samplers of one run, by key, in the order of `samplers.SAMPLERS`; at the end the floor, `LATENTS`.

    Attributes:
        samples: of each sampler. reference: number of test images that they are compared with.
        yardstick: the features of the distance, in words. real: the distance of training images, the value of a
            perfect generator.
    """

    rows: dict[str, SamplerMeasures]
    samples: int
    reference: int
    yardstick: str
    real: float

    @property
    def learned(self) -> list[str]:
        """Keys of the learned priors."""
        return [key for key in self.rows if key in KINDS]


def file_of(run: Run, images: ImageSet, samples: int = SAMPLES) -> Path:
    """Path of the cache file for a run's current weights, its learned priors and its images.

    Raises:
        RunError: the run has no weights.
    """
    recipe = repr(sorted(run.recipe.to_dict().items()))
    files = [store.file_of(run, kind) for kind in store.usable(run)]
    priors = repr([(file.name, cache.digest(file.read_bytes())) for file in files])
    measured = content_digest(images.test_images)
    weights = weights_digest(run, shown_weights(run))
    return cache.file_of("samplers", cache.digest(VERSION, weights, recipe, priors, measured, str(samples)))


def compare_steps(
    run: Run, model: LatentModel, images: ImageSet, samples: int = SAMPLES, seed: int = 0
) -> Generator[float, None, Comparison]:
    """Measure each sampler of a run: yields the share that is done.

    Args:
        model: the run's model with the weights that pages show.
    """
    yield 0.0
    judge = None
    if classifiers.has_classes(images):
        for share in (steps := Steps(classifiers.cached_steps(images))):
            yield FIRST * share
        judge = steps.result
    quality = sample_quality.for_dataset(images, judge)
    reference = images.test_images if len(images.test_images) else images.train_images
    reference = reference[codec.evenly(len(reference), sample_quality.REFERENCE_IMAGES)]
    quality = quality.with_reference(reference)
    real = images.train_images[codec.evenly(len(images.train_images), samples)]
    floor = quality.measure(real).frechet
    _, posterior = codec.training_posteriors(
        model, run.recipe, images, lambda trained: codec.evenly(len(trained), samples)
    )
    logvar = posterior.logvar
    sigma = None if logvar is None else np.exp(0.5 * logvar.cpu().numpy())
    latents = posterior.mean.cpu().numpy()
    drawn = aggregated.draws(posterior.style.cpu().numpy(), sigma, seed)
    density = holes.density_of(drawn) if model.style_dim == 2 and len(drawn) > 1 else None
    keys = [*samplers.offered(run, model), LATENTS]
    rows = {}
    for number, key in enumerate(keys):
        yield FIRST + (1 - FIRST) * number / len(keys)
        z = latents if key == LATENTS else _drawn(run, model, key, samples, seed)
        if z is None:
            continue
        parts = []
        for first in range(0, len(z), AT_ONCE):
            parts.append(codec.decode(model, z[first : first + AT_ONCE]))
            yield FIRST + (1 - FIRST) * (number + 0.3 + 0.5 * first / len(z)) / len(keys)
        reached = math.nan if density is None else holes.share_reached(model.style(z), drawn)
        inside = math.nan if density is None else density.share_in_holes(model.style(z))
        rows[key] = _measured(np.concatenate(parts), quality, inside, reached)
    return Comparison(rows, samples, len(reference), quality.name, floor)


def _drawn(run: Run, model: LatentModel, key: str, samples: int, seed: int) -> np.ndarray | None:
    """Samples of one sampler; None where it cannot be had after all, such as a damaged prior."""
    try:
        return samplers.for_run(run, model, key, shown_weights(run)).draw(samples, seed)
    except (RunError, DataError):
        return None


def _measured(pictures: np.ndarray, quality: SampleQuality, inside: float, reached: float) -> SamplerMeasures:
    judged = quality.judged(pictures)
    support, kernel, frechet = judged.support(), judged.kid(), judged.measure().frechet
    numbers = frechet, kernel.value, kernel.error, support.precision, support.recall, inside, reached
    return SamplerMeasures(*numbers, pictures[:SHOWN])


def save(path: Path, found: Comparison) -> bool:
    """Write a comparison to a cache file; False where the cache folder cannot be written to."""
    arrays = {f"pictures_{key}": row.pictures for key, row in found.rows.items()}
    arrays["numbers"] = np.array([[getattr(row, name) for name in NUMBERS] for row in found.rows.values()])
    facts = {
        "keys": list(found.rows),
        "samples": found.samples,
        "reference": found.reference,
        "yardstick": found.yardstick,
        "real": found.real,
    }
    return cache.save(path, arrays, facts, KEPT)


def load(path: Path) -> Comparison | None:
    """The comparison in a cache file; None if the file is missing or damaged."""
    if (entry := cache.load(path)) is None:
        return None
    arrays, facts = entry
    try:
        numbers = arrays["numbers"].astype(float).tolist()
        rows = {
            str(key): SamplerMeasures(**dict(zip(NUMBERS, row, strict=True)), pictures=arrays[f"pictures_{key}"])
            for key, row in zip(facts["keys"], numbers, strict=True)
        }
        return Comparison(
            rows, int(facts["samples"]), int(facts["reference"]), str(facts["yardstick"]), float(facts["real"])
        )
    except (KeyError, TypeError, ValueError):
        return None

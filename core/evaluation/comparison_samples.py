"""Samples of a run for the comparison, drawn from one of its samplers and measured against the test images.

samples = load(file_of(run, images, source)) or Steps(steps(run, model, images, source)).end()
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.data import ImageSet
from core.evaluation.comparison import number
from core.evaluation.comparison_measures import Value
from core.evaluation.comparison_steps import (
    FEW,
    KEPT,
    SEED,
    add_frechet,
    decoded_steps,
    digest,
    plain,
    quality_steps,
    reasons_of,
    scaled,
    values_of,
)
from core.latent import mixture
from core.priors import samplers as learned
from core.priors import store
from core.priors.kinds import KINDS
from core.runs import Run
from core.runs.shown_weights import shown_weights
from core.system import cache

if TYPE_CHECKING:
    from core.models import LatentModel

VERSION = "samples 2"
"""Part of the name of kept samples: change it when they are measured by more or otherwise."""

SHOWN_SAMPLES = 16
"""Samples that are kept: the first of those that are measured."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Measures of samples of a model.

    Attributes:
        pictures: the first samples, uint8. values, reasons: as of `comparison.Entry`.
        real: the Fréchet distance of as many real training images; None where it cannot be computed.
        classes: number of classes of the set, 0 without. features: of the distance, in words.
    """

    pictures: np.ndarray
    values: dict[str, Value]
    reasons: dict[str, str]
    real: float | None
    classes: int
    features: str


def file_of(run: Run, images: ImageSet, source: str) -> Path:
    """Path of the cache file for samples drawn from `source`, one of `samplers`.

    Raises:
        RunError: the run has no weights.
    """
    version = _learned(store.file_of(run, KINDS[source])) if source in KINDS else ""
    return cache.file_of("compared_samples", digest(run, images, source, version, VERSION))


def _learned(path: Path) -> str:
    """What changes when a prior is learned anew: the time of its file, empty where there is none."""
    try:
        return str(path.stat().st_mtime_ns)
    except OSError:
        return ""


def samplers(run: Run) -> dict[str, str]:
    """Distributions that the latents of a run's samples can be drawn from, with their names, its usual one first: those
    of `core.priors.samplers.offered`, told from the recipe without loading the model."""
    recipe = run.recipe
    source = recipe.latent_family
    learned_ones = {kind.key: kind.sampler for kind in store.usable(run)}
    if recipe.family.codes:
        return mixture.RANDOM_CODES | learned_ones
    usual = "prior" if source is None or source.prior else "gaussian"
    fitted = not recipe.family.adversarial or recipe.has_encoder
    found = {name: words for name, words in mixture.SAMPLERS.items() if fitted or name != "mixture"}
    return {usual: found[usual]} | found | learned_ones


def sampler_of(run: Run, asked: str = "") -> str | None:
    """The sampler of a run: the one asked for, None where it has none of that name, or without a question its usual
    one."""
    offered = samplers(run)
    return next(iter(offered)) if not asked else asked if asked in offered else None


def steps(run: Run, model: LatentModel, images: ImageSet, source: str) -> Generator[float, None, Samples]:
    """Draw samples from one of `samplers` and measure them against test images: yields the share that is done.

    Raises:
        DataError: a mixture is to be fitted, and the images are missing. RunError: the run has no such sampler.
    """
    from core.evaluation import sample_quality

    count = sample_quality.FINAL_SAMPLES
    quality = yield from scaled(quality_steps(images), 0.0, 0.3)
    z = learned.for_run(run, model, source, shown_weights(run)).draw(count, SEED)
    yield 0.35
    pictures = yield from scaled(decoded_steps(model, z), 0.35, 0.9)
    values, reasons = dict[str, Value](), reasons_of(images)
    judged = quality.judged(pictures)
    add_frechet("frechet", judged, values, reasons)
    distance = judged.kid()
    if math.isfinite(distance.value):
        values["kid"] = Value(distance.value, distance.error, len(pictures))
    else:
        reasons["kid"] = FEW
    if quality.classifier is None:
        reasons.setdefault("modes", FEW)
    else:
        values["modes"] = Value(judged.measure().modes, None, count)
    real = sample_quality.real_distance(images, quality, count)
    return Samples(
        pictures[:SHOWN_SAMPLES],
        values,
        reasons,
        real if math.isfinite(real) else None,
        int((quality.shares > 0).sum()),
        quality.name,
    )


def save(path: Path, found: Samples) -> bool:
    """Write samples to a cache file; False where the cache folder cannot be written to."""
    facts = {
        "values": plain(found.values),
        "reasons": found.reasons,
        "real": found.real,
        "classes": found.classes,
        "features": found.features,
    }
    return cache.save(path, {"pictures": found.pictures}, facts, KEPT)


def load(path: Path) -> Samples | None:
    """Samples from a cache file; None if the file is missing or damaged."""
    if (found := cache.load(path)) is None:
        return None
    arrays, facts = found
    try:
        reasons = {str(key): str(text) for key, text in facts["reasons"].items()}
        rest = number(facts["real"]), int(facts["classes"]), str(facts["features"])
        return Samples(arrays["pictures"], values_of(facts["values"]), reasons, *rest)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None

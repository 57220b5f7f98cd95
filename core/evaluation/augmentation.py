"""Does generated data help? A classifier trained on few real images per class, with and without generated ones.

For each number of real images per class and each seed, the lab's small classifier is trained twice: on the real images
alone, and with as many generated ones beside them in every batch. Both trainings begin with the same weights and see
the same real images in the same order, so that they differ in the generated images alone; both are measured on the same
test images.

The classes of generated images: a conditional family is asked for a class, which is the label. Any other family
generates images without one; the classifier trained on the real images alone labels them, and those of which it is sure
are used (self-training; Lee 2013). Either way the generating model has seen all of its training images, and a
conditional one their labels as well: what is measured is what it can hand on, not what few images alone could teach.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import numpy as np

from core import data
from core.data import ImageSet
from core.latent import codec
from core.priors import samplers
from core.runs import Run
from core.runs.shown_weights import shown_weights
from core.runs.weights_digest import weights_digest
from core.system import cache
from core.system.progress import Steps

if TYPE_CHECKING:
    from core.evaluation.classifier import Classifier
    from core.models import LatentModel

NUMBERS = (10, 30, 100, 300, 1_000)
"""Real images per class."""

SEEDS = 5
"""Trainings of each kind for each number: other real images, weights and order each time."""

PER_CLASS = 500
"""Generated images for each class, on average, before those are left out that nobody is sure of."""

BATCH, STEPS = 64, 300
"""Real images in a batch, and as many generated ones beside them; batches of a training."""

TESTED = 5_000
"""Test images, at most."""

SURE = 0.9
"""Probability of its class from which on a generated image is used, where the classifier labels it."""

ERRORS = 2.0
"""Standard errors of the paired difference from which on it is said to be one."""

GENERATING = 0.05
"""Share of the work after which the images are generated, and the classifiers begin."""

VERSION, KEPT = "augmentation 1", 60

KINDS = ("real", "both", "used")
"""Arrays of a point in the cache file."""

ASKED, SELF_TRAINED = "asked", "self-trained"
"""Where the labels of generated images come from."""


@dataclass(frozen=True)
class Point:
    """Accuracies on the test images for one number of real images per class, one of each seed.

    Attributes:
        n: real images per class. real, both: without and with generated images, 0 to 1. used: share of the generated
            images that were used.
    """

    n: int
    real: tuple[float, ...]
    both: tuple[float, ...]
    used: tuple[float, ...]

    @property
    def gain(self) -> float:
        """Mean difference that the generated images make."""
        return mean(b - a for a, b in zip(self.real, self.both, strict=True))

    @property
    def error(self) -> float:
        """Standard error of the gain over the seeds; NaN for one seed."""
        differences = [b - a for a, b in zip(self.real, self.both, strict=True)]
        return stdev(differences) / math.sqrt(len(differences)) if len(differences) > 1 else math.nan

    @property
    def verdict(self) -> int:
        """1 where the generated images help beyond the noise, -1 where they harm, 0 where neither is sure."""
        return 0 if not abs(self.gain) > ERRORS * self.error else 1 if self.gain > 0 else -1


@dataclass(frozen=True)
class Augmentation:
    """The curve so far.

    Attributes:
        points: by rising n. numbers: all n that there will be. labels: `ASKED` or `SELF_TRAINED`.
        generated: number of generated images. tested: number of test images. seen: number of images that the generating
            model was trained on.
    """

    points: tuple[Point, ...]
    numbers: tuple[int, ...]
    labels: str
    generated: int
    tested: int
    seen: int

    @property
    def complete(self) -> bool:
        """Whether all points are there."""
        return len(self.points) == len(self.numbers)


def numbers_of(images: ImageSet) -> tuple[int, ...]:
    """The numbers of real images per class that a set has; empty where it has no two classes with enough of them, or no
    test images with a class."""
    labels = images.train_labels[images.train_labels >= 0]
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    if len(counts) < 2 or not (images.test_labels >= 0).any():
        return ()
    return tuple(n for n in NUMBERS if n <= counts.min())


def file_of(run: Run, images: ImageSet, source: str) -> Path:
    """Path of the cache file for a run's shown weights, its images and the sampler of its latents.

    Raises:
        RunError: the run has no weights.
    """
    from core.evaluation import classifier

    recipe = repr(sorted(run.recipe.to_dict().items()))
    judged = classifier.file_of(images).name  # changes with the images and the classifier's network
    weights = weights_digest(run, shown_weights(run))
    return cache.file_of("augmentation", cache.digest(VERSION, weights, recipe, judged, source))


def augmentation_steps(
    run: Run, model: LatentModel, images: ImageSet, source: str, before: Augmentation | None = None
) -> Generator[tuple[float, Augmentation | None], None, Augmentation]:
    """Measure the curve: yields the share that is done, and the curve so far where a point was added.

    Args:
        source: sampler of the latents, as of `comparison_samples.samplers`. before: the curve as far as it was measured
            before; its points are not measured again.
    Raises:
        ValueError: the set has no classes (`numbers_of`).
    """
    numbers = numbers_of(images)
    if not numbers:
        raise ValueError("the images have no two classes with enough of them")
    generated, asked = generate(run, model, images, source)
    yield GENERATING, None
    labelled = np.flatnonzero(images.test_labels >= 0)
    test = labelled[codec.evenly(len(labelled), TESTED)]
    seen = len(data.split(images, run.recipe.validation, run.recipe.train_images)[0])
    labels = ASKED if asked is not None else SELF_TRAINED
    points = () if before is None or before.numbers != numbers else before.points
    found = Augmentation(points, numbers, labels, len(generated), len(test), seen)
    pairs = SEEDS * len(numbers)
    for place, n in enumerate(numbers):
        if place < len(points):
            continue
        results = []
        for seed in range(SEEDS):
            pair = Steps(_pair_steps(images, n, seed, generated, asked, test))
            for share in pair:
                yield GENERATING + (1 - GENERATING) * (SEEDS * place + seed + share) / pairs, None
            results.append(pair.end())
        found = replace(found, points=(*found.points, Point(n, *(tuple(part) for part in zip(*results, strict=True)))))
        yield min(1.0, GENERATING + (1 - GENERATING) * SEEDS * (place + 1) / pairs), found
    return found


def generate(run: Run, model: LatentModel, images: ImageSet, source: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Generated pictures uint8 [N, ...], and the classes int64 [N] that they were asked for; None where the family
    cannot be asked."""
    count = PER_CLASS * len(np.unique(images.train_labels[images.train_labels >= 0]))
    z = samplers.for_run(run, model, source, shown_weights(run)).draw(count, seed=1)
    weights = z[:, model.style_dim :]  # of the classes, of a conditional family
    asked = weights.argmax(1).astype(np.int64) if weights.shape[1] else None
    return codec.decode(model, z), asked


def _pair_steps(
    images: ImageSet, n: int, seed: int, generated: np.ndarray, asked: np.ndarray | None, test: np.ndarray
) -> Generator[float, None, tuple[float, float, float]]:
    """Both trainings of one seed: yields the share that is done; returns the accuracy without and with generated
    images, and the share of them that was used."""
    rows = chosen(images.train_labels, n, seed)
    real, labels = np.asarray(images.train_images[rows]), images.train_labels[rows]
    alone = yield from _half(_fit_steps(images, real, labels, seed), 0.0)
    known, sure = asked, np.ones(len(generated), bool)
    if known is None:
        told = alone.probabilities(generated)
        known, sure = told.argmax(1), told.max(1) >= SURE
    both = alone
    if sure.any():
        more = generated[sure], known[sure]
        both = yield from _half(_fit_steps(images, real, labels, seed, *more), 0.5)
    return _accuracy(alone, images, test), _accuracy(both, images, test), float(sure.mean())


def _half(work: Generator[float, None, Any], begin: float) -> Generator[float, None, Any]:
    """The steps of one of two trainings as shares of both."""
    steps = Steps(work)
    for share in steps:
        yield begin + 0.5 * share
    return steps.end()


def chosen(labels: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Rows of n images of each class, `int64`, drawn by the seed; a larger n holds the images of a smaller one."""
    rows = np.random.default_rng(seed).permutation(len(labels))
    return np.concatenate([rows[labels[rows] == label][:n] for label in np.unique(labels[labels >= 0])])


def _fit_steps(
    images: ImageSet,
    real: np.ndarray,
    labels: np.ndarray,
    seed: int,
    generated: np.ndarray | None = None,
    known: np.ndarray | None = None,
) -> Generator[float, None, Classifier]:
    """Train a classifier on real images, and on generated ones beside them: yields the share that is done."""
    import torch

    from core.evaluation import classifier

    draws, others = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = classifier.network_of(images.shape, len(images.classes))

    def batches() -> Iterator[tuple[np.ndarray, torch.Tensor]]:
        for _ in range(STEPS):
            rows = draws.integers(0, len(real), BATCH)  # the same with and without generated images
            pictures, classes = real[rows], labels[rows]
            if generated is not None and known is not None:
                more = others.integers(0, len(generated), BATCH)
                pictures = np.concatenate([pictures, generated[more]])
                classes = np.concatenate([classes, known[more]])
            yield pictures, torch.from_numpy(np.asarray(classes, np.int64))

    for done in classifier.fit_steps(network, batches(), STEPS):
        if done % 20 == 0:
            yield done / STEPS
    return classifier.Classifier(network, images.shape, math.nan, 0)


def _accuracy(judge: Classifier, images: ImageSet, test: np.ndarray) -> float:
    predicted = judge.probabilities(images.test_images[test]).argmax(1)
    return float((predicted == images.test_labels[test]).mean())


def finding(found: Augmentation) -> str:
    """What the curve shows, in one sentence; empty before its first point."""
    if not found.points:
        return ""
    parts: list[str] = []
    for verdict, verb, moves in ((1, "help", "falls"), (-1, "harm", "rises")):
        these = [point for point in found.points if point.verdict == verdict]
        if these:
            most = max(these, key=lambda point: abs(point.gain))
            begin = "they" if parts else "Generated images"
            each = "" if parts else " real images per class"
            where = f", most with {most.n:,}" if len(these) > 1 else ""
            before, after = (_percent(1 - mean(part)) for part in (most.real, most.both))
            parts.append(
                f"{begin} {verb} with {_listed(these)}{each}{where}: the error {moves} from {before} to {after}"
            )
    unsure = [point for point in found.points if point.verdict == 0]
    if not parts:
        return "Generated images make no difference here beyond the noise of the seeds."
    rest = f"; with {_listed(unsure)} there is no difference beyond the noise" if unsure else ""
    return f"{'; '.join(parts)}{rest}."


def _listed(points: Sequence[Point]) -> str:
    names = [f"{point.n:,}" for point in points]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def save(path: Path, found: Augmentation) -> bool:
    """Write a curve to a cache file; False where the cache folder cannot be written to."""
    arrays = {f"{kind}_{point.n}": np.array(getattr(point, kind)) for point in found.points for kind in KINDS}
    facts = {name: getattr(found, name) for name in ("numbers", "labels", "generated", "tested", "seen")}
    return cache.save(path, arrays, facts | {"done": [point.n for point in found.points]}, KEPT)


def load(path: Path) -> Augmentation | None:
    """A curve from a cache file, which may hold a part of its points; None if the file is missing or damaged."""
    if (entry := cache.load(path)) is None:
        return None
    arrays, facts = entry
    try:
        points = [Point(int(n), *(tuple(arrays[f"{kind}_{n}"].tolist()) for kind in KINDS)) for n in facts["done"]]
        counts = (int(facts[name]) for name in ("generated", "tested", "seen"))
        return Augmentation(tuple(points), tuple(map(int, facts["numbers"])), str(facts["labels"]), *counts)
    except (KeyError, TypeError, ValueError):
        return None

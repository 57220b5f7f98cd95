"""Evaluation of a trained run on the test set: the figures in its `evaluation.json`."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.data import ImageSet
from core.evaluation import classifier, disentanglement, metrics, sample_quality
from core.models import GAN, LatentModel


def evaluation_steps(
    model: LatentModel,
    images: ImageSet,
    limit: int = metrics.SEARCHED_TEST_IMAGES,
    weights: Mapping[str, float] | None = None,
    folder: Path | None = None,
    renew: bool = False,
) -> Generator[float, None, dict[str, Any]]:
    """Evaluate a model on the test images of its data set: yields the share that is done; returns the figures.

    A GAN is measured by its samples (`sample_quality`), all others by their loss terms (`metrics`) and, where the
    factors of the images are known, by their `disentanglement`.

    Args:
        limit: test images for a family without an encoder, each of which needs a search.
        weights: as in `metrics.evaluation_steps`.
        folder: of the run. The classifier that its generated images were measured with is kept there, so that the
            figures can be computed again wherever the folder is taken. renew: judge by the classifier of the cache, as
            the rounds of a training do, even if the folder has one.
    """
    if isinstance(model, GAN):
        kept = None if folder is None or renew else classifier.load(folder / classifier.FILE, len(images.classes))
        found = yield from sample_quality.evaluation_steps(model, images, judge=kept)
        judge = sample_quality.for_dataset(images, kept).classifier
        if folder is not None and kept is None and judge is not None:
            classifier.save(judge, folder / classifier.FILE)
        return found
    rows, means = metrics.test_rows(model, images, limit), list[np.ndarray]()
    test = images.test_images[rows]
    labels = images.test_labels[rows]
    found = yield from metrics.evaluation_steps(model, test, weights=weights, means=means, labels=labels)
    if images.factors is None or not len(rows):
        return found
    codes, values = np.concatenate(means), images.factors.test[rows]
    about = images.factors.about
    return found | (yield from disentanglement.measure_steps(codes, values, about, labels))

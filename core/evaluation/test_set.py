"""Evaluation of a trained run on the test set: the figures in its `evaluation.json`."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from core.data import ImageSet
from core.evaluation import metrics, sample_quality
from core.models import GAN, LatentModel


def evaluation_steps(
    model: LatentModel,
    images: ImageSet,
    limit: int = metrics.SEARCHED_TEST_IMAGES,
    weights: Mapping[str, float] | None = None,
) -> Generator[float, None, dict[str, Any]]:
    """Evaluate a model on the test images of its data set: yields the share that is done; returns the figures.

    A GAN is measured by its samples (`sample_quality`), all others by their loss terms (`metrics`).

    Args:
        limit: test images for a family without an encoder, each of which needs a search.
        weights: as in `metrics.evaluation_steps`.
    """
    if isinstance(model, GAN):
        return (yield from sample_quality.evaluation_steps(model, images))
    return (yield from metrics.evaluation_steps(model, metrics.test_images(model, images, limit), weights=weights))

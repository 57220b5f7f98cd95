"""Classes that a recipe leaves out of its images, by name. Needs numpy only where images are at hand."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.data.image_set import ImageSet


def names(text: str) -> tuple[str, ...]:
    """Names of classes in a text, separated by commas, each once, in their order."""
    return tuple(dict.fromkeys(part for part in (part.strip() for part in text.split(",")) if part))


def refusal(left_out: tuple[str, ...], classes: tuple[str, ...], title: str) -> str:
    """Why these classes cannot be left out, in sentences with the remedy; empty if they can.

    Args:
        classes: of the data set; empty where they are known only after reading. title: of the data set.
    """
    if not classes:
        return ""
    if unknown := [name for name in left_out if name not in classes]:
        return f"{title} has no class '{unknown[0]}'. Its classes are {', '.join(classes)}."
    if len(left_out) == len(classes):
        return f"all {len(classes)} classes of {title} are left out. Keep at least one."
    return ""


@lru_cache(maxsize=4)
def without(images: ImageSet, left_out: tuple[str, ...]) -> ImageSet:
    """The set without the images of these classes; the same object for the same set.

    Classes keep their numbers. The test images of the classes that are left out are in `ImageSet.left_out`. Images
    without a class stay. A name that is no class leaves nothing out.

    Raises:
        DataError: there is no room on the disk for images that stay there.
    """
    import numpy as np

    from core.data import import_cache
    from core.data.image_set import LabelledImages

    numbers = [place for place, name in enumerate(images.classes) if name in left_out]
    if not numbers:
        return images
    train, test = (~np.isin(labels, numbers) for labels in (images.train_labels, images.test_labels))
    place = np.cumsum(train) - 1
    rows = np.flatnonzero(np.concatenate([train, test]))
    factors = images.factors and images.factors.take(*np.split(rows, [train.sum()]))

    def chosen(pictures: np.ndarray, which: np.ndarray) -> np.ndarray:
        return import_cache.gathered([pictures], np.flatnonzero(which))

    return replace(
        images,
        train_images=chosen(images.train_images, train),
        train_labels=images.train_labels[train],
        test_images=chosen(images.test_images, test),
        test_labels=images.test_labels[test],
        held_out=place[images.held_out[train[images.held_out]]],
        left_out=LabelledImages(chosen(images.test_images, ~test), images.test_labels[~test]),
        factors=factors,
    )

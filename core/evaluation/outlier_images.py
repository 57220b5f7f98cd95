"""Mixed set of images for outlier detection: test images that a model should know, and several kinds of outliers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core import data
from core.data import DataError, ImageSet
from core.recipes.recipe import Recipe
from core.system.content_digest import frozen

KINDS = {
    "validation": "images held out of training; only these determine the threshold",
    "test": "test images of the same data set, never seen in training: they should not stand out",
    "left-out": "test images of the classes that the run was trained without",
    "other": "images of another data set",
    "inverted": "the test images with black and white swapped",
    "shuffled": "the test images with their pixels in a random order: the same grey levels without any shape",
    "noise": "every pixel a random grey level",
}
"""Kinds of images in an outlier set, in this order, with a description."""

OUTLIERS = ("left-out", "other", "inverted", "shuffled", "noise")
"""Kinds that count as outliers."""

MIN_VALIDATION = 250
"""Validation images of an outlier set, at least (where the run has as many): they determine the threshold."""


@dataclass(frozen=True, eq=False)
class OutlierSet:
    """Images of several kinds. The arrays are read-only.

    Attributes:
        images: pictures `uint8` [N, H, W] or [N, H, W, 3].
        kind: index into `KINDS`, [N].
        number: index of the image, or of the image it was made from, in its data set, [N]; for validation images in the
            training set, for left-out ones among the left-out test images.
        label: class of validation, test and left-out images, [N]; -1 for all others and where there are no classes.
        other: name of the other data set, or "".
    """

    images: np.ndarray
    kind: np.ndarray
    number: np.ndarray
    label: np.ndarray
    other: str

    def of(self, kind: str) -> np.ndarray:
        """Indices of the images of a kind, [n]."""
        return np.flatnonzero(self.kind == list(KINDS).index(kind))

    @property
    def outliers(self) -> tuple[str, ...]:
        """The kinds of outliers in this set."""
        return tuple(kind for kind in OUTLIERS if len(self.of(kind)))


@lru_cache(maxsize=4)
def build(images: ImageSet, recipe: Recipe, other: ImageSet | None, n: int, seed: int = 0) -> OutlierSet:
    """n images of each kind, fewer where a data set has fewer; the same set for the same arguments.

    Test images, and those of the other data set, hold every class in proportion. Validation images are those that the
    recipe holds out of training; of a set of fewer than five images that is one that was trained on.

    Raises:
        DataError: the data set is too small to have test images, all validation images have gone missing, or the other
            set has images of another shape.
    """
    if not len(images.test_images):
        raise DataError(
            "This data set is too small to have test images. Add pictures to the folder, or choose a run "
            "on another data set."
        )
    if other is not None and other.shape != images.shape:
        raise DataError(
            f"The images of '{other.name}' are {other.shape} and those of '{images.name}' {images.shape}: outliers "
            "must have the same shape. Choose another data set."
        )
    trained, held = data.split(images, recipe.validation, recipe.train_images)
    if not len(trained) or not len(held):
        part = "validation" if len(trained) else "training"
        raise DataError(
            f"None of this run's {part} images is there any more, and the scores need some. Put them back, or choose "
            "another run."
        )
    held = held[np.linspace(0, len(held) - 1, min(len(held), max(n, MIN_VALIDATION))).astype(int)]
    picks = data.spread(images.test_labels, min(n, len(images.test_images)))
    known, rng = images.test_images[picks], np.random.default_rng(seed)
    parts: list[tuple[str, np.ndarray, np.ndarray, np.ndarray | None]] = [
        ("validation", images.train_images[held], held, images.train_labels[held]),
        ("test", known, picks, images.test_labels[picks]),
    ]
    if images.left_out is not None and len(images.left_out.images):
        left_out = images.left_out
        rows = data.spread(left_out.labels, min(n, len(left_out.images)))
        parts.append(("left-out", left_out.images[rows], rows, left_out.labels[rows]))
    if other is not None and len(other.test_images):
        rows = data.spread(other.test_labels, min(n, len(other.test_images)))
        parts.append(("other", other.test_images[rows], rows, None))
    parts += [
        ("inverted", 255 - known, picks, None),
        ("shuffled", _shuffled(known, rng), picks, None),
        ("noise", rng.integers(0, 256, known.shape, dtype=np.uint8), np.arange(len(picks)), None),
    ]
    order = list(KINDS)
    return OutlierSet(
        frozen(np.concatenate([part for _, part, _, _ in parts])),
        frozen(np.concatenate([np.full(len(part), order.index(kind)) for kind, part, _, _ in parts])),
        frozen(np.concatenate([number for _, _, number, _ in parts])),
        frozen(np.concatenate([np.full(len(part), -1) if label is None else label for _, part, _, label in parts])),
        other.name if other is not None and len(other.test_images) else "",
    )


def _shuffled(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pictures with their pixels in a random order, each in an order of its own; a pixel keeps its colour."""
    count, pixels = len(images), images.shape[1] * images.shape[2]
    order = rng.permuted(np.broadcast_to(np.arange(pixels), (count, pixels)), axis=1)
    flat = images.reshape(count, pixels, -1)
    return np.take_along_axis(flat, order[:, :, None], axis=1).reshape(images.shape)


def other_sets(recipe: Recipe) -> list[str]:
    """Other data sets on this machine with images of the same shape; the one most unlike the run's own first."""
    ready = data.status()
    sets = [
        name
        for name, source in data.SOURCES.items()
        if not source.pictures and name != recipe.dataset and ready[name].ready and not source.refusal(recipe.shape)
    ]
    # Clothes among digits, digits among clothes: other digits among digits would hardly be outliers.
    own = data.SOURCES[recipe.dataset].classes
    last = {name for name in sets if own and data.SOURCES[name].classes == own}
    favourite = "mnist" if recipe.dataset == "fashion-mnist" else "fashion-mnist"
    return sorted(sets, key=lambda name: (name != favourite, name in last))


def by_choice(name: str, recipe: Recipe) -> bool:
    """Whether a set is compared with only where a visitor chooses it: its images usually have another shape than those
    of the recipe."""
    return data.SOURCES[name].shape != recipe.shape

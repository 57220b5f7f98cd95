"""A mixed bag: images a model should know beside images it should not, to see whether its scores tell them apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core import data
from core.data import DataError, ImageSet
from core.images.convert import SIDE
from core.recipes.recipe import Recipe

KINDS = {
    "validation": "held out of training; the threshold is taken from them and from nothing else",
    "test": "images of the same set that were never seen: they should not stand out",
    "other": "images of another data set",
    "inverted": "the test images with black and white swapped",
    "shuffled": "the test images with their pixels in a random order: the same grey levels, no shape",
    "noise": "every pixel a random grey level",
}
"""What is in a bag, in this order, and what it is."""

OUTLIERS = ("other", "inverted", "shuffled", "noise")


@dataclass(frozen=True, eq=False)
class OutlierSet:
    """Images of several kinds.

    Attributes:
        images: `uint8` [N, 28, 28].
        kind: [N], an index into `KINDS`.
        number: [N], of the image in its set that this one is or was made from (validation: in the training set).
        label: [N], class of validation and test images; -1 for all others and where there are no classes.
        other: name of the other set, or "" for none.
    """

    images: np.ndarray
    kind: np.ndarray
    number: np.ndarray
    label: np.ndarray
    other: str

    def of(self, kind: str) -> np.ndarray:
        """Which images are of that kind: indices [n]."""
        return np.flatnonzero(self.kind == list(KINDS).index(kind))

    @property
    def outliers(self) -> tuple[str, ...]:
        """The kinds of outliers that are in it."""
        return tuple(kind for kind in OUTLIERS if len(self.of(kind)))


def build(images: ImageSet, recipe: Recipe, other: ImageSet | None, n: int, seed: int = 0) -> OutlierSet:
    """n images of each kind, fewer where a set has fewer; the same for the same arguments.

    Test images, and those of the other set, hold every class in proportion. Validation images are those that the
    recipe holds out; of a set of fewer than five images that is one that was trained on.

    Raises:
        DataError: the set is too small to have test images.
    """
    if not len(images.test_images):
        raise DataError(
            "This data set is too small to have test images. Add pictures to the folder, or choose a run "
            "on another set."
        )
    _, held = data.split(images, recipe.validation, recipe.train_images)
    held = held[np.linspace(0, len(held) - 1, min(len(held), max(n, 250))).astype(int)]
    picks = data.spread(images.test_labels, min(n, len(images.test_images)))
    known, rng = images.test_images[picks], np.random.default_rng(seed)
    parts = [
        ("validation", images.train_images[held], held, images.train_labels[held]),
        ("test", known, picks, images.test_labels[picks]),
    ]
    if other is not None and len(other.test_images):
        strange = data.spread(other.test_labels, min(n, len(other.test_images)))
        parts.append(("other", other.test_images[strange], strange, None))
    parts += [
        ("inverted", 255 - known, picks, None),
        ("shuffled", rng.permuted(known.reshape(len(known), -1), axis=1).reshape(known.shape), picks, None),
        ("noise", rng.integers(0, 256, (len(picks), SIDE, SIDE), dtype=np.uint8), np.arange(len(picks)), None),
    ]
    order = list(KINDS)
    return OutlierSet(
        np.concatenate([part for _, part, _, _ in parts]),
        np.concatenate([np.full(len(part), order.index(kind)) for kind, part, _, _ in parts]),
        np.concatenate([number for _, _, number, _ in parts]),
        np.concatenate([np.full(len(part), -1) if label is None else label for _, part, _, label in parts]),
        other.name if other is not None and len(other.test_images) else "",
    )


def other_sets(recipe: Recipe) -> list[str]:
    """The other data sets on this machine with the run's image shape; the one most unlike its own comes first."""
    ready = data.status()
    there = [
        name
        for name, source in data.SOURCES.items()
        if name not in ("folder", recipe.dataset) and ready[name].ready and not source.refusal(recipe.shape)
    ]
    # Clothes among digits, digits among clothes: small digits among digits would hardly be outliers.
    last = {"digits": ("mnist",), "mnist": ("digits",)}.get(recipe.dataset, ())
    favourite = "mnist" if recipe.dataset == "fashion-mnist" else "fashion-mnist"
    return sorted(there, key=lambda name: (name != favourite, name in last))

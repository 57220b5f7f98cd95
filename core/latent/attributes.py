"""Attributes of images: two groups of them, by class, by a factor of variation or chosen one by one, between whose mean
latents a direction leads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from core import data
from core.latent import codec

if TYPE_CHECKING:
    from core.data import ImageSet
    from core.data.factors import Factor
    from core.models.base import LatentModel
    from core.recipes.recipe import Recipe

OTHERS = -1
"""In place of a class or value: all images of another one than the other group's."""

MOST_IMAGES = 24
"""Images that a visitor's own group holds, at most."""

LEAST_MEMBERS = 2
"""Images that a group holds at least."""


@dataclass(frozen=True)
class Attribute:
    """Two groups of images, from A to B.

    Attributes:
        kind: `class`, `factor` or `images`. factor: number of the factor in `ImageSet.factors`.
        a, b: the classes, or values of the factor; `a` may be `OTHERS`. An ordinal factor needs none: A is its lowest
            third of values, B its highest.
        images_a, images_b: numbers of the test images of groups that were chosen one by one.
    """

    kind: Literal["class", "factor", "images"]
    a: int = OTHERS
    b: int = OTHERS
    factor: int = 0
    images_a: tuple[int, ...] = ()
    images_b: tuple[int, ...] = ()

    def text(self) -> str:
        """Its text in an address, which `parse` reads."""
        if self.kind == "images":
            return "g" + "-".join(".".join(map(str, group)) for group in (self.images_a, self.images_b))
        values = "" if self.a == self.b == OTHERS else f"{'' if self.a == OTHERS else self.a}-{self.b}"
        return f"c{values}" if self.kind == "class" else f"f{self.factor}{'-' + values if values else ''}"


def parse(text: str, images: ImageSet) -> Attribute | None:
    """The attribute that `Attribute.text` wrote; None where the text is none, or the set has no such images."""
    kind, parts = text[:1], text[1:].split("-")
    if any(part and not (part.isascii() and part.replace(".", "").isdigit()) or len(part) > 200 for part in parts):
        return None
    try:
        if kind == "g" and len(parts) == 2:
            a, b = (tuple(int(number) for number in part.split(".")) for part in parts)
            found = Attribute("images", images_a=a, images_b=b)
        elif kind == "c" and len(parts) == 2:
            found = Attribute("class", int(parts[0] or OTHERS), int(parts[1]))
        elif kind == "f" and len(parts) == 3:
            found = Attribute("factor", int(parts[1] or OTHERS), int(parts[2]), int(parts[0]))
        elif kind == "f" and len(parts) == 1:
            found = Attribute("factor", factor=int(parts[0]))
        else:
            return None
    except ValueError:
        return None
    return found if exists(found, images) else None


def exists(attribute: Attribute, images: ImageSet) -> bool:
    """Whether the set has the classes, values or images of an attribute."""
    if attribute.kind == "images":
        groups, count = (attribute.images_a, attribute.images_b), len(images.test_images)
        return all(0 < len(group) <= MOST_IMAGES and max(group) < count for group in groups)
    if attribute.kind == "class":
        number = len(images.classes)
    else:
        about = () if images.factors is None else images.factors.about
        if not 0 <= attribute.factor < len(about):
            return False
        factor = about[attribute.factor]
        if factor.kind == "ordinal":
            return attribute.a == attribute.b == OTHERS
        number = len(factor.known)
    return attribute.a != attribute.b and OTHERS <= attribute.a < number and 0 <= attribute.b < number


def members(attribute: Attribute, factor: Factor | None, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which images belong to A and to B: bool [N] each. Not for groups that were chosen one by one.

    Of a circular factor, the values within a sixth of the circle to either side count as well, where they are not
    nearer to the other group.

    Args:
        factor: of an attribute of that kind. values: classes or values of the factor, int64 [N]; −1 for none. An image
            whose class or value is not known belongs to neither.
    """
    values = np.asarray(values)
    if factor is not None:
        values = np.where(values < len(factor.known), values, -1)
    if factor is not None and factor.kind == "ordinal":
        count = len(factor.values)
        return (values >= 0) & (values < count / 3), values > count - 1 - count / 3
    if factor is not None and factor.kind == "circular" and attribute.a != OTHERS:
        from_a, from_b = (_around(values, middle, len(factor.values)) for middle in (attribute.a, attribute.b))
        near, known = len(factor.values) / 6, values >= 0
        return known & (from_a <= near) & (from_a < from_b), known & (from_b <= near) & (from_b < from_a)
    b = values == attribute.b
    return (values >= 0) & ~b if attribute.a == OTHERS else values == attribute.a, b


def _around(values: np.ndarray, middle: int, count: int) -> np.ndarray:
    """Distance on a circle of `count` values."""
    away = np.abs(values - middle) % count
    return np.asarray(np.minimum(away, count - away))


@dataclass(frozen=True, eq=False)
class Labelled:
    """Latent means of images [N, d] without class weights, in units of z; their classes [N]; values of the F factors
    [N, F], or None."""

    z: np.ndarray
    labels: np.ndarray
    values: np.ndarray | None

    def take(self, rows: np.ndarray) -> Labelled:
        """Some of the images."""
        return Labelled(self.z[rows], self.labels[rows], None if self.values is None else self.values[rows])

    def groups(self, attribute: Attribute, about: tuple[Factor, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Latents of the groups A and B, [n, d] and [m, d]. about: the factors of the set."""
        by_factor = attribute.kind == "factor" and self.values is not None
        values = self.values[:, attribute.factor] if by_factor and self.values is not None else self.labels
        a, b = members(attribute, about[attribute.factor] if by_factor else None, values)
        return self.z[a], self.z[b]


@dataclass(frozen=True, eq=False)
class Known:
    """Latents with what is known of their images: `fit`, from which directions are computed; `check`, on which they are
    measured; `unseen`: whether the latter are test images rather than training images kept apart."""

    fit: Labelled
    check: Labelled
    unseen: bool


def known_latents(model: LatentModel, recipe: Recipe, images: ImageSet, limit: int) -> Known:
    """Latents of at most `limit` training images and as many test images.

    Where the latent of a test image would have to be searched for, the training images' rows of the latent table are
    halved instead: every second one is kept apart.
    """
    index, z = codec.training_latents(model, recipe, images, limit)
    factors = images.factors
    fit = Labelled(model.style(z), images.train_labels[index], None if factors is None else factors.train[index])
    if model.encoder is None:
        every = np.arange(len(index))
        return Known(fit.take(every[::2]), fit.take(every[1::2]), False)
    rows = data.spread(images.test_labels, min(limit, len(images.test_images)))
    z = codec.encode(model, images.test_images[rows], labels=images.test_labels[rows])
    check = Labelled(model.style(z), images.test_labels[rows], None if factors is None else factors.test[rows])
    return Known(fit, check, True)

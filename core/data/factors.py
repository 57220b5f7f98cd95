"""Factors of variation: the known causes of the images of a generated set, or the attributes of photos, by which a
latent space can be judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

NOT_KNOWN = "not known"
"""Name of the last value of a factor that is not known for every image."""


@dataclass(frozen=True)
class Factor:
    """One factor of variation, whose values are numbered from 0.

    Attributes:
        name: of the factor. kind: `categorical` (no order), `ordinal` (ordered) or `circular` (the first value follows
            the last).
        values: name of each value. symbol: unit of the values as it stands behind a number, such as `°`.
        repeats: for each class of the set, the number of values after which an image of that class looks the same
            again; empty where no two values look alike.
    """

    name: str
    kind: Literal["categorical", "ordinal", "circular"]
    values: tuple[str, ...]
    symbol: str = ""
    repeats: tuple[int, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """Names of the values without `NOT_KNOWN`."""
        return self.values[:-1] if self.values[-1:] == (NOT_KNOWN,) else self.values


@dataclass(frozen=True, eq=False)
class Factors:
    """The factors of all images of a set.

    Attributes:
        about: the F factors. train, test: number of each factor's value, whole numbers [N, F], rows as the images of
            the set. sheet: one image varied in a single factor, for each factor: pictures `uint8` [K, …], K ≤ its
            number of values. The values shown are evenly spread. Empty for photos, which cannot be varied.
    """

    about: tuple[Factor, ...]
    train: np.ndarray
    test: np.ndarray
    sheet: tuple[np.ndarray, ...]

    def __post_init__(self) -> None:
        for array in (self.train, self.test, *self.sheet):
            array.flags.writeable = False

    def take(self, train: np.ndarray, test: np.ndarray) -> Factors:
        """Factors of some of the images. Both index arrays count the training images first, then the test images."""
        both = np.concatenate([self.train, self.test])
        return replace(self, train=both[train], test=both[test])

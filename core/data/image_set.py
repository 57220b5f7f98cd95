"""Images and labels of one data set, train and test, as read-only uint8 arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


class DataError(Exception):
    """Images that cannot be had: one sentence on what is wrong and what to do."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """A whole data set. The arrays are shared by everybody in this process and cannot be written to.

    Attributes:
        train_images, test_images: `uint8` [N, 28, 28], 0 black to 255 white.
        train_labels, test_labels: `int64` [N], an index into `classes`, or -1 for an image without a class.
        skipped: (file, reason) of files in a user's folder that could not be used.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            array.flags.writeable = False


def spread(labels: np.ndarray, count: int) -> np.ndarray:
    """`count` indices that hold every class in proportion, drawn once and for all (sorted `int64`)."""
    shuffled = np.random.RandomState(0).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    # The middles of `count` equal stretches of the images sorted by class.
    picks = ((np.arange(count) + 0.5) * len(labels) / max(1, count)).astype(np.int64)
    return np.sort(by_class[picks])

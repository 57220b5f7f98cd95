"""Images and labels of one data set, train and test, as read-only uint8 arrays of one image shape."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.data.factors import Factors
from core.images.convert import shape_of
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape


class DataError(Exception):
    """A data set that cannot be loaded: one sentence on what is wrong and what to do."""


@dataclass(frozen=True, eq=False)
class Origin:
    """Where the images of a set stood in the set that a run was trained on (`fingerprint.arrange`).

    Attributes:
        rows: place of each training image among the training images of then, increasing, `int64` [N].
        train: number of training images then. held_out: as `ImageSet.held_out`, but places among the images of then.
    """

    rows: np.ndarray
    train: int
    held_out: np.ndarray

    @property
    def missing_train(self) -> int:
        """Number of training images (validation images included) that are not there any more."""
        return self.train - len(self.rows)


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Pictures `uint8` [N, H, W] or [N, H, W, 3], and their labels `int64` [N]. Both are read-only."""

    images: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.images, self.labels):
            array.flags.writeable = False


@dataclass(frozen=True, eq=False)
class ImageSet:
    """A whole data set in memory. The arrays are shared within the process and read-only.

    Attributes:
        train_images, test_images: pictures, `uint8` [N, H, W] or [N, H, W, 3], 0 black to 255 white.
        train_labels, test_labels: `int64` [N], an index into `classes`, or -1 for an image without a class.
        skipped: (file, reason) of files in a user's folder that could not be used.
        notes: how a user's folder was read, sentences.
        pixels: the pixel choices that were made for it.
        held_out: indices of the training images that its makers put aside for validation, `int64`.
        changed: what has changed since the run that the set was loaded for was trained, one sentence; else empty.
        origin: places of the training images in that run, where they are not the same.
        left_out: test images of the classes that a recipe leaves out (`leaving_out.without`); None where it leaves out
            none. Their labels are indices into the same `classes`.
        factors: the factors of variation of a generated set or the attributes of photos, by which disentanglement is
            measured; None where none are known.
        ordered: False where nothing tells in which order that run had them, so that no row of its latent table can be
            given to an image.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    pixels: PixelChoices = PixelChoices()
    held_out: np.ndarray = field(default_factory=lambda: np.array([], np.int64))
    changed: str = ""
    origin: Origin | None = None
    ordered: bool = True
    left_out: LabelledImages | None = None
    factors: Factors | None = None

    def __post_init__(self) -> None:
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels, self.held_out):
            array.flags.writeable = False

    @property
    def shape(self) -> ImageShape:
        """Channels, height and width of every image."""
        return shape_of(self.train_images)


def spread(labels: np.ndarray, count: int) -> np.ndarray:
    """`count` indices with every class in proportion, always the same for the same labels (sorted `int64`)."""
    shuffled = np.random.RandomState(0).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    # The middles of `count` equal stretches of the images sorted by class.
    picks = ((np.arange(count) + 0.5) * len(labels) / max(1, count)).astype(np.int64)
    return np.sort(by_class[picks])

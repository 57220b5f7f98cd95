"""Statistics of a data set: class counts, mean images, and two reference values of the binary cross-entropy.

A model that does not beat the mean image has learned nothing, and no Bernoulli model can score below the floor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from core.data.image_set import ImageSet
from core.data.registry import SOURCES
from core.images.framing import WHOLE, Framing
from core.images.shape import ImageShape


@dataclass(frozen=True)
class DatasetStatistics:
    """Statistics of a data set. Pixels are on a scale from 0 (black) to 1 (white).

    Attributes:
        mean_pixel: mean over all training images, pixels and channels. channel_means: the same of each channel, [1] for
            grey and [3] for colour. channel_deviations: standard deviation of each channel over images and pixels.
        mean_image: of the training images, float [H, W] or [H, W, 3]. class_means: the same per class, [classes, H, W]
            or [classes, H, W, 3], 0 for a class without training images.
        train_counts, test_counts: images per class [classes]. unlabelled: train and test images without a class.
        bce_floor: least nats per test image of any Bernoulli decoder, since grey pixels have entropy.
        bce_mean_image: nats per test image of a model that always answers with the mean image.
    """

    mean_pixel: float
    channel_means: np.ndarray
    channel_deviations: np.ndarray
    mean_image: np.ndarray
    class_means: np.ndarray
    train_counts: np.ndarray
    test_counts: np.ndarray
    unlabelled: tuple[int, int]
    bce_floor: float
    bce_mean_image: float


BLOCK = 4_000_000
"""Values of images that are copied at once."""

# Weak keys: the statistics of a set are dropped together with the set.
_measured: WeakKeyDictionary[ImageSet, DatasetStatistics] = WeakKeyDictionary()
_framings: WeakKeyDictionary[ImageSet, Framing] = WeakKeyDictionary()


def measure(images: ImageSet) -> DatasetStatistics:
    """The statistics of a set, computed once: a fifth of a second for 70,000 images of 28 × 28."""
    if images not in _measured:
        _measured[images] = _measure(images)
    return _measured[images]


def framing(dataset: str, shape: ImageShape, images: ImageSet | None) -> Framing:
    """How the content of a set's images lies in them: measured once on its images, else as the registry states it.

    Without either, the pictures of such a set are taken to fill their frame, to which nothing can be fitted.
    """
    if images is None or not len(images.train_images):
        source = SOURCES.get(dataset)
        stated = source.framing if source is not None and source.shape == shape else None
        return stated or Framing(WHOLE)
    if images not in _framings:
        from core.images import prepare  # needs scipy, which takes a tenth of a second to import

        _framings[images] = prepare.measure(images.train_images)
    return _framings[images]


def _measure(images: ImageSet) -> DatasetStatistics:
    count, shape = len(images.classes), images.shape
    sums = np.zeros((count + 1, shape.values))
    for rows in _blocks(images.train_images):  # the whole set is never copied: it may be larger than the memory
        block, labels = images.train_images[rows], images.train_labels[rows]
        for label in np.unique(labels):
            sums[label] += block[labels == label].reshape(-1, shape.values).sum(axis=0, dtype=np.uint64)
    train_counts = np.array([(images.train_labels == c).sum() for c in range(count)], dtype=np.int64)
    test_counts = np.array([(images.test_labels == c).sum() for c in range(count)], dtype=np.int64)
    mean_image = (sums.sum(axis=0) / (255.0 * len(images.train_images))).reshape(shape.picture)
    means = sums[:count] / (255.0 * np.maximum(train_counts, 1)[:, None])
    channel_means, channel_deviations = _channels(images.train_images, shape.channels)
    return DatasetStatistics(
        mean_pixel=float(mean_image.mean()),
        channel_means=channel_means,
        channel_deviations=channel_deviations,
        mean_image=mean_image,
        class_means=means.reshape(-1, *shape.picture),
        train_counts=train_counts,
        test_counts=test_counts,
        unlabelled=(int((images.train_labels < 0).sum()), int((images.test_labels < 0).sum())),
        bce_floor=bce_floor(images.test_images),
        bce_mean_image=bce_of(images.test_images, mean_image),
    )


def _channels(pictures: np.ndarray, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel, [C], exactly, from the counts of the 256 levels."""
    levels = np.arange(256) / 255.0
    means, deviations = [], []
    for values in np.moveaxis(pictures, -1, 0) if channels > 1 else [pictures]:
        share = _histogram(values) / values.size
        means.append(share @ levels)
        deviations.append(np.sqrt(share @ (levels - means[-1]) ** 2))
    return np.array(means), np.array(deviations)


def bce_floor(images: np.ndarray) -> float:
    """Mean over images of the entropies of their pixels (`pixel_entropy`), in nats per image.

    Args:
        images: `uint8` [N, …].
    """
    return float(_histogram(images) @ _level_entropy() / len(images))


def _blocks(images: np.ndarray) -> Iterator[slice]:
    """Rows of images, so many at a time that they have about `BLOCK` values."""
    step = max(1, BLOCK // max(1, images[:1].size))
    return (slice(start, start + step) for start in range(0, len(images), step))


def _histogram(images: np.ndarray) -> np.ndarray:
    """How many values there are of each of the 256 levels, `int64` [256]. NumPy counts eight-byte copies of them."""
    counts = np.zeros(256, np.int64)
    for rows in _blocks(images):
        counts += np.bincount(images[rows].reshape(-1), minlength=256)
    return counts


def pixel_entropy(images: np.ndarray) -> np.ndarray:
    """Entropy of each image's pixels, each taken as the probability of white, summed over pixels and channels, in nats:
    float64 [N].

    The cross-entropy of a pixel of level x is smallest where the prediction equals x, and there it is the entropy of x:
    zero for black and white, ln 2 for middle grey. No Bernoulli decoder has a lower cross-entropy for the image.

    Args:
        images: `uint8` [N, …].
    """
    entropy = _level_entropy()
    return np.array([entropy @ np.bincount(image.reshape(-1), minlength=256) for image in images], np.float64)


def _level_entropy() -> np.ndarray:
    """Entropy of a pixel of each of the 256 levels, in nats."""
    levels = np.arange(256) / 255.0
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy: np.ndarray = -np.nan_to_num(levels * np.log(levels)) - np.nan_to_num((1 - levels) * np.log1p(-levels))
    return entropy


def bce_of(images: np.ndarray, prediction: np.ndarray) -> float:
    """Binary cross-entropy of one prediction for all images, summed over pixels and channels, in nats per image.

    Probabilities are kept 1e-7 away from 0 and 1, as in float32: otherwise one wrong pixel would cost infinitely many.

    Args:
        images: `uint8` [N, H, W] or [N, H, W, 3]. prediction: float on [0, 1], the shape of one image.
    """
    p = np.clip(prediction.reshape(-1).astype(np.float64), 1e-7, 1.0 - 1e-7)
    # The mean over images can be taken first, since the score is linear in the pixels.
    x = images.reshape(len(images), -1).mean(axis=0, dtype=np.float64) / 255.0
    return float(-(x * np.log(p) + (1.0 - x) * np.log1p(-p)).sum())

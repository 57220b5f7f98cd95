"""Auxiliary classifier of a data set: a small convolutional network, used only for evaluation.

It is part of no model. It is trained once per data set, in ten or twenty seconds, and kept in the cache folder together
with its accuracy on the test images. The features of its last hidden layer also measure generated images
(`evaluation/sample_quality.py`). It is convolutional because a dense network on pixels, which classifies nearly as
well, hardly responds to blur.

`python -m core.evaluation.classifier digits` trains the classifier of the digits and reports its accuracy.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core import data
from core.data import ImageSet
from core.evaluation.threads import one_thread
from core.images import convert
from core.images.shape import ImageShape
from core.models import optimizers
from core.system import cache
from core.system.progress import Steps

CHANNELS, FEATURES = (16, 32), 64
"""Channels of the first convolution and of all others; units of the dense layer after them."""

SMALLEST_MAP = 8
"""Convolutions of stride 2 follow each other until height and width are at most this many pixels; at least two."""

FILE = "classifier.safetensors"
"""File in a run's folder with the classifier that its generated images were measured with."""

BATCH, TRAINING_IMAGES, LEARNING_RATE = 256, 120_000, 4e-3
"""Images in a batch; images shown in the whole training, whatever the size of the set, up to 32 × 32 pixels (fewer of
larger images, in proportion to their pixels); highest learning rate."""


AT_ONCE = 1_000
"""Images that are classified at once."""


@dataclass(frozen=True)
class Classifier:
    """A trained network.

    Attributes:
        shape: of the images it classifies.
        accuracy: share of `tested` test images that are classified correctly, 0 to 1; NaN without test images.
    """

    network: nn.Sequential
    shape: ImageShape
    accuracy: float
    tested: int

    @cached_property
    def digest(self) -> str:
        """Digest of the weights: names the classifier that a figure was measured with."""
        state = self.network.state_dict()
        return cache.digest(*(part for name in sorted(state) for part in (name, state[name].numpy())))

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """p(class | picture) of N pictures: float32 [N, classes]."""
        return self.features_and_probabilities(images)[1]

    def features_and_probabilities(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Activations of the last hidden layer, float32 [N, 64], and the probabilities computed from them."""
        with torch.inference_mode():
            blocks = (images[k : k + AT_ONCE] for k in range(0, max(1, len(images)), AT_ONCE))
            features = torch.cat([self.network[:-1](convert.to_tensor(block)) for block in blocks])
            return features.numpy(), self.network[-1](features).softmax(1).numpy()


def has_classes(images: ImageSet) -> bool:
    """Whether a classifier can be trained: at least two classes have training images."""
    labels = images.train_labels
    return len(np.unique(labels[labels >= 0])) >= 2


def training_steps(images: ImageSet) -> Generator[float, None, Classifier]:
    """Train the classifier of a data set: yields the share that is done after each epoch; returns the classifier.

    Adam on the cross-entropy with a one-cycle learning rate. The result is the same at every call, and the global
    random state is left alone.
    """
    labelled = np.flatnonzero(images.train_labels >= 0)  # the set stays where it is: it may be larger than the memory
    count, y = len(labelled), torch.tensor(images.train_labels[labelled])
    shown = TRAINING_IMAGES * min(1.0, 32 * 32 / images.shape.pixels)
    epochs = int(np.clip(round(shown / count), 1, 40))
    batch = min(BATCH, max(16, count // 16))
    steps = -(-count // batch)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = network_of(images.shape, len(images.classes))
        order = torch.Generator()
        order.set_state(torch.random.get_rng_state())

    def batches() -> Iterator[tuple[np.ndarray, torch.Tensor]]:
        for _ in range(epochs):
            rows = torch.randperm(count, generator=order)
            for k in range(0, count, batch):
                part = rows[k : k + batch]
                yield images.train_images[labelled[part.numpy()]], y[part]

    for done in fit_steps(network, batches(), epochs * steps):
        if done % steps == 0:
            yield done / (epochs * steps)
    return Classifier(network, images.shape, *_measure(network, images))


def fit_steps(
    network: nn.Sequential, batches: Iterable[tuple[np.ndarray, torch.Tensor]], steps: int
) -> Generator[int, None, None]:
    """Train a network of `network_of` on the cross-entropy by Adam with a one-cycle learning rate: yields the number of
    steps done after each; it then is in eval mode and without gradients.

    Args:
        batches: pictures uint8 [B, ...] and their classes int64 [B], one pair a step. steps: how many there are.
    """
    optimiser = optimizers.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    for done, (pictures, labels) in enumerate(batches, 1):
        with one_thread():
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(network(convert.to_tensor(pictures)), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            rate.step()
        yield done
    network.eval().requires_grad_(False)


def train(images: ImageSet) -> Classifier:
    """The trained classifier of a data set (`training_steps` to the end), without the cache."""
    return Steps(training_steps(images)).end()


def cached_steps(images: ImageSet) -> Generator[float, None, Classifier]:
    """The classifier of a data set from the cache, trained first where it is missing: yields the share that is done.

    A lock keeps two processes from training the same classifier at once: the second one waits for the first and reads
    its result. Where the cache folder cannot be written to, the classifier is trained and not kept.
    """
    path, classes = file_of(images), len(images.classes)
    if cached := load(path, classes):
        return cached
    with cache.computing(path):
        cached = load(path, classes)
        if cached is None:
            cached = yield from training_steps(images)
            save(cached, path)
    return cached


def file_of(images: ImageSet) -> Path:
    """Path of the classifier of this data set in the cache folder; it changes whenever the images do."""
    return cache.file_of("classifier", f"{images.name}-{_fingerprint(images)}")


def save(classifier: Classifier, path: Path) -> bool:
    """Write a classifier to a cache file; False where the cache folder cannot be written to."""
    facts = {"shape": classifier.shape.chw, "accuracy": classifier.accuracy, "tested": classifier.tested}
    return cache.save(path, {name: tensor.numpy() for name, tensor in classifier.network.state_dict().items()}, facts)


def load(path: Path, classes: int) -> Classifier | None:
    """The classifier in a cache file; None if the file is missing, damaged or for another number of classes."""
    entry = cache.load(path)
    if entry is None:
        return None
    arrays, facts = entry
    try:
        shape = ImageShape.of(facts["shape"])
        network = network_of(shape, classes)
        network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
        network.eval().requires_grad_(False)
        return Classifier(network, shape, float(facts["accuracy"]), int(facts["tested"]))
    except (RuntimeError, KeyError, TypeError, ValueError):
        return None


def network_of(shape: ImageShape, classes: int) -> nn.Sequential:
    """Convolutions that halve height and width (rounded down), one hidden dense layer, one output per class."""
    channels, height, width = shape.chw
    layers: list[nn.Module] = []
    while len(layers) < 4 or max(height, width) > SMALLEST_MAP:
        wider = CHANNELS[0] if not layers else CHANNELS[1]
        layers += [nn.Conv2d(channels, wider, 4, 2, 1), nn.ReLU()]
        channels, height, width = wider, height // 2, width // 2
    layers += [nn.Flatten(), nn.Linear(channels * height * width, FEATURES), nn.ReLU(), nn.Linear(FEATURES, classes)]
    return nn.Sequential(*layers)


def _measure(network: nn.Module, images: ImageSet) -> tuple[float, int]:
    """(share of test images that are classified correctly, number of test images with a class)."""
    labelled, right = np.flatnonzero(images.test_labels >= 0), 0
    if not len(labelled):
        return float("nan"), 0
    with torch.inference_mode():
        for k in range(0, len(labelled), AT_ONCE):
            rows = labelled[k : k + AT_ONCE]
            predicted = network(convert.to_tensor(images.test_images[rows])).argmax(1).numpy()
            right += int((predicted == images.test_labels[rows]).sum())
    return right / len(labelled), len(labelled)


@lru_cache(maxsize=4)
def _fingerprint(images: ImageSet) -> str:
    """Digest of the images, their labels and the settings of the training."""
    settings = repr((CHANNELS, FEATURES, SMALLEST_MAP, BATCH, TRAINING_IMAGES, LEARNING_RATE, len(images.classes)))
    return cache.digest(settings, images.train_images, images.train_labels, images.test_images, images.test_labels)


def main(name: str, folder: str = "", shape: str = "") -> None:
    """Train the classifier of a data set and keep it; print the progress line by line.

    Args:
        shape: of the images, such as `3x32x32` (default: that of the data set).
    """
    torch.set_num_threads(1)  # layers this small gain nothing from a second thread, which the page needs
    images = data.load(name, folder, ImageShape.of([int(part) for part in shape.split("x")]) if shape else None)
    steps = Steps(cached_steps(images))
    for share in steps:
        print(f"progress {share:.3f}", flush=True)
    trained = steps.end()
    if not file_of(images).is_file():
        raise OSError(f"{file_of(images).parent} cannot be written to")
    print(f"accuracy {trained.accuracy:.4f} on {trained.tested:,} test images", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])

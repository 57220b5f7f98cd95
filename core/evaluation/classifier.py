"""A small network of our own that says which class a picture looks like, with the share of test images it gets right.

It is no part of any model: an onlooker, trained once per data set in ten or twenty seconds and kept in the cache.
Convolutions, because its features also measure generated images (`evaluation/sample_quality.py`): one hidden layer
over pixels is right nearly as often, and hardly notices blur.
`python -m core.evaluation.classifier digits` trains and measures it in a shell.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from core import data
from core.data import ImageSet
from core.runs import RunError, weights
from core.system import paths

CHANNELS, FEATURES = (16, 32), 64
"""Of the two convolutions, 28 → 14 → 7, and of the dense layer after them."""

BATCH, TRAINING_IMAGES = 256, 120_000
"""Images a step; images shown in all, whatever the size of the set."""


@dataclass(frozen=True)
class Classifier:
    """A trained network and how many of `tested` test images it names rightly (0 to 1; NaN if there were none)."""

    network: nn.Module
    accuracy: float
    tested: int

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """p(class | picture) of `uint8` [N, 28, 28]: float32 [N, classes]."""
        with torch.inference_mode():
            return self.network(_floats(images)).softmax(1).numpy()

    def features_and_probabilities(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the last hidden layer says of `uint8` [N, 28, 28], float32 [N, 64], and the probabilities from it."""
        with torch.inference_mode():
            features = self.network[:-1](_floats(images))
            return features.numpy(), self.network[-1](features).softmax(1).numpy()


def has_classes(images: ImageSet) -> bool:
    """Whether there is anything to tell apart: two classes with training images."""
    labels = images.train_labels
    return len(np.unique(labels[labels >= 0])) >= 2


def train(images: ImageSet, progress: Callable[[float], None] = lambda part: None) -> Classifier:
    """Two convolutions and a dense layer, Adam on the cross-entropy, a one-cycle rate; the same numbers at every call.

    Args:
        progress: told the part that is done, 0 to 1, after every pass over the images.
    """
    labelled = images.train_labels >= 0
    x, y = _floats(images.train_images[labelled]), torch.tensor(images.train_labels[labelled])
    passes = int(np.clip(round(TRAINING_IMAGES / len(x)), 1, 40))
    batch = min(BATCH, max(16, len(x) // 16))
    steps = -(-len(x) // batch)
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(0)
        network = _network(len(images.classes))
        optimiser = torch.optim.Adam(network.parameters(), lr=4e-3, fused=True)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=passes * steps)
        for done in range(passes):
            for part in torch.randperm(len(x)).split(batch):
                optimiser.zero_grad()
                nn.functional.cross_entropy(network(x[part]), y[part]).backward()
                optimiser.step()
                rate.step()
            progress((done + 1) / passes)
    network.eval().requires_grad_(False)
    return Classifier(network, *_measure(network, images))


def file_of(images: ImageSet) -> Path:
    """Where the classifier of this data set is kept; the name changes whenever the images do."""
    return paths.cache_folder() / f"classifier-{images.name}-{_fingerprint(images)}.safetensors"


def save(found: Classifier, path: Path) -> None:
    """Written whole or not at all.

    Raises:
        OSError: the cache folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    weights.save(path, found.network.state_dict(), {"accuracy": found.accuracy, "tested": found.tested})


def load(path: Path, classes: int) -> Classifier | None:
    """What `save` wrote; None if it is not there, damaged or of another shape, so that it is trained anew."""
    network = _network(classes)
    try:
        tensors, facts = weights.load(path)
        network.load_state_dict(tensors)
        return Classifier(network.eval().requires_grad_(False), float(facts["accuracy"]), int(facts["tested"]))
    except (RunError, RuntimeError, KeyError, TypeError, ValueError):
        return None


def _network(classes: int) -> nn.Sequential:
    a, b = CHANNELS
    return nn.Sequential(
        nn.Conv2d(1, a, 4, 2, 1),
        nn.ReLU(),
        nn.Conv2d(a, b, 4, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(b * 49, FEATURES),
        nn.ReLU(),
        nn.Linear(FEATURES, classes),
    )


def _floats(images: np.ndarray) -> Tensor:
    return torch.tensor(images).unsqueeze(1).float().div_(255)  # copies: the data sets' arrays are read-only


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Another number of threads adds in another order: whoever trains it, page or worker, gets the same network."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _measure(network: nn.Module, images: ImageSet) -> tuple[float, int]:
    labelled = images.test_labels >= 0
    if not labelled.any():
        return float("nan"), 0
    with torch.inference_mode():
        said = network(_floats(images.test_images[labelled])).argmax(1).numpy()
    return float((said == images.test_labels[labelled]).mean()), int(labelled.sum())


@lru_cache(maxsize=4)
def _fingerprint(images: ImageSet) -> str:
    known = hashlib.blake2b(
        repr((CHANNELS, FEATURES, BATCH, TRAINING_IMAGES, len(images.classes))).encode(), digest_size=8
    )
    for array in (images.train_images, images.train_labels, images.test_images, images.test_labels):
        known.update(np.ascontiguousarray(array))
    return known.hexdigest()


def main(name: str, folder: str = "") -> None:
    """Train the classifier of a data set and keep it, telling the progress line by line."""
    torch.set_num_threads(1)  # layers this small gain nothing from a second thread, and the page needs it
    images = data.load(name, folder)
    found = train(images, lambda part: print(f"progress {part:.3f}", flush=True))
    save(found, file_of(images))
    print(f"accuracy {found.accuracy:.4f} on {found.tested:,} test images", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])

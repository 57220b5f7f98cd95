"""Sample-quality metrics: Fréchet distance, class coverage, sharpness and diversity of generated images.

The Fréchet distance is that between two Gaussians, fitted to the classifier's features of real and of generated images
(Heusel et al. 2017 use Inception's features, which mean little for small images). It depends on the number of images
and on the classifier, so both are fixed and named; it cannot be compared with figures from elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core.data import ImageSet
from core.evaluation import classifier as classifiers
from core.evaluation import metrics
from core.evaluation.classifier import Classifier
from core.evaluation.gan_diagnosis import COVERED_SHARE
from core.images import convert
from core.latent import codec, pca, sampling
from core.latent.pca import FittedPca
from core.models import GAN, LatentModel
from core.system.progress import Steps

REFERENCE_IMAGES = 10_000
"""Greatest number of real training images that generated ones are compared with."""

FINAL_SAMPLES = 10_000
"""Generated images measured at the end of a training, against the test set."""

CONFIDENT_PROBABILITY = 0.9
"""The classifier is sure of an image whose most likely class has at least this probability."""

PCA_COMPONENTS = 64
"""Principal components of the pixels that serve as features where there are no classes."""


@dataclass(frozen=True)
class SampleMeasures:
    """Measures of a set of generated images.

    Attributes:
        frechet: squared Fréchet distance to real images in feature space; lower is better.
        modes: number of covered classes. balance: entropy of the class shares over its maximum, 0 to 1.
        sure: share of the images of which the classifier is sure.
        sharpness: mean squared difference of neighbouring pixels over that of real images; 1 is as sharp as real.
        diversity: variance over the images, summed over pixels, over that of real images; near 0 all are alike.
        shares: share of each class, [C].
    Without classes modes, balance and sure are NaN and shares is empty.
    """

    frechet: float
    modes: float
    balance: float
    sure: float
    sharpness: float
    diversity: float
    shares: np.ndarray


class SampleQuality:
    """Statistics of real images as reference, and the features in which generated images are compared with them."""

    def __init__(self, real: np.ndarray, classifier: Classifier | None, components: FittedPca | None = None):
        """
        Args:
            real: pictures `uint8` [N, H, W] or [N, H, W, 3]. components: features where there is no classifier
                (default: fitted to `real`).
        """
        self.classifier, self.n = classifier, len(real)
        self._components = components
        if classifier is None and components is None:
            self._components = pca.fit(_vectors(real), PCA_COMPONENTS)
        features, probabilities = self._features(real)
        self.mean, self.cov = pca.moments(features)
        self.energy, self.variance = _energy(real), _variance(real)
        self.shares = np.zeros(0) if probabilities is None else _class_shares(probabilities)

    @property
    def name(self) -> str:
        """The features of the Fréchet distance, in words."""
        if self.classifier is None:
            assert self._components is not None
            count = self._components.vectors.shape[1]
            return f"{count} principal components of the pixels (there are no classes to train a classifier on)"
        name, accuracy = f"the {classifiers.FEATURES} features of the lab's own classifier", self.classifier.accuracy
        if math.isnan(accuracy):  # no test images to measure it on
            return name
        return f"{name}, which classifies {100 * accuracy:.1f} % of {self.classifier.tested:,} test images correctly"

    def with_reference(self, real: np.ndarray) -> SampleQuality:
        """The same features, with other real images as reference."""
        return SampleQuality(real, self.classifier, self._components)

    def measure(self, images: np.ndarray) -> SampleMeasures:
        """All measures of generated pictures [N, H, W] or [N, H, W, 3]."""
        features, probabilities = self._features(images)
        mean, cov = pca.moments(features)
        modes = balance = sure = float("nan")
        shares = np.zeros(0)
        if probabilities is not None:
            shares = _class_shares(probabilities)
            modes = float(((shares >= COVERED_SHARE * self.shares) & (self.shares > 0)).sum())
            present = shares[shares > 0]
            balance = float(-(present * np.log(present)).sum() / np.log(len(shares)))
            sure = float((probabilities.max(1) >= CONFIDENT_PROBABILITY).mean())
        return SampleMeasures(
            frechet=frechet(mean, cov, self.mean, self.cov),
            modes=modes,
            balance=balance,
            sure=sure,
            sharpness=_energy(images) / self.energy,
            diversity=_variance(images) / self.variance,
            shares=shares,
        )

    def _features(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Features float64 [N, k] of pictures, and p(class | image) [N, C] where there are classes."""
        if self.classifier is None:
            assert self._components is not None
            return self._components.transform(_vectors(images)), None
        features, probabilities = self.classifier.features_and_probabilities(images)
        return features.astype(np.float64), probabilities


def frechet(mean_a: np.ndarray, cov_a: np.ndarray, mean_b: np.ndarray, cov_b: np.ndarray) -> float:
    """Squared Fréchet distance of two Gaussians, ‖μ_a − μ_b‖² + tr(C_a + C_b − 2 (C_a C_b)^½) (Dowson & Landau 1982).

    The trace of the root is computed from the eigenvalues of C_a^½ C_b C_a^½, which is symmetric, so that rounding
    causes no complex numbers.
    """
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov_b @ root), 0, None)).sum()
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross)


def _class_shares(probabilities: np.ndarray) -> np.ndarray:
    return np.bincount(probabilities.argmax(1), minlength=probabilities.shape[1]) / len(probabilities)


def _vectors(images: np.ndarray) -> np.ndarray:
    return np.asarray(images.reshape(len(images), -1) / 255.0)


def _energy(images: np.ndarray) -> float:
    """Mean squared difference of vertically and of horizontally neighbouring pixels, on [0, 1]."""
    x = images / 255.0
    return float((np.diff(x, axis=1) ** 2).mean() + (np.diff(x, axis=2) ** 2).mean()) or 1e-12


def _variance(images: np.ndarray) -> float:
    """Variance over the images, summed over pixels and channels, on [0, 1]."""
    return float((images / 255.0).var(0).sum()) or 1e-12


@lru_cache(maxsize=2)
def for_dataset(images: ImageSet) -> SampleQuality:
    """Sample quality with the training images of a data set as reference.

    A classifier that is not in the cache yet is trained first, which takes ten or twenty seconds; if another process
    trains the same classifier already, its result is awaited.
    """
    classifier = Steps(classifiers.cached_steps(images)).end() if classifiers.has_classes(images) else None
    real = images.train_images
    rows = np.linspace(0, len(real) - 1, min(len(real), REFERENCE_IMAGES)).astype(int)
    return SampleQuality(real[rows], classifier)


def generate(model: LatentModel, n: int, seed: int = 0) -> np.ndarray:
    """n generated pictures; the same latent noise for every model with d dimensions."""
    return codec.decode(model, sampling.draws(model, n, seed))


def evaluation_steps(model: GAN, images: ImageSet, n: int = FINAL_SAMPLES) -> Generator[float, None, dict[str, Any]]:
    """Evaluate a GAN's generator, and the decoder that it started from, on the test set.

    Yields the share that is done, 0 to 1.

    Returns:
        The measures of the generator by name, ready for JSON; `floor`: the Fréchet distance between real training
        images and the test set; `yardstick`: the features of the distance, in words; `before`: the measures of the
        decoder, or None.
    """
    test = images.test_images if len(images.test_images) else images.train_images
    quality = for_dataset(images)
    yield 0.25
    quality = quality.with_reference(test)
    rows = np.linspace(0, len(images.train_images) - 1, min(n, len(images.train_images))).astype(int)
    floor = quality.measure(images.train_images[rows]).frechet
    yield 0.5
    after = _evaluated(model, model, quality, test, n)
    yield 0.75
    source = model.source_model()
    before = None if source is None else _evaluated(source, model, quality, test, n)
    return after | {"images": len(test), "generated": n, "yardstick": quality.name, "floor": floor, "before": before}


def _evaluated(generator: LatentModel, gan: GAN, quality: SampleQuality, test: np.ndarray, n: int) -> dict[str, Any]:
    """Measures of one generator's samples, and its reconstruction error where the GAN has an encoder."""
    measures = asdict(quality.measure(generate(generator, n)))
    shares = measures.pop("shares").tolist()
    mse = None
    if gan.encoder is not None:
        mse = metrics.reconstruction_mse(generator, convert.to_byte_tensor(test, gan.latent_mean.device))
    finite = {name: None if math.isnan(value) else value for name, value in measures.items()}  # JSON has no NaN
    return finite | {"shares": shares, "mse": mse}

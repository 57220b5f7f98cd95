"""Sample-quality metrics of generated images: Fréchet distance, KID, precision and recall, class coverage, sharpness.

Two of them, sharpness and the spread of the pixels (`diversity`), grow with contrast alone, and so does the Fréchet
distance of a soft decoder. So an evaluation holds a control, the decoder's own samples with contrast × `CONTRAST`: what
improves there as much as in the generator says nothing about training against a discriminator.

The Fréchet distance is that between two Gaussians, fitted to the classifier's features of real and of generated images
(Heusel et al. 2017 use Inception's features, which mean little for small images). It depends on the number of images
and on the classifier, so both are fixed and named; it cannot be compared with figures from elsewhere. The kernel
distance KID (`kid`) in the same features has no bias from the number of images.
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
from core.evaluation import kid, metrics, support
from core.evaluation.classifier import Classifier
from core.evaluation.gan_diagnosis import COVERED_SHARE
from core.images import convert
from core.latent import codec, neighbours, pca, sampling
from core.latent.pca import FittedPca
from core.models import GAN, LatentModel
from core.system.progress import Steps

REFERENCE_IMAGES = 10_000
"""Greatest number of real images, for training or testing, that generated ones are compared with."""

FINAL_SAMPLES = 10_000
"""Generated images measured at the end of a training, against the test set."""

CONFIDENT_PROBABILITY = 0.9
"""The classifier is sure of an image whose most likely class has at least this probability."""

CONTRAST = 1.5
"""Factor of the control's contrast, about middle grey."""

NEAREST_IMAGES, NEAREST_BLOCK = 1_000, 1_000
"""Samples, and test images, whose nearest training image is looked for; training images that are compared at once."""

PCA_COMPONENTS = 64
"""Principal components of the pixels that serve as features where there are no classes."""


@dataclass(frozen=True)
class SampleMeasures:
    """Measures of a set of generated images.

    Attributes:
        frechet: squared Fréchet distance to real images in feature space; lower is better.
        modes: number of covered classes. An image counts for its class only where the classifier is sure of it: noise
            has a most likely class too, and belongs to none.
        balance: entropy of the class shares over its maximum, 0 to 1.
        sure: share of the images of which the classifier is sure.
        sharpness: mean squared difference of neighbouring pixels over that of real images; 1 is as sharp as real.
        diversity: spread of the pixels: variance over the images, summed over pixels, over that of real images; near 0
            all are alike, which finds a collapse. It grows with contrast: how varied images are, recall says.
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
        rows = np.linspace(0, len(features) - 1, min(len(features), support.POINTS)).astype(int)
        self.features, self.points = features, features[rows]
        self.mean, self.cov = pca.moments(features)
        self.energy, self.variance = _energy(real), _variance(real)
        self.shares = np.zeros(0) if probabilities is None else _class_shares(probabilities)
        self.sure = float("nan") if probabilities is None else _confident(probabilities)

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

    def judged(self, images: np.ndarray) -> Judged:
        """Generated pictures [N, H, W] or [N, H, W, 3] with their features, for more than one measure of them."""
        return Judged(self, images, *self._features(images))

    def measure(self, images: np.ndarray) -> SampleMeasures:
        """All measures of generated pictures [N, H, W] or [N, H, W, 3]."""
        return self.judged(images).measure()

    def frechet_error(self, images: np.ndarray, parts: int = 10) -> float:
        """Standard error of the Fréchet distance of generated pictures."""
        return self.judged(images).frechet_error(parts)

    def kid(self, images: np.ndarray) -> kid.Kid:
        """Kernel distance of generated pictures to all of the real ones."""
        return self.judged(images).kid()

    def support(self, images: np.ndarray) -> support.Support:
        """Precision, recall, density and coverage of generated pictures."""
        return self.judged(images).support()

    def nearest(self, images: np.ndarray, real: np.ndarray) -> np.ndarray:
        """Distance of each picture to the nearest of some real images in the same features, float64 [N].

        Memorised images lie much closer to the training images than new ones do (Meehan, Chaudhuri & Dasgupta 2020
        compare the same two distances).
        """
        points, squares = self._features(images)[0], np.full(len(images), np.inf)
        for first in range(0, len(real), NEAREST_BLOCK):  # all of them: of a part, most copies would not be found
            candidates = self._features(np.asarray(real[first : first + NEAREST_BLOCK]))[0]
            squares = np.minimum(squares, neighbours.nearest(points, candidates)[1])
        return np.asarray(np.sqrt(squares))

    def _features(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Features float64 [N, k] of pictures, and p(class | image) [N, C] where there are classes."""
        if self.classifier is None:
            assert self._components is not None
            return self._components.transform(_vectors(images)), None
        features, probabilities = self.classifier.features_and_probabilities(images)
        return features.astype(np.float64), probabilities


@dataclass(frozen=True, eq=False)
class Judged:
    """Generated pictures and their features, which are computed once for all measures of them.

    Attributes:
        quality: what they are compared by. images: the pictures, uint8.
        features: float64 [N, k]. probabilities: p(class | image) [N, C] where there are classes.
    """

    quality: SampleQuality
    images: np.ndarray
    features: np.ndarray
    probabilities: np.ndarray | None

    def measure(self) -> SampleMeasures:
        """All measures that are kept for each epoch."""
        real, probabilities = self.quality, self.probabilities
        mean, cov = pca.moments(self.features)
        modes = balance = sure = float("nan")
        shares = np.zeros(0)
        if probabilities is not None:
            shares = _class_shares(probabilities)
            named = _class_shares(probabilities, at_least=CONFIDENT_PROBABILITY)
            modes = float(((named >= COVERED_SHARE * real.shares) & (real.shares > 0)).sum())
            present = shares[shares > 0]
            balance = float(-(present * np.log(present)).sum() / np.log(len(shares)))
            sure = _confident(probabilities)
        return SampleMeasures(
            frechet=frechet(mean, cov, real.mean, real.cov),
            modes=modes,
            balance=balance,
            sure=sure,
            sharpness=_energy(self.images) / real.energy,
            diversity=_variance(self.images) / real.variance,
            shares=shares,
        )

    def frechet_error(self, parts: int = 10) -> float:
        """Standard error of the Fréchet distance: a jackknife, each part left out once (Tukey
        1958). NaN with fewer than two pictures in a part.

        It says how far the distance would move with other samples of the model, not with other real images.
        """
        count = len(self.features) // parts
        if count < 2:
            return float("nan")
        left = np.zeros(parts)
        for part in range(parts):
            kept = np.delete(self.features, np.s_[part * count : (part + 1) * count], axis=0)
            left[part] = frechet(*pca.moments(kept), self.quality.mean, self.quality.cov)
        return float(np.sqrt((parts - 1) / parts * ((left - left.mean()) ** 2).sum()))

    def kid(self) -> kid.Kid:
        """Kernel distance to all of the real images, in the features of the Fréchet distance.

        They are scaled so that those of the real images have a mean square of 1, as large as the constant in the
        kernel: raw features of one classifier are a hundred times larger than those of another.
        """
        real = self.quality.features
        scale = math.sqrt(float((real**2).mean())) or 1.0
        return kid.measure(self.features / scale, real / scale)

    def support(self) -> support.Support:
        """Precision, recall, density and coverage in the features of the Fréchet distance."""
        return support.measure(self.features, self.quality.points)


def frechet(mean_a: np.ndarray, cov_a: np.ndarray, mean_b: np.ndarray, cov_b: np.ndarray) -> float:
    """Squared Fréchet distance of two Gaussians, ‖μ_a − μ_b‖² + tr(C_a + C_b − 2 (C_a C_b)^½) (Dowson & Landau 1982).

    The trace of the root is computed from the eigenvalues of C_a^½ C_b C_a^½, which is symmetric, so that rounding
    causes no complex numbers.
    """
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov_b @ root), 0, None)).sum()
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross)


def _confident(probabilities: np.ndarray) -> float:
    """Share of the images of which the classifier is sure."""
    return float((probabilities.max(1) >= CONFIDENT_PROBABILITY).mean())


def _class_shares(probabilities: np.ndarray, at_least: float = 0.0) -> np.ndarray:
    """Share of all images in each class, of those whose class has at least that probability, [C]."""
    counted = probabilities.argmax(1)[probabilities.max(1) >= at_least]
    return np.bincount(counted, minlength=probabilities.shape[1]) / len(probabilities)


def _vectors(images: np.ndarray) -> np.ndarray:
    return np.asarray(images.reshape(len(images), -1) / 255.0)


def _energy(images: np.ndarray) -> float:
    """Mean squared difference of vertically and of horizontally neighbouring pixels, on [0, 1]."""
    x = images / 255.0
    return float((np.diff(x, axis=1) ** 2).mean() + (np.diff(x, axis=2) ** 2).mean()) or 1e-12


def _variance(images: np.ndarray) -> float:
    """Variance over the images, summed over pixels and channels, on [0, 1]."""
    return float((images / 255.0).var(0).sum()) or 1e-12


def for_dataset(images: ImageSet, judge: Classifier | None = None) -> SampleQuality:
    """Sample quality with the training images of a data set as reference.

    A classifier that is not in the cache yet is trained first, which takes ten or twenty seconds; if another process
    trains the same classifier already, its result is awaited.

    Args:
        judge: the classifier to use, such as the one that a run has kept (default: that of the cache).
    """
    return _for_dataset(images, judge)


def reference_of(images: ImageSet) -> np.ndarray:
    """The real pictures that generated ones are compared with at the end of a training: test images, or training images
    where there are none; at most `REFERENCE_IMAGES`, evenly spread."""
    real: np.ndarray = images.test_images if len(images.test_images) else images.train_images
    return np.asarray(real[codec.evenly(len(real), REFERENCE_IMAGES)])


@lru_cache(maxsize=2)
def _for_dataset(images: ImageSet, judge: Classifier | None) -> SampleQuality:
    if judge is None and classifiers.has_classes(images):
        judge = Steps(classifiers.cached_steps(images)).end()
    real = images.train_images
    rows = np.linspace(0, len(real) - 1, min(len(real), REFERENCE_IMAGES)).astype(int)
    return SampleQuality(real[rows], judge)


def with_contrast(pictures: np.ndarray, factor: float = CONTRAST) -> np.ndarray:
    """Pictures whose grey levels are stretched away from middle grey and clipped, `uint8`."""
    return convert.to_uint8((127.5 + factor * (pictures.astype(np.float32) - 127.5)) / 255.0)


def generate(model: LatentModel, n: int, seed: int = 0) -> np.ndarray:
    """n generated pictures; the same latent noise for every model with d dimensions."""
    return codec.decode(model, sampling.draws(model, n, seed))


def evaluation_steps(
    model: GAN, images: ImageSet, n: int | None = None, judge: Classifier | None = None
) -> Generator[float, None, dict[str, Any]]:
    """Evaluate a GAN's generator, and the decoder that it started from, on the test set.

    Yields the share that is done, 0 to 1.

    Args:
        n: number of generated images; None: `FINAL_SAMPLES`. judge: as in `for_dataset`.
    Returns:
        The measures of the generator by name, ready for JSON; `before`: those of the decoder, or None; `real`: those of
        real training images, the value to strive for; `control`: those of the decoder's samples with more contrast, or
        None; `nearest`: median distances to the nearest training image, of samples and of test images, None without
        test images; `floor`: the Fréchet distance of real images; `yardstick`, `classifier`: the features of the
        distance, in words, and the digest of the classifier; `reference`: what is compared with.
    """
    n = FINAL_SAMPLES if n is None else n
    has_test, test = bool(len(images.test_images)), reference_of(images)
    quality = for_dataset(images, judge)
    yield 0.2
    quality = quality.with_reference(test)
    real = _measures(_training_images(images, n), quality)
    # Of images that it was not trained on: of its own training images the classifier is always sure.
    real["sure"] = None if math.isnan(quality.sure) else quality.sure
    yield 0.4
    made = generate(model, n)
    after = _measures(made, quality) | {"mse": _mse(model, model, test)}
    nearest = _nearest(made, images, quality) if has_test else None
    yield 0.6
    source, before, control = model.source_model(), None, None
    if source is not None:
        pictures = generate(source, n)
        before = _measures(pictures, quality) | {"mse": _mse(source, model, test)}
        yield 0.8
        control = _measures(with_contrast(pictures), quality)
    return after | {
        "images": len(test),
        "generated": n,
        "yardstick": quality.name,
        "classifier": None if quality.classifier is None else quality.classifier.digest,
        "reference": f"{len(test):,} {'test' if has_test else 'training'} images",
        "floor": real["frechet"],
        "before": before,
        "real": real,
        "control": control,
        "nearest": nearest,
    }


def real_distance(images: ImageSet, quality: SampleQuality, n: int) -> float:
    """Fréchet distance of at most n real training images: what samples as good as these would have."""
    return quality.measure(_training_images(images, n)).frechet


def _training_images(images: ImageSet, n: int) -> np.ndarray:
    """At most n training images, evenly spread."""
    real: np.ndarray = images.train_images
    return np.asarray(real[codec.evenly(len(real), n)])


def _nearest(made: np.ndarray, images: ImageSet, quality: SampleQuality) -> dict[str, float]:
    """Median distances of samples and of test images to the nearest training image, of equally many of both."""
    test, n = images.test_images, min(len(made), len(images.test_images), NEAREST_IMAGES)
    rows = np.linspace(0, len(test) - 1, n).astype(int)
    distances = quality.nearest(np.concatenate([made[:n], test[rows]]), images.train_images)
    return {
        "generated": float(np.median(distances[:n])),
        "test": float(np.median(distances[n:])),
        "trained": len(images.train_images),
        "n": n,
    }


def _measures(pictures: np.ndarray, quality: SampleQuality) -> dict[str, Any]:
    """All measures of a set of pictures, ready for JSON, which has no NaN."""
    judged = quality.judged(pictures)
    measures, distance = asdict(judged.measure()) | asdict(judged.support()), judged.kid()
    measures |= {"kid": distance.value, "kid_error": distance.error}
    shares, measures["support"] = measures.pop("shares").tolist(), measures.pop("n")
    return {name: None if math.isnan(value) else value for name, value in measures.items()} | {"shares": shares}


def _mse(generator: LatentModel, gan: GAN, test: np.ndarray) -> float | None:
    """Reconstruction error of one generator where the GAN has an encoder."""
    if gan.encoder is None:
        return None
    return metrics.reconstruction_mse(generator, convert.to_byte_tensor(test, gan.latent_mean.device))

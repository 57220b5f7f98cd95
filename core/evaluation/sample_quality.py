"""How good a heap of generated images is, by one yardstick for every family: what a small classifier of ours, and the
images' own pixels, say of them beside real ones.

The Fréchet distance is that between two Gaussians, laid through the classifier's features of real and of generated
images (Heusel et al. 2017 use Inception's; on 28-pixel images those mean little). It depends on the number of images
and on the classifier, so both are fixed and named, and it compares with no figure from elsewhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core.data import ImageSet
from core.evaluation import classifier, metrics
from core.evaluation.gan_diagnosis import COVERED_SHARE
from core.images import convert
from core.latent import codec, sampling
from core.models import GAN, LatentModel

ROUND_SAMPLES, REFERENCE_IMAGES = 2_000, 10_000
"""Generated images measured after a round, and real training images they are compared with, at most."""

FINAL_SAMPLES = 10_000
"""Generated images measured at the end, against the test set."""

CONFIDENT_PROBABILITY = 0.9

PCA_COMPONENTS = 64


@dataclass(frozen=True)
class SampleMeasures:
    """What was found about generated images.

    Attributes:
        frechet: squared Fréchet distance to real images in the yardstick's features; lower is better.
        modes: classes that are covered; balance: entropy of the class shares over its maximum, 0 to 1.
        sure: share that the classifier gives 90 % or more to one class.
        sharpness: mean squared difference of neighbouring pixels over that of real images; 1 is as sharp as real.
        diversity: variance over the images, summed over pixels, over that of real images; near 0 all are alike.
        shares: of each class, [C].
    Without classes modes, balance, sure are NaN and shares is empty.
    """

    frechet: float
    modes: float
    balance: float
    sure: float
    sharpness: float
    diversity: float
    shares: np.ndarray


class SampleQuality:
    """Real images, summed up, and a way to see features."""

    def __init__(self, real: np.ndarray, judge: classifier.Classifier | None, basis: np.ndarray | None = None):
        """`real`: uint8 [N, 28, 28]. `basis`: principal components [784, k] that stand in for a classifier."""
        self.judge, self._basis, self.n = judge, basis, len(real)
        if judge is None and basis is None:
            self._basis = _components(real)
        features, said = self._seen(real)
        self.mean, self.cov = moments(features)
        self.energy, self.variance = _energy(real), _variance(real)
        self.shares = np.zeros(0) if said is None else _shares(said)

    @property
    def name(self) -> str:
        """What the Fréchet distance is one of, in words."""
        if self.judge is None:
            return f"{self._basis.shape[1]} principal components of the pixels, for want of classes"
        name, right = f"the {classifier.FEATURES} features of the lab's own classifier", self.judge.accuracy
        if right != right:  # no test images to measure it on
            return name
        return f"{name}, which names {100 * right:.1f} % of {self.judge.tested:,} test images rightly"

    def against(self, real: np.ndarray) -> SampleQuality:
        """The same features, with other real images to compare with."""
        return SampleQuality(real, self.judge, self._basis)

    def _seen(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Features float64 [N, k] of uint8 images [N, 28, 28], and p(class | image) [N, C] where there are classes."""
        if self.judge is None:
            return images.reshape(len(images), -1) / 255.0 @ self._basis, None
        features, said = self.judge.features_and_probabilities(images)
        return features.astype(np.float64), said

    def measure(self, images: np.ndarray) -> SampleMeasures:
        """All measures of uint8 images [N, 28, 28]."""
        features, said = self._seen(images)
        mean, cov = moments(features)
        modes = balance = sure = float("nan")
        shares = np.zeros(0)
        if said is not None:
            shares = _shares(said)
            modes = float(((shares >= COVERED_SHARE * self.shares) & (self.shares > 0)).sum())
            seen = shares[shares > 0]
            balance = float(-(seen * np.log(seen)).sum() / np.log(len(shares)))
            sure = float((said.max(1) >= CONFIDENT_PROBABILITY).mean())
        return SampleMeasures(
            frechet(mean, cov, self.mean, self.cov),
            modes,
            balance,
            sure,
            _energy(images) / self.energy,
            _variance(images) / self.variance,
            shares,
        )


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean [k] and covariance [k, k] of features [N, k]."""
    return features.mean(0), np.atleast_2d(np.cov(features, rowvar=False))


def frechet(mean_a: np.ndarray, cov_a: np.ndarray, mean_b: np.ndarray, cov_b: np.ndarray) -> float:
    """‖μ_a − μ_b‖² + tr(C_a + C_b − 2 (C_a C_b)^½) (Dowson & Landau 1982).

    The trace of the root is taken from the eigenvalues of C_a^½ C_b C_a^½, which is symmetric: no complex rounding.
    """
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov_b @ root), 0, None)).sum()
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross)


def _shares(said: np.ndarray) -> np.ndarray:
    return np.bincount(said.argmax(1), minlength=said.shape[1]) / len(said)


def _energy(images: np.ndarray) -> float:
    """Mean squared difference of neighbouring pixels, on [0, 1]."""
    x = images / 255.0
    return float((np.diff(x, axis=1) ** 2).mean() + (np.diff(x, axis=2) ** 2).mean()) or 1e-12


def _variance(images: np.ndarray) -> float:
    return float((images / 255.0).var(0).sum()) or 1e-12


def _components(images: np.ndarray) -> np.ndarray:
    x = images.reshape(len(images), -1) / 255.0
    _, _, rows = np.linalg.svd(x - x.mean(0), full_matrices=False)
    return rows[:PCA_COMPONENTS].T


@lru_cache(maxsize=2)
def for_dataset(images: ImageSet) -> SampleQuality:
    """The yardstick of a data set: training images as reference. A classifier that is not in the cache folder yet is
    trained first, which takes ten or twenty seconds."""
    judge = None
    if classifier.has_classes(images):
        file = classifier.file_of(images)
        judge = classifier.load(file, len(images.classes))
        if judge is None:
            judge = classifier.train(images)
            with contextlib.suppress(OSError):  # a read-only cache costs them again, no more
                classifier.save(judge, file)
    real = images.train_images
    rows = np.linspace(0, len(real) - 1, min(len(real), REFERENCE_IMAGES)).astype(int)
    return SampleQuality(real[rows], judge)


def generate(model: LatentModel, n: int, seed: int = 0) -> np.ndarray:
    """n samples as uint8 [n, 28, 28], the same latents for every model of that size."""
    return codec.decode(model, sampling.draws(model, n, seed))


def evaluation_steps(model: GAN, images: ImageSet, n: int = FINAL_SAMPLES) -> Iterator[dict[str, Any]]:
    """The figures of a GAN on the test set, and of the decoder it came from, in steps: yields an empty dictionary after
    each, all figures at the end. `floor` is the distance at which real training images lie from the test set."""
    test = images.test_images if len(images.test_images) else images.train_images
    stick = for_dataset(images)
    yield {}
    stick = stick.against(test)
    found = []
    few = np.linspace(0, len(images.train_images) - 1, min(n, len(images.train_images))).astype(int)
    floor = stick.measure(images.train_images[few]).frechet
    for one in (model, model.before()) if model.origin is not None else (model,):
        yield {}
        measured = asdict(stick.measure(generate(one, n)))
        shares = measured.pop("shares").tolist()
        measured = {k: v if v == v else None for k, v in measured.items()}  # JSON knows no NaN
        found.append(
            measured
            | {
                "shares": shares,
                "mse": None
                if model.encoder is None
                else metrics.reconstruction_mse(one, convert.to_byte_tensor(test, model.latent_mean.device)),
            }
        )
    before = found[1] if len(found) > 1 else None
    yield found[0] | {"images": len(test), "generated": n, "yardstick": stick.name, "floor": floor, "before": before}

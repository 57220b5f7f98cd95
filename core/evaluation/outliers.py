"""Outlier detection: scores of images under a model, and how well each score separates outliers from test images.

A model of one kind of image should reconstruct others badly and give them a low likelihood. Six scores, each higher
for more unusual images:

    error       mean squared error per pixel of the reconstruction from the posterior mean μ
    objective   the training objective: the negative ELBO with z sampled for Gaussian posteriors, otherwise
                −log p(x | z) + β · (the prior's term) at the point z
    corrected   the objective minus its least value for the image, the entropy of its pixels: the objective favours
                simple images whatever they show (Nalisnick et al. 2019, Serrà et al. 2020). Under a Bernoulli
                likelihood only; the others have the same least value for every image
    typicality  distance of the objective from its mean over validation images: an image may be too likely as well as
                too unlikely (Nalisnick et al. 2019, arXiv:1906.02994, for a set of one image)
    complexity  the objective minus the size of the image as a PNG file, in nats (Serrà et al. 2020, who take bits and
                the smallest of several files). It is their likelihood ratio only where the likelihood is a probability
                of the 256 levels; under a Bernoulli likelihood the size outweighs the objective. Not of squared errors
    baseline    reconstruction error of PCA with 20 components fitted to training images; involves no model
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core import data
from core.data import ImageSet
from core.data.statistics import pixel_entropy
from core.evaluation.outlier_images import OutlierSet
from core.images import convert
from core.recipes.recipe import Recipe
from core.runs import Run, RunError
from core.runs.weights_digest import weights_digest
from core.system import cache
from core.system.content_digest import content_digest
from core.system.progress import Steps

if TYPE_CHECKING:
    from core.models import LatentModel

PCA_COMPONENTS, PCA_TRAINING_IMAGES = 20, 10_000
"""Components of the PCA baseline; training images it is fitted to, at most."""

AT_ONCE = 5_000
"""Images that are projected onto the components at once."""

EPSILON_DRAWS = 4
"""Draws of ε over which an ELBO is averaged; the same for every image, so that no score depends on the other images."""

BASELINE_SHARE = 0.1
"""Share of the scoring that the PCA baseline counts for, which comes last."""

VERSION = "3"
"""Part of the name of cached scores: change it when the meaning of a score changes."""

SCORES = ("error", "objective", "corrected", "typicality", "complexity", "baseline")
"""Names of the scores, as above."""

CORRECTABLE = ("bernoulli",)
"""Likelihoods whose least value depends on the image, so that subtracting it changes the ranking."""


@dataclass(frozen=True, eq=False)
class OutlierScores:
    """Scores of the images of an outlier set.

    Attributes:
        error, objective, baseline: [N] float64, as above.
        floor: least value of the objective for each image, [N]: the entropy of its pixels in nats under a Bernoulli
            likelihood, 0 under the others.
        reconstructions: pictures `uint8` [N, H, W] or [N, H, W, 3].
        seconds: wall-clock time of the scoring.
        size: of each image as a PNG file, in nats, [N]. typical: mean objective of the validation images.
    """

    error: np.ndarray
    objective: np.ndarray
    baseline: np.ndarray
    floor: np.ndarray
    reconstructions: np.ndarray
    seconds: float
    size: np.ndarray
    typical: float

    @property
    def corrected(self) -> np.ndarray:
        """The objective above its least value for each image, [N]."""
        above: np.ndarray = self.objective - self.floor
        return above

    def by(self, score: str) -> np.ndarray:
        """The values of one of `SCORES`."""
        values: dict[str, np.ndarray] = {
            "error": self.error,
            "objective": self.objective,
            "corrected": self.corrected,
            "typicality": np.abs(self.objective - self.typical),
            "complexity": self.objective - self.size,
            "baseline": self.baseline,
        }
        return values[score]


def scores_of(recipe: Recipe) -> tuple[str, ...]:
    """Names of the scores that a run of this recipe has: `corrected` only where it differs from the objective, and
    `complexity` only where the objective is in nats."""
    lacking = {"corrected"} if recipe.likelihood not in CORRECTABLE else set()
    lacking |= {"complexity"} if recipe.likelihood == "mse" else set()
    return tuple(score for score in SCORES if score not in lacking)


def scoring_steps(
    model: LatentModel, recipe: Recipe, images: ImageSet, outlier_set: OutlierSet
) -> Generator[float, None, OutlierScores]:
    """Score an outlier set chunk by chunk: yields the share that is done, 0 to 1; returns the scores.

    With an encoder one pass per chunk; without one each chunk is searched with the decoder frozen (`search.search`).
    Closing the generator ends the search.

    Raises:
        RunError: the scores are not finite (a model that diverged).
    """
    import torch

    from core.latent import encoding
    from core.latent import search as latent_search

    began, n, device = time.perf_counter(), len(outlier_set.images), model.latent_mean.device
    draws = torch.randn(EPSILON_DRAWS, model.latent_dim, generator=torch.Generator().manual_seed(0)).to(device)
    draws = draws if model.variational else draws[:1]
    beta = 1.0 if model.variational else float(model.beta)
    error, objective, reconstructions = [], [], []
    for first in range(0, n, encoding.CHUNK):
        x = convert.to_tensor(outlier_set.images[first : first + encoding.CHUNK], device)
        if model.encoder is None:
            search = Steps(latent_search.search(model, x))
            for step in search:
                yield (1 - BASELINE_SHARE) * (first + len(x) * step.step / step.total) / n
            posterior = search.end().posterior
        else:
            posterior = encoding.encode(model, x)
        with torch.no_grad():
            decoded = model.decode(posterior.mean)
            error.append((decoded - x).square().flatten(1).mean(1).cpu().double().numpy())
            terms = [model.losses_of_each(posterior, posterior.at(draw), x) for draw in draws]
            value = torch.stack([term.recon + beta * term.kl for term in terms]).mean(0)
            objective.append(value.cpu().double().numpy())
            reconstructions.append(convert.to_pictures(decoded))
        yield (1 - BASELINE_SHARE) * min(1.0, (first + len(x)) / n)
    trained, _ = data.split(images, recipe.validation, recipe.train_images)
    every = np.concatenate(objective)
    scores = OutlierScores(
        np.concatenate(error),
        every,
        pca_residual(images.train_images, outlier_set.images, rows=trained),
        pixel_entropy(outlier_set.images) if recipe.likelihood in CORRECTABLE else np.zeros(n),
        np.concatenate(reconstructions),
        time.perf_counter() - began,
        png_nats(outlier_set.images),
        float(every[outlier_set.of("validation")].mean()),
    )
    if not (np.isfinite(scores.error).all() and np.isfinite(scores.objective).all()):
        raise RunError(
            "This model's scores are not finite: its training diverged. Train it again with a lower learning rate, "
            "or choose another run."
        )
    return scores


def png_nats(images: np.ndarray) -> np.ndarray:
    """Size of pictures `uint8` [N, H, W] or [N, H, W, 3] as PNG files, in nats (bits · ln 2), float64 [N]."""
    from PIL import Image

    sizes = np.zeros(len(images))
    for number, picture in enumerate(images):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG", optimize=True)
        sizes[number] = 8 * math.log(2) * file.tell()
    return sizes


def pca_residual(
    train: np.ndarray,
    images: np.ndarray,
    components: int = PCA_COMPONENTS,
    most: int = PCA_TRAINING_IMAGES,
    rows: np.ndarray | None = None,
) -> np.ndarray:
    """Mean squared error per pixel of pictures projected onto principal components (scikit-learn), float64 [N].

    Args:
        train: pictures to fit the components to; at most `most` of them, evenly spread.
        rows: those of `train` that are meant, `int64`; None for all.
    """
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    meant = np.arange(len(train)) if rows is None else rows
    picks = np.linspace(0, len(meant) - 1, min(max(2, len(meant)), most)).astype(int)  # a single image counts twice
    fitted_to = _vectors(train[meant[picks]])
    # OpenBLAS’ threads spin while they wait for each other: on two busy cores the eigenvectors of MNIST took 7 s with
    # two of them and 0.2 s with one. Identical images have no variance to explain: 0 / 0.
    with threadpool_limits(1, "blas"), np.errstate(invalid="ignore"):
        # Both solvers are exact; the one whose matrix is smaller.
        solver = "covariance_eigh" if len(picks) > fitted_to.shape[1] else "full"
        fitted = PCA(min(components, len(picks)), svd_solver=solver).fit(fitted_to)
    parts = (_vectors(images[k : k + AT_ONCE]) for k in range(0, len(images), AT_ONCE))
    residuals = [np.square(x - fitted.inverse_transform(fitted.transform(x))).mean(1, dtype=np.float64) for x in parts]
    return np.concatenate(residuals) if residuals else np.zeros(0)


def _vectors(images: np.ndarray) -> np.ndarray:
    return np.asarray(images.reshape(len(images), -1).astype(np.float32) / 255)


def decision_threshold(validation: np.ndarray, quantile: float) -> float:
    """The smallest validation score that at least this share of the validation images do not exceed.

    Images with a higher score are flagged as outliers. Neither test images nor outliers influence the threshold.
    """
    return float(np.quantile(validation, quantile, method="inverted_cdf"))


def auroc(inliers: np.ndarray, outliers: np.ndarray) -> float:
    """Area under the ROC curve: probability that a random outlier scores higher than a random inlier, ties counting
    half (the Mann-Whitney statistic). NaN where one of the two is empty."""
    from scipy.stats import rankdata

    n, m = len(inliers), len(outliers)
    if not n or not m:
        return float("nan")
    # By the sum of ranks: scikit-learn's checks of its arguments take ten times as long, and a page wants dozens.
    ranks = rankdata(np.concatenate([inliers, outliers]))[n:]
    return float((ranks.sum() - m * (m + 1) / 2) / (n * m))


CONFIDENCE = 0.95
"""Coverage of the intervals of an AUROC."""


def auroc_interval(area: float, inliers: int, outliers: int) -> tuple[float, float]:
    """95 % confidence interval of an AUROC: all values θ with |area − θ| ≤ 1.96 · SE(θ), within [0, 1].

    SE is the standard error of Hanley & McNeil (1982, Radiology 143), taken at θ and not at the estimate (Newcombe
    2006, Statistics in Medicine 25): at an area of 1 the interval is then not empty.

    Args:
        inliers, outliers: numbers of images. NaN for both ends where the area is NaN.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    if np.isnan(area):
        return float("nan"), float("nan")
    z = float(norm.ppf(0.5 + CONFIDENCE / 2))

    def excess(theta: float) -> float:
        return (area - theta) ** 2 - z**2 * _auroc_variance(theta, inliers, outliers)

    tiny = 1e-9  # at 0 and 1 themselves the standard error is 0
    low = brentq(excess, 0.0, min(area, 1 - tiny)) if excess(0.0) > 0 else 0.0
    high = brentq(excess, max(area, tiny), 1.0) if excess(1.0) > 0 else 1.0
    return float(low), float(high)


def _auroc_variance(area: float, inliers: int, outliers: int) -> float:
    """Variance of an AUROC after Hanley & McNeil (1982)."""
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    pairs = area * (1 - area) + (outliers - 1) * (first - area**2) + (inliers - 1) * (second - area**2)
    return pairs / (inliers * outliers)


def roc(inliers: np.ndarray, outliers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ROC curve: (false positive rate, true positive rate) for every threshold from high to low, [m] each."""
    from sklearn.metrics import roc_curve

    truth = np.repeat([0, 1], [len(inliers), len(outliers)])
    false_positives, true_positives, _ = roc_curve(truth, np.concatenate([inliers, outliers]))
    return false_positives, true_positives


@dataclass(frozen=True)
class KindResult:
    """Result of one score for one kind of image.

    Attributes:
        images: their number. flagged: share above the threshold. auroc: against the test images; NaN for validation and
            test images. interval: its 95 % confidence interval.
    """

    kind: str
    images: int
    flagged: float
    auroc: float
    interval: tuple[float, float]


def results_by_kind(values: np.ndarray, outlier_set: OutlierSet, quantile: float) -> list[KindResult]:
    """A result for each kind in the set; `values` [N] is one of its scores."""
    limit = decision_threshold(values[outlier_set.of("validation")], quantile)
    inliers = values[outlier_set.of("test")]
    found = []
    for kind in ("validation", "test", *outlier_set.outliers):
        if len(rows := outlier_set.of(kind)):
            area = auroc(inliers, values[rows]) if kind in outlier_set.outliers else float("nan")
            interval = auroc_interval(area, len(inliers), len(rows))
            found.append(KindResult(kind, len(rows), float((values[rows] > limit).mean()), area, interval))
    return found


def why_typical(score: str, kind: str, scores: OutlierScores, outlier_set: OutlierSet) -> str:
    """Why outliers of a kind score lower than the test images: the part of a sentence after "because", or "" where none
    of the known causes is there.

    A simple image has a high likelihood whatever it shows (Nalisnick et al. 2019), and one of little contrast has a
    small squared error.
    """
    rows, test = outlier_set.of(kind), outlier_set.of("test")
    own, theirs = float(scores.floor[test].mean()), float(scores.floor[rows].mean())
    if score == "objective" and theirs < own:
        return (
            f"the pixels of these images have less entropy ({theirs:.0f} against {own:.0f} nats per image), and "
            "no model can bring the negative log-likelihood of an image below that entropy (Nalisnick et al. 2019)"
        )
    if score == "typicality":
        return "their objective lies nearer to its mean over the validation images"
    if score == "complexity":
        own, theirs = float(scores.size[test].mean()), float(scores.size[rows].mean())
        files = f"their PNG files are larger ({theirs:,.0f} against {own:,.0f} nats), and the score subtracts the size"
        return files if theirs > own else ""
    own, theirs = (float(outlier_set.images[of].reshape(len(of), -1).std(axis=1).mean() / 255) for of in (test, rows))
    if theirs < own:
        return f"these images have less contrast (standard deviation of the pixels {theirs:.2f} against {own:.2f})"
    return ""


def one_class(images: ImageSet, components: int = PCA_COMPONENTS, most: int = PCA_TRAINING_IMAGES) -> np.ndarray:
    """One-class task with PCA: components fitted to the training images of one class separate its test images from
    those of all other classes. AUROC of each class, [C]; NaN for a class with fewer than two training images."""
    areas = []
    for label in range(len(images.classes)):
        rows, own = np.flatnonzero(images.train_labels == label), images.test_labels == label
        if len(rows) < 2:
            areas.append(float("nan"))
            continue
        values = pca_residual(images.train_images, images.test_images, components, most, rows=rows)
        areas.append(auroc(values[own], values[~own]))
    return np.array(areas)


def file_of(run: Run, outlier_set: OutlierSet) -> Path:
    """Path of the cache file for the scores of this set under the run's current weights.

    Raises:
        RunError: the run has no weights.
    """
    recipe = repr(sorted(run.recipe.to_dict().items()))
    contents = (content_digest(outlier_set.images), content_digest(outlier_set.kind))
    return cache.file_of("outliers", cache.digest(VERSION, weights_digest(run), recipe, *contents))


def save(path: Path, scores: OutlierScores) -> bool:
    """Write scores to a cache file; False where the cache folder cannot be written to."""
    names = ("error", "objective", "baseline", "floor", "reconstructions", "size")
    facts = {"seconds": scores.seconds, "typical": scores.typical}
    return cache.save(path, {name: getattr(scores, name) for name in names}, facts)


def load(path: Path, outlier_set: OutlierSet) -> OutlierScores | None:
    """Scores of this set from a cache file; None if the file is missing or damaged."""
    try:
        arrays, facts = cache.load(path) or ({}, {})
        scores = OutlierScores(
            arrays["error"],
            arrays["objective"],
            arrays["baseline"],
            arrays["floor"],
            arrays["reconstructions"],
            float(facts["seconds"]),
            arrays["size"],
            float(facts["typical"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
    n = len(outlier_set.images)
    each = scores.error, scores.objective, scores.baseline, scores.floor, scores.size
    fits = all(values.shape == (n,) for values in each)
    return scores if fits and scores.reconstructions.shape == outlier_set.images.shape else None

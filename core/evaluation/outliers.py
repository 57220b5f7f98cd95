"""Does a model know what it does not know? A score for every image of a bag, and how well the score tells outliers.

A model that learned one kind of image should reconstruct others badly and give them a low likelihood. Three scores,
all of them higher for what is more unusual:

    error       mean squared error per pixel of the reconstruction from the mean μ of the posterior
    objective   what training minimised: the negative ELBO with z sampled (VAE, variational auto-decoder), or
                −log p(x | z) + β · ½‖z‖² at the point z (auto-decoder; an autoencoder has the first term alone)
    baseline    the error of PCA with 20 components fitted to training images, which knows no model at all
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core import data
from core.data import ImageSet
from core.evaluation.outlier_images import OutlierSet
from core.images import convert
from core.images.convert import to_uint8
from core.recipes.recipe import Recipe
from core.runs import Run, RunError, weights
from core.system import cache
from core.system.progress import Steps

if TYPE_CHECKING:
    from core.models import LatentModel

PCA_COMPONENTS, PCA_TRAINING_IMAGES = 20, 10_000
"""Of the PCA baseline, and the training images it is fitted to, at most."""

EPSILON_DRAWS = 4
"""Draws of ε that an ELBO is averaged over, the same for every image: so no image's score depends on the others."""

VERSION = "1"
"""Another one whenever a score changes its meaning: what was kept before is then forgotten."""


@dataclass(frozen=True, eq=False)
class OutlierScores:
    """The scores of a bag's images.

    Attributes:
        error, objective, baseline: [N] float64, as above.
        reconstructions: `uint8` [N, 28, 28].
        seconds: of wall-clock time it took.
    """

    error: np.ndarray
    objective: np.ndarray
    baseline: np.ndarray
    reconstructions: np.ndarray
    seconds: float

    def by(self, score: str) -> np.ndarray:
        """`error`, `objective` or `baseline`."""
        return {"error": self.error, "objective": self.objective, "baseline": self.baseline}[score]


def scoring_steps(
    model: LatentModel, recipe: Recipe, images: ImageSet, bag: OutlierSet
) -> Generator[float, None, OutlierScores]:
    """Score a bag chunk by chunk: yields the part that is done, 0 to 1; the generator returns `Scored`.

    An encoder answers at once; a model without one searches for each image's place with the decoder frozen
    (`search.search`). Closing the generator ends the search.

    Raises:
        RunError: the scores are no numbers (a model that diverged).
    """
    import torch

    from core.latent import encoding
    from core.latent import search as latent_search

    began, n, device = time.perf_counter(), len(bag.images), model.latent_mean.device
    draws = torch.randn(EPSILON_DRAWS, model.latent_dim, generator=torch.Generator().manual_seed(0)).to(device)
    weight = 1.0 if model.variational else float(model.beta)
    error, objective, copies = [], [], []
    for first in range(0, n, encoding.CHUNK):
        x = convert.to_tensor(bag.images[first : first + encoding.CHUNK], device)
        if model.encoder is None:
            search = Steps(latent_search.search(model, x))
            for look in search:
                yield (first + len(x) * look.step / look.total) / n
            posterior = search.result.posterior
        else:
            posterior = encoding.encode(model, x)
        with torch.no_grad():
            copy = model.decode(posterior.mean)
            error.append((copy - x).square().flatten(1).mean(1).cpu().double().numpy())
            terms = [
                model.losses_at(posterior, posterior.at(draw), x)
                for draw in (draws if model.variational else draws[:1])
            ]
            value = torch.stack([term.recon + weight * term.kl for term in terms]).mean(0)
            objective.append(value.cpu().double().numpy())
            copies.append(to_uint8(copy)[:, 0])
        yield min(1.0, (first + len(x)) / n)
    trained, _ = data.split(images, recipe.validation, recipe.train_images)
    baseline = pca_residual(images.train_images[trained], bag.images)
    scored = OutlierScores(
        np.concatenate(error), np.concatenate(objective), baseline, np.concatenate(copies), time.perf_counter() - began
    )
    if not (np.isfinite(scored.error).all() and np.isfinite(scored.objective).all()):
        raise RunError(
            "This model's scores are no numbers: its training diverged. Train it again with a lower "
            "learning rate, or choose another run."
        )
    return scored


def pca_residual(
    train: np.ndarray, images: np.ndarray, components: int = PCA_COMPONENTS, most: int = PCA_TRAINING_IMAGES
) -> np.ndarray:
    """Mean squared error per pixel of the projection on the first principal components (scikit-learn), [N].

    Args:
        train, images: `uint8` [M, 28, 28] and [N, 28, 28]. most: images of `train` that it is fitted to, spread.
    """
    from sklearn.decomposition import PCA

    rows = np.linspace(0, len(train) - 1, min(max(2, len(train)), most)).astype(int)  # one image, twice: its own mean
    with np.errstate(invalid="ignore"):  # of images that are all alike, what each direction explains is 0 / 0
        solver = "covariance_eigh" if len(rows) > 784 else "full"  # both exact; the one whose matrix is smaller
        fitted = PCA(min(components, len(rows)), svd_solver=solver).fit(_flat(train[rows]))
    parts = [_flat(images[k : k + 5_000]) for k in range(0, len(images), 5_000)]
    away = [np.square(x - fitted.inverse_transform(fitted.transform(x))).mean(1, dtype=np.float64) for x in parts]
    return np.concatenate(away) if away else np.zeros(0)


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / 255


def decision_threshold(validation: np.ndarray, quantile: float) -> float:
    """The smallest validation score that at least this share of validation images do not exceed; whatever scores
    higher is flagged. No test image and no outlier has a say in it."""
    return float(np.quantile(validation, quantile, method="inverted_cdf"))


def auroc(inliers: np.ndarray, outliers: np.ndarray) -> float:
    """Area under the ROC curve: how often an outlier, drawn at random, scores higher than an inlier; ties count half
    (the Mann-Whitney statistic). NaN where one of the two is empty."""
    from sklearn.metrics import roc_auc_score

    if not len(inliers) or not len(outliers):
        return float("nan")
    truth = np.repeat([0, 1], [len(inliers), len(outliers)])
    return float(roc_auc_score(truth, np.concatenate([inliers, outliers])))


def roc(inliers: np.ndarray, outliers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(false alarms, outliers found), both as shares, for every threshold from the highest to the lowest, [m]."""
    from sklearn.metrics import roc_curve

    truth = np.repeat([0, 1], [len(inliers), len(outliers)])
    false, found, _ = roc_curve(truth, np.concatenate([inliers, outliers]))
    return false, found


@dataclass(frozen=True)
class KindResult:
    """One kind of a bag under one score: how many images, the share above the threshold, AUROC against test images
    (NaN for validation and test images)."""

    kind: str
    images: int
    flagged: float
    auroc: float


def results_by_kind(values: np.ndarray, bag: OutlierSet, quantile: float) -> list[KindResult]:
    """One verdict for each kind that is in the bag; `values` [N] is one of its scores."""
    line, inliers = decision_threshold(values[bag.of("validation")], quantile), values[bag.of("test")]
    return [
        KindResult(
            kind,
            len(rows),
            float((values[rows] > line).mean()),
            auroc(inliers, values[rows]) if kind in bag.outliers else float("nan"),
        )
        for kind in ("validation", "test", *bag.outliers)
        if len(rows := bag.of(kind))
    ]


def one_class(images: ImageSet, components: int = PCA_COMPONENTS, most: int = PCA_TRAINING_IMAGES) -> np.ndarray:
    """The one-class task with PCA: fitted to the training images of one class alone, how well does the residual tell
    the test images of the other classes? AUROC of each class [C]; NaN where one has too few images."""
    found = []
    for label in range(len(images.classes)):
        train, own = images.train_images[images.train_labels == label], images.test_labels == label
        if len(train) < 2:
            found.append(float("nan"))
            continue
        values = pca_residual(train, images.test_images, components, most)
        found.append(auroc(values[own], values[~own]))
    return np.array(found)


def file_of(run: Run, bag: OutlierSet) -> Path:
    """Where the scores of this bag by the weights of now are kept.

    Raises:
        RunError: there are no weights.
    """
    recipe = repr(sorted(run.recipe.to_dict().items()))
    return cache.file_of(
        "outliers", cache.digest(VERSION, weights.weights_digest(run), recipe, bag.images.tobytes(), bag.kind.tobytes())
    )


def save(path: Path, scored: OutlierScores) -> bool:
    """Keep it; False where the cache folder cannot be written to."""
    return cache.save(
        path,
        {name: getattr(scored, name) for name in ("error", "objective", "baseline", "reconstructions")},
        {"seconds": scored.seconds},
    )


def load(path: Path, bag: OutlierSet) -> OutlierScores | None:
    """What `save` wrote for this bag; None if it is not there or damaged."""
    try:
        arrays, facts = cache.load(path) or ({}, {})
        scored = OutlierScores(
            arrays["error"], arrays["objective"], arrays["baseline"], arrays["reconstructions"], float(facts["seconds"])
        )
    except (KeyError, TypeError, ValueError):
        return None
    n = len(bag.images)
    return (
        scored
        if all(a.shape == (n,) for a in (scored.error, scored.objective, scored.baseline))
        and scored.reconstructions.shape == (n, 28, 28)
        else None
    )

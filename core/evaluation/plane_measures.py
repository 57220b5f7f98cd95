"""Measures of a model with two latent dimensions: how its aggregated posterior q(z) fits the prior p(z) = N(0, I), what
samples are worth, and how well it reconstructs; with the decision regions of a classifier on its plane.

    measures = load(path := file_of(run, images), …) or Steps(measure_steps(model, recipe, images)).end()

All of it is computed from the same images and the same noise for every model: at most `planes.MOST_PLACES` training
images, 1,000 samples, and the test images on which the lab evaluates every model.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data import ImageSet
from core.latent import aggregated, codec, planes, sampling
from core.latent.planes import Coverage, Regions
from core.recipes.recipe import Recipe
from core.runs import Run
from core.runs.weights_digest import weights_digest
from core.system import cache
from core.system.progress import Steps

if TYPE_CHECKING:
    from core.evaluation.classifier import Classifier
    from core.models import LatentModel

SAMPLES = 1_000
"""Samples of each distribution that are given to the classifier."""

REGION_SIDE = 41
"""Pictures along one side of a plane that are given to the classifier."""

VERSION = "1"
"""Part of the name of cached measures: change it when the meaning of a measure changes."""

KEPT = 80
"""Files of measures kept in the cache."""


@dataclass(frozen=True, eq=False)
class PlaneMeasures:
    """Measures of one model.

    Attributes:
        latents: number of training images they are computed from.
        spread: standard deviation of μ along z₀ and z₁. total_spread: that of z ~ q(z), larger by σ.
        inside: shares of z ~ q(z) within the circles that hold `aggregated.QUANTILES` of N(0, I).
        mmd: squared maximum mean discrepancy of q(z) and N(0, I) (`aggregated.mmd`).
        prior, fitted: how samples drawn from N(0, I) and from the Gaussian fitted to μ are classified; None without
            classes. real: share of test images that are confidently classified.
        error: mean squared error per pixel of test images reconstructed from μ, on grey levels from 0 to 1; of
            validation images where there are no test images, None without either. images: number of them.
            held_out: `test` or `validation`.
        active: number of active units: dimensions with a KL of 0.01 nats or more, or where posteriors are points,
            with a variance of μ above 0.01 (Burda et al. 2016).
        regions: decision regions of the classifier on the window of the latents; None without classes.
    Numbers that cannot be computed, such as those of a single image, are NaN.
    """

    latents: int
    spread: tuple[float, ...]
    total_spread: tuple[float, ...]
    inside: tuple[float, ...]
    mmd: float
    prior: Coverage | None
    fitted: Coverage | None
    real: float | None
    error: float | None
    images: int
    held_out: str
    active: int
    regions: Regions | None

    @property
    def outside(self) -> float:
        """Share of z ~ q(z) outside the circle that holds 99 % of N(0, I)."""
        return 1.0 - self.inside[-1]


def measure_steps(model: LatentModel, recipe: Recipe, images: ImageSet) -> Generator[float, None, PlaneMeasures]:
    """Measure a model with two latent dimensions: yields the share that is done, 0 to 1.

    The classifier of the images is taken from the cache, or trained first.
    """
    from core.evaluation import classifier, metrics

    judge = None
    if classifier.has_classes(images):
        training = Steps(classifier.cached_steps(images))
        for share in training:
            yield 0.6 * share
        judge = training.end()
    yield 0.6
    found = planes.places(model, recipe, images)
    test, labels, held_out = _held_out(model, recipe, images)
    figures: dict[str, Any] = {}
    if len(test):
        scoring = Steps(metrics.evaluation_steps(model, test, labels=labels))
        for share in scoring:
            yield 0.6 + 0.35 * share
        figures = scoring.end()
    z = found.draws
    noise = sampling.prior(min(len(z), aggregated.MMD_POINTS), 2, seed=1)
    measures = PlaneMeasures(
        latents=len(z),
        spread=_deviation(found.mean),
        total_spread=_deviation(z),
        inside=aggregated.shares_inside(z),
        mmd=aggregated.mmd(z[: aggregated.MMD_POINTS], noise),
        prior=None,
        fitted=None,
        real=None,
        error=figures.get("mse"),
        images=len(test),
        held_out=held_out,
        active=_active(model, found.mean, figures),
        regions=None,
    )
    return measures if judge is None else replace(measures, **_judged(model, found.mean, images, judge))


def _judged(model: LatentModel, mean: np.ndarray, images: ImageSet, judge: Classifier) -> dict[str, Any]:
    """What the classifier says of samples, of real test images, and of the pictures on the plane."""
    noise = sampling.prior(SAMPLES, model.latent_dim, seed=0)
    drawn = sampling.from_prior(model, noise), sampling.from_fitted_gaussian(model, noise)
    prior, own = (planes.coverage(judge.probabilities(codec.decode(model, z))) for z in drawn)
    real = planes.coverage(judge.probabilities(images.test_images)).sure if len(images.test_images) else None
    regions = None
    if not model.family.conditional:  # whose classes do not divide the plane: each can be drawn everywhere
        grid = planes.lattice(*planes.window(mean), REGION_SIDE)
        regions = planes.regions(judge.probabilities(codec.decode(model, grid)), REGION_SIDE)
    return {"prior": prior, "fitted": own, "real": real, "regions": regions}


def _held_out(model: LatentModel, recipe: Recipe, images: ImageSet) -> tuple[np.ndarray, np.ndarray, str]:
    """Images that the model was not trained on, and their labels: test images, else validation images."""
    from core import data
    from core.evaluation import metrics

    if len(images.test_images):
        return metrics.test_images(model, images), images.test_labels[metrics.test_rows(model, images)], "test"
    _, validation = data.split(images, recipe.validation, recipe.train_images)
    rows = validation[: metrics.SEARCHED_TEST_IMAGES]
    return images.train_images[rows], images.train_labels[rows], "validation"


def _deviation(z: np.ndarray) -> tuple[float, ...]:
    """Standard deviation along each axis."""
    return tuple(float(x) for x in np.asarray(z, np.float64).std(0)) if len(z) else (math.nan, math.nan)


def _active(model: LatentModel, mean: np.ndarray, figures: dict[str, Any]) -> int:
    from core.evaluation import metrics
    from core.latent.axes import DEAD_BELOW

    if model.variational:
        return int(figures.get("active_units", metrics.active_units(model.kl_per_dim.cpu().numpy())))
    return int((np.asarray(mean, np.float64).var(0) > DEAD_BELOW).sum()) if len(mean) else 0


def file_of(run: Run, images: ImageSet) -> Path:
    """Path of the cache file for the measures of a run's current weights on its images.

    Raises:
        RunError: the run has no weights.
    """
    from core.evaluation import classifier

    recipe = repr(sorted(run.recipe.to_dict().items()))
    judged = classifier.file_of(images).name  # changes whenever the images or the classifier do
    return cache.file_of("planes", cache.digest(VERSION, weights_digest(run), recipe, judged))


def save(path: Path, measures: PlaneMeasures) -> bool:
    """Write measures to a cache file; False where the cache folder cannot be written to."""
    parts = measures.regions
    arrays = {} if parts is None else {"labels": parts.labels, "sure": parts.sure, "names": parts.names}
    facts = {name: value for name, value in asdict(replace(measures, regions=None)).items() if name != "regions"}
    return cache.save(path, arrays, facts, KEPT)


def load(path: Path) -> PlaneMeasures | None:
    """Measures from a cache file; None if the file is missing or damaged."""
    if (entry := cache.load(path)) is None:
        return None
    arrays, facts = entry
    try:
        for name in ("prior", "fitted"):
            facts[name] = None if facts[name] is None else Coverage(**facts[name])
        for name in ("spread", "total_spread", "inside"):
            facts[name] = tuple(float(x) for x in facts[name])
        regions = Regions(arrays["labels"], arrays["sure"], arrays["names"]) if arrays else None
        found = PlaneMeasures(**facts, regions=regions)
    except (KeyError, TypeError, ValueError):
        return None
    shapes = () if regions is None else (regions.labels.shape, regions.sure.shape)
    fits = all(shape == (REGION_SIDE, REGION_SIDE) for shape in shapes) and len(found.inside) == 3
    return found if fits and len(found.spread) == len(found.total_spread) == 2 else None


SIMILAR = 0.05
"""Confident shares that differ by less are called about equal: 1,000 samples have a standard error of up to 0.016."""


CLOSE = 0.07
"""Relative difference of two errors below which they are called about equal: on test images of the digits, four seeds
of `plane-ae` had errors from 0.0276 to 0.0294, three of `plane-vae` from 0.0276 to 0.0279."""


def findings(rows: Sequence[tuple[str, PlaneMeasures]]) -> list[str]:
    """What the measures of some models say, one sentence each, true for whatever was measured.

    Args:
        rows: names of the models, as Markdown, with their measures.
    """
    said = [_of_classes(rows), _of_distance(rows), *_of_samples(rows), _of_error(rows)]
    return [sentence for sentence in said if sentence]


def two_digits(value: float) -> str:
    """A measure with two significant digits, zeros included, and a typographic minus; a dash for NaN."""
    if math.isnan(value):
        return "–"
    rounded = float(f"{value:.2g}")
    digits = max(0, 1 - math.floor(math.log10(abs(rounded)))) if rounded else 0
    return f"{rounded:.{digits}f}".replace("-", "−")


def percent(share: float) -> str:
    """A share in whole percent, with one decimal below 10 %; a dash for NaN."""
    return "–" if math.isnan(share) else f"{100 * share:.{1 if share < 0.0995 else 0}f} %"


def _of_classes(rows: Sequence[tuple[str, PlaneMeasures]]) -> str:
    """The fewest and the most classes among samples of the prior; of several models with the most the surest one."""
    judged = [(name, m.prior) for name, m in rows if m.prior is not None]
    if not judged:
        return ""
    narrow, few = min(judged, key=lambda row: (row[1].classes, row[1].sure))
    wide, most = max(judged, key=lambda row: (row[1].classes, row[1].sure))
    if few.classes == most.classes:
        alike = " in every model" if len(judged) > 1 else f" in **{wide}**"
        return f"Samples from N(0, I) cover {_classes(most)}{alike}."
    return (
        f"Samples from N(0, I) cover **only {few.classes} of {few.of} classes** in **{narrow}** and "
        f"{_classes(most)} in **{wide}**."
    )


def _classes(found: Coverage) -> str:
    whole = found.classes == found.of
    return f"all {found.of} classes" if whole else f"{found.classes} of {found.of} classes"


def _of_distance(rows: Sequence[tuple[str, PlaneMeasures]]) -> str:
    known = sorted(((m.mmd, name, m) for name, m in rows if not math.isnan(m.mmd)), key=lambda row: row[0])
    if not known:
        return ""
    expected = "of its z outside the circle that holds 99 % of N(0, I)"
    described = [f"**{name}** (MMD² {two_digits(mmd)}, {percent(m.outside)} {{}})" for mmd, name, m in known]
    if len(known) == 1:
        mmd, name, m = known[0]
        return f"**{name}** has an MMD² of {two_digits(mmd)} to N(0, I), and {percent(m.outside)} {expected}."
    if two_digits(known[0][0]) == two_digits(known[-1][0]):
        return f"In all models q(z) is equally close to N(0, I): MMD² {two_digits(known[0][0])}."
    near, far = described[0].format(expected), described[-1].format("of its z outside")
    return f"q(z) is closest to N(0, I) in {near} and furthest in {far}."


def _of_samples(rows: Sequence[tuple[str, PlaneMeasures]]) -> list[str]:
    judged = [(name, m.prior, m.fitted) for name, m in rows if m.prior is not None and m.fitted is not None]
    if not judged:
        return []
    name, prior, fitted = max(judged, key=lambda row: row[2].sure - row[1].sure)
    gap, said = fitted.sure - prior.sure, []
    if gap >= SIMILAR:
        said.append(
            f"Samples of **{name}** are confident in {percent(prior.sure)} of the cases when z is drawn from N(0, I), "
            f"and in {percent(fitted.sure)} when it is drawn from the Gaussian fitted to its latents."
        )
    elif len(judged) > 1:
        said.append("No model gains more than five points of confident samples from a Gaussian fitted to its latents.")
    if len(judged) > 1:
        most = percent(max(prior.sure for _, prior, _ in judged))
        best = [(name, prior) for name, prior, _ in judged if percent(prior.sure) == most]
        classes = f", {_classes(best[0][1])}" if len({_classes(prior) for _, prior in best}) == 1 else ""
        names = [f"**{name}**" for name, _ in best]
        have = f"{names[0]} has" if len(best) == 1 else f"{', '.join(names[:-1])} and {names[-1]} have"
        said.append(f"Under N(0, I), {have} the most confident samples ({most}{classes}).")
    return said


def _of_error(rows: Sequence[tuple[str, PlaneMeasures]]) -> str:
    known = sorted((m.error, name) for name, m in rows if m.error is not None and not math.isnan(m.error))
    if len(known) < 2:
        return ""
    (low, best), (high, worst) = known[0], known[-1]
    if f"{low:.3g}" == f"{high:.3g}":
        return "All reconstruct held-out images equally well."
    if high < (1 + CLOSE) * low:
        return (
            f"Held-out images are reconstructed about equally well: the squared error is {low:.3g} for **{best}** and "
            f"{high:.3g} for **{worst}**. A difference as small can come from the seed alone."
        )
    return (
        f"Held-out images are reconstructed best by **{best}** (squared error {low:.3g}) and worst by **{worst}** "
        f"({high:.3g})."
    )

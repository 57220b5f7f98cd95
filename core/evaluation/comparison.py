"""Comparison of runs by one evaluation: the measures, one record each, and the table that they form.

A row is a run, or all runs that differ in nothing but the seed. A value is marked as the best of its column only where
it is better than every other one by more than twice the standard error of the difference. That error comes

- of two single runs from the same test images, image by image, where the measure is a mean over images: how hard an
  image is for both of them then cancels;
- of two single runs from the errors of both values elsewhere;
- from the spread over runs where a row holds several: of a single run beside it the spread is taken to be the same.

Runs are measured in `comparison_run.py`. Nothing here imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, stdev
from typing import Any, Literal

import numpy as np

from core.recipes.likelihoods import OF_LEVELS
from core.recipes.recipe import Recipe
from core.runs import Run, figures
from core.runs.shown_weights import shown_evaluation, shown_weights

IMAGES = 1_000
"""Test images on which runs are compared one by one, every class in proportion, and whose latents are classified."""

LATENTS = 5_000
"""Training images whose latents the classifiers of latents learn from."""

SAMPLES = 128
"""Samples of z per image for the importance-weighted bound."""

BOUND_IMAGES = 200
"""Test images of the importance-weighted bound."""

NEIGHBOURS = 10
"""Neighbours that vote on the class of an image."""

ERRORS = 2.0
"""Standard errors by which the best value has to differ from every other one to be marked."""

NONE = "—"
"""Stands in the place of a value that does not exist."""


@dataclass(frozen=True)
class Value:
    """One measured value.

    Attributes:
        error: its standard error; 0 for a count that has none, None where it is not known.
        n: number of images, samples or repetitions that it comes from; 0 where there are none to be named.
    """

    value: float
    error: float | None = None
    n: int = 0


@dataclass(frozen=True)
class Measure:
    """One measure of a trained model.

    Attributes:
        key: name in files and addresses. name, unit: of its column.
        better: whether lower or higher values are better; empty where neither is.
        about: what it is, in one sentence. noise: where its ± comes from, in one sentence.
        kind: how numbers of it are written. scale: factor from the value to the number that is shown.
        absent: why it does not apply to a recipe, in one sentence; empty where it does.
        scale_of: runs can be compared by it where this is equal.
    """

    key: str
    name: str
    unit: str
    better: Literal["lower", "higher", ""]
    about: str
    noise: str
    kind: Literal["significant", "tenths", "count", "whole"] = "significant"
    scale: float = 1.0
    absent: Callable[[Recipe], str] = field(default=lambda recipe: "", repr=False)
    scale_of: Callable[[Recipe], Hashable] = field(default=lambda recipe: None, repr=False)

    def text(self, value: float) -> str:
        """A value as it is shown, without its unit."""
        return f"{self.scale * value:,.{self.decimals(value)}f}"

    def spread_text(self, spread: float, value: float) -> str:
        """The ± of a value, with the decimals of that value, or as many more as it takes to show a digit."""
        shown = self.scale * spread
        decimals = self.decimals(value) if self.kind != "count" else 1
        least = 0 if not shown else -math.floor(math.log10(shown))
        return f"{shown:,.{max(decimals, min(least, 6))}f}"

    def decimals(self, value: float) -> int:
        """Number of decimals that a value is shown with."""
        if self.kind == "count":
            return 0 if value == round(value) else 1
        if self.kind in ("tenths", "whole"):
            return int(self.kind == "tenths")
        shown = abs(self.scale * value)
        return max(0, 2 - math.floor(math.log10(shown))) if shown >= 1e-6 else 2


def _no_latents(recipe: Recipe) -> str:
    if recipe.family.adversarial and not recipe.has_encoder:
        return "This GAN has no encoder: images have no latents."
    return ""


def _no_bound(recipe: Recipe) -> str:
    if not recipe.family.variational:
        return f"An image is no Gaussian in the latent space of this {recipe.family.abbreviation}: there is no ELBO."
    if figures.unit(recipe) != figures.NATS:
        return "The squared error is no likelihood: without one there is no ELBO."
    return ""


def _no_bits(recipe: Recipe) -> str:
    if _no_bound(recipe):
        return _no_bound(recipe)
    if recipe.likelihood not in OF_LEVELS:
        return f"The likelihood {recipe.likelihood} is no probability of the 256 levels of a pixel."
    return ""


def _no_scale(recipe: Recipe) -> str:
    if missing := _no_latents(recipe):
        return missing
    source = recipe.latent_family
    if source is not None and not source.prior:
        return "Nothing gives the latents of this model a scale: no fixed variance tells which are active."
    return ""


def _likelihood(recipe: Recipe) -> str:
    """Likelihoods whose values are on one scale: those of a density of pixels are, whatever σ is."""
    return recipe.likelihood.partition("-")[0]


PER_IMAGE = "± is the standard error over all test images; two runs are compared image by image."
OF_CLASSES = f"{LATENTS:,} training images, every class in proportion; tested on {IMAGES:,} test images"

MEASURES = (
    Measure(
        "mse",
        "Test MSE",
        "per pixel",
        "lower",
        "Mean squared error of test images reconstructed from the posterior mean, on grey levels from 0 to 1.",
        PER_IMAGE,
        absent=_no_latents,
    ),
    Measure(
        "negative_elbo",
        "−ELBO",
        "nats",
        "lower",
        "Reconstruction + KL of test images at weight 1, whatever β was, with z drawn from the posterior.",
        PER_IMAGE,
        kind="tenths",
        absent=_no_bound,
        scale_of=_likelihood,
    ),
    Measure(
        "bound",
        "Importance-weighted bound",
        f"nats, k = {SAMPLES}",
        "lower",
        f"Bound on −log p(x) from {SAMPLES} samples of z per image; by how much it lies below the −ELBO is the "
        "posterior’s fault, not the model’s (Burda et al. 2016).",
        f"The distance to the −ELBO is measured on {BOUND_IMAGES} test images; ± holds the errors of both.",
        kind="tenths",
        absent=_no_bound,
        scale_of=_likelihood,
    ),
    Measure(
        "bits_per_dim",
        "Bits per dimension",
        "bits",
        "lower",
        "The −ELBO in bits per pixel and channel: what a code built from the model would need, where 8 bits store the "
        "image as it is.",
        PER_IMAGE,
        absent=_no_bits,
    ),
    Measure(
        "frechet",
        "Fréchet distance",
        "",
        "lower",
        "Distance of samples to test images in the features of the lab's own classifier; it depends on the number of "
        "samples and on the classifier, so compare it only within this table.",
        "± is a jackknife over ten parts of the samples.",
        kind="tenths",
    ),
    Measure(
        "frechet_floor",
        "Fréchet distance, true latents",
        "",
        "lower",
        "The same for decoded latents of training images, each drawn from its posterior: what the best sampler of "
        "latents could reach with this decoder.",
        "± is a jackknife over ten parts of the images.",
        kind="tenths",
        absent=_no_latents,
    ),
    Measure(
        "modes",
        "Classes covered",
        "",
        "higher",
        "Classes that have at least a tenth of their share among the samples that the classifier is sure of.",
        "No ± is known of a single run.",
        kind="count",
    ),
    Measure(
        "active_units",
        "Active units",
        "",
        "",
        "Latent dimensions whose posterior mean varies over the images: variance above 0.01 (Burda et al. 2016).",
        "A count over training images; its noise is not known.",
        kind="count",
        absent=_no_scale,
    ),
    Measure(
        "probe",
        "Linear probe",
        "%",
        "higher",
        "Accuracy of a linear classifier (logistic regression) that tells the class from the posterior mean, in a "
        "conditional family without the class itself.",
        f"Learned from {OF_CLASSES}, of which ± is the standard error.",
        kind="tenths",
        scale=100.0,
        absent=_no_latents,
    ),
    Measure(
        "neighbours",
        f"{NEIGHBOURS}-NN",
        "%",
        "higher",
        f"Accuracy of the majority of the {NEIGHBOURS} training images with the nearest posterior means.",
        f"Among {OF_CLASSES}, of which ± is the standard error.",
        kind="tenths",
        scale=100.0,
        absent=_no_latents,
    ),
    Measure(
        "mig",
        "MIG",
        "",
        "higher",
        "1 where each known factor of the images is told by one latent dimension alone, 0 where two tell it equally "
        "well (Chen et al. 2018).",
        "No ± is known of a single run: compare several seeds.",
        absent=_no_latents,
    ),
    Measure(
        "dci",
        "DCI",
        "",
        "higher",
        "Disentanglement: 1 where each latent dimension tells a single known factor, 0 where each tells all alike "
        "(Eastwood & Williams 2018).",
        "No ± is known of a single run: compare several seeds.",
        absent=_no_latents,
    ),
    Measure(
        "parameters",
        "Parameters",
        "",
        "lower",
        "Numbers that training has set, a latent table included.",
        "A count without noise.",
        kind="count",
    ),
    Measure(
        "seconds",
        "Training",
        "s",
        "lower",
        "Seconds that the training took on the machine where it ran, as busy as that was.",
        "No ± is known of a single run.",
        kind="whole",
    ),
    Measure(
        "encode_ms",
        "Encode",
        "ms",
        "lower",
        "Milliseconds to find the latents of one image, by the encoder or by a search: warm, median, one thread of "
        "this computer's processor.",
        "± is half the range of the medians of several rounds.",
        absent=_no_latents,
    ),
    Measure(
        "decode_ms",
        "Decode",
        "ms",
        "lower",
        "Milliseconds to decode one latent vector: warm, median, one thread of this computer's processor.",
        "± is half the range of the medians of several rounds.",
    ),
)
"""All measures in the order of their columns."""

BY_KEY = {measure.key: measure for measure in MEASURES}

FROM_EVALUATION = ("mse", "negative_elbo", "bits_per_dim", "mig", "dci")
"""Measures whose values are taken from a run's `evaluation.json` where it has them."""


@dataclass(frozen=True, eq=False)
class Entry:
    """What is known of one run.

    Attributes:
        values: by the measure's key. reasons: why a measure has no value, one sentence each.
        each: values of single test images [n], NaN where an image has none, by the measure's key; rows are the same for
            all runs with an equal `images`, a digest of these images.
        pending: whether more is being measured.
    """

    name: str
    recipe: Recipe
    values: Mapping[str, Value]
    reasons: Mapping[str, str] = field(default_factory=dict)
    each: Mapping[str, np.ndarray] = field(default_factory=dict)
    images: str = ""
    pending: bool = False

    def reason(self, measure: Measure) -> str:
        """Why there is no value of a measure; empty where there is one, or will be."""
        return self.reasons.get(measure.key, "") or measure.absent(self.recipe)


@dataclass(frozen=True)
class Cell:
    """A value in the table.

    Attributes:
        value: None where there is none. spread: its ±, of a single run the standard error, of several the standard
            deviation over runs; None where it is not known. n: of a single run as `Value.n`, of several their number.
        reason: why there is no value. pending: whether it is being measured.
    """

    value: float | None = None
    spread: float | None = None
    n: int = 0
    reason: str = ""
    pending: bool = False

    def text(self, measure: Measure) -> str:
        """The value as it is shown, without its spread."""
        if self.value is None:
            return "…" if self.pending else NONE
        return measure.text(self.value)

    def spread_text(self, measure: Measure) -> str:
        """The spread as it is shown; empty where there is none."""
        if self.value is None or not self.spread:
            return ""
        return measure.spread_text(self.spread, self.value)


@dataclass(frozen=True)
class Row:
    """One run, or several that differ in the seed alone."""

    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        """Name of the run; of several the first one's name and how many there are."""
        first = self.entries[0].name
        return first if len(self.entries) == 1 else f"{first} and {len(self.entries) - 1} more seeds"

    @property
    def recipe(self) -> Recipe:
        """Recipe of the runs; of several that of the first."""
        return self.entries[0].recipe

    def cell(self, measure: Measure) -> Cell:
        """The value of a measure."""
        if missing := measure.absent(self.recipe):
            return Cell(reason=missing)
        found = [value for entry in self.entries if (value := entry.values.get(measure.key)) is not None]
        if not found:
            reason = next((reason for entry in self.entries if (reason := entry.reason(measure))), "")
            return Cell(reason=reason, pending=not reason and any(entry.pending for entry in self.entries))
        if len(self.entries) == 1:
            return Cell(found[0].value, found[0].error, found[0].n)
        numbers = [value.value for value in found]
        return Cell(mean(numbers), stdev(numbers) if len(numbers) > 1 else None, len(numbers))


def known(run: Run) -> dict[str, Value]:
    """Values that a run's own files have: of the evaluation of the weights that are shown, and of its training."""
    found, status = shown_evaluation(run) or {}, run.status
    values, n = {}, int(number(found.get("images")) or 0)
    current = _of_shown_weights(run, found)
    for key in FROM_EVALUATION:
        value = number(found.get(key))
        if current and value is not None and not BY_KEY[key].absent(run.recipe):
            values[key] = Value(value, None, n)
    for key, error in (("parameters", 0.0), ("seconds", None)):
        if (value := number(status.get(key))) is not None and value > 0:
            values[key] = Value(value, error)
    return values


def _of_shown_weights(run: Run, found: Mapping[str, Any]) -> bool:
    """Whether an evaluation is one of the weights that are shown now: a run may have been trained on since."""
    epoch, best = number(found.get("epoch")), number(run.status.get("best_epoch"))
    last = shown_weights(run) == "last"  # of which `shown_evaluation` is
    return last or epoch is None or best is None or math.isclose(epoch, best, abs_tol=1e-6)


def number(value: Any) -> float | None:
    """A finite number of a file; None for anything else."""
    sound = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if sound else None


def rows(entries: Sequence[Entry], by_seed: bool = False) -> list[Row]:
    """The rows of the table in the order of the entries; `by_seed`: runs that differ in the seed alone share one."""
    if not by_seed:
        return [Row((entry,)) for entry in entries]
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(_but_seed(entry.recipe), []).append(entry)
    return [Row(tuple(group)) for group in groups.values()]


def _but_seed(recipe: Recipe) -> str:
    """All settings of a recipe but its seed and its name, as a text."""
    return repr(sorted((name, value) for name, value in recipe.to_dict().items() if name not in ("seed", "name")))


def has_seeds(entries: Sequence[Entry]) -> bool:
    """Whether some of the runs differ in the seed alone."""
    return len(rows(entries, by_seed=True)) < len(entries)


def sort(table: Sequence[Row], key: str, descending: bool = False) -> list[Row]:
    """The rows by one measure, or by their names for any other key; rows without a value come last either way, and
    equal ones stay in their order."""
    measure = BY_KEY.get(key)
    if measure is None:
        return sorted(table, key=lambda row: row.name, reverse=descending)
    values = [row.cell(measure).value for row in table]
    with_value = [(value, place) for place, value in enumerate(values) if value is not None]
    order = sorted(with_value, key=lambda pair: (-pair[0] if descending else pair[0], pair[1]))
    return [table[place] for _, place in order] + [
        row for row, value in zip(table, values, strict=True) if value is None
    ]


def best(table: Sequence[Row], measure: Measure) -> Row | None:
    """The row whose value is better than every other one by more than the noise; None where there is none: no two rows
    have values, they are not on one scale, or no noise is known."""
    having = [row for row in table if row.cell(measure).value is not None]
    if not measure.better or len(having) < 2 or len({measure.scale_of(row.recipe) for row in having}) > 1:
        return None
    sign = 1.0 if measure.better == "lower" else -1.0
    top = min(having, key=lambda row: sign * (row.cell(measure).value or 0.0))
    others = [row for row in having if row is not top]
    return top if all(_differ(top, other, measure) for other in others) else None


def _differ(a: Row, b: Row, measure: Measure) -> bool:
    """Whether two rows differ by more than `ERRORS` standard errors of the difference."""
    one, two = a.cell(measure), b.cell(measure)
    error = error_of_difference(a, b, measure)
    assert one.value is not None and two.value is not None
    return error is not None and abs(one.value - two.value) > ERRORS * error


def error_of_difference(a: Row, b: Row, measure: Measure) -> float | None:
    """Standard error of the difference of two rows' values; None where it is not known."""
    one, two = a.cell(measure), b.cell(measure)
    several = [cell.spread for row, cell in ((a, one), (b, two)) if len(row.entries) > 1]
    if several:
        spreads = [spread for spread in several if spread is not None]
        if not spreads:
            return None
        usual = max(spreads)  # also of a single run, whose own spread over seeds is not known
        return math.hypot(*(_error_of_mean(row, cell, usual) for row, cell in ((a, one), (b, two))))
    if (paired := _paired_error(a.entries[0], b.entries[0], measure)) is not None:
        return paired
    return None if one.spread is None or two.spread is None else math.hypot(one.spread, two.spread)


def _error_of_mean(row: Row, cell: Cell, usual: float) -> float:
    """Standard error of a row's mean over its runs, by its own spread or the usual one."""
    if len(row.entries) < 2 or cell.spread is None:
        return usual
    return cell.spread / math.sqrt(cell.n)


def _paired_error(a: Entry, b: Entry, measure: Measure) -> float | None:
    """Standard error of the mean difference over the same images; None where the values are not of the same images."""
    one, two = a.each.get(measure.key), b.each.get(measure.key)
    if one is None or two is None or not a.images or a.images != b.images or one.shape != two.shape:
        return None
    difference = (one - two)[np.isfinite(one - two)]
    counts = {value.n for entry in (a, b) if (value := entry.values.get(measure.key)) is not None}
    if len(difference) < 2 or len(counts) > 1:
        return None
    return float(difference.std(ddof=1) / math.sqrt(max(*counts, len(difference))))

"""Measures by which runs are compared, one record each: name, unit, direction, explanation, noise.

Nothing here imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Literal

from core.recipes.likelihoods import OF_LEVELS
from core.recipes.recipe import Recipe
from core.runs import figures

IMAGES = 1_000
"""Test images on which runs are compared one by one, every class in proportion, and whose latents are classified."""

LATENTS = 5_000
"""Training images whose latents the classifiers of latents learn from."""

SAMPLES, MOST_SAMPLES = 128, 5_000
"""Samples of z per image for the importance-weighted bound, at first and at most."""

BOUND_IMAGES = 200
"""Test images of the importance-weighted bound."""

NEIGHBOURS = 10
"""Neighbours that vote on the class of an image."""


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
        of_elbo: whether it is the ELBO, or comes from it: of models that are told the class, it is another quantity.
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
    of_elbo: bool = False

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

OF_CLASSES = (
    f"the run's training images, {LATENTS:,} at most, every class in proportion; tested on the test images, {IMAGES:,} "
    "at most"
)


def _bound(samples: int) -> Measure:
    """The importance-weighted bound with that number of samples."""
    return Measure(
        "bound",
        "Importance-weighted bound",
        f"nats, k = {samples:,}",
        "lower",
        f"Bound on −log p(x), in a conditional family on −log p(x | y), from {samples:,} samples of z per image; by "
        "how much it lies below the −ELBO is the posterior’s fault, not the model’s (Burda et al. 2016).",
        f"The distance to the −ELBO is measured on {BOUND_IMAGES} test images; ± holds the errors of both.",
        kind="tenths",
        absent=_no_bound,
        scale_of=_likelihood,
        of_elbo=True,
    )


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
        of_elbo=True,
    ),
    _bound(SAMPLES),
    Measure(
        "bits_per_dim",
        "Bits per dimension",
        "bits",
        "lower",
        "The −ELBO in bits per pixel and channel: what a code built from the model would need, where 8 bits store the "
        "image as it is.",
        PER_IMAGE,
        absent=_no_bits,
        of_elbo=True,
    ),
    Measure(
        "frechet",
        "Fréchet distance",
        "",
        "lower",
        "Distance of samples to test images in the features of the lab's own classifier; it depends on the classifier, "
        "and the fewer images there are, the larger it comes out, so compare it only within this table.",
        "± is a jackknife over ten parts of the samples.",
        kind="tenths",
    ),
    Measure(
        "kid",
        "KID",
        "",
        "lower",
        "Kernel distance of samples to test images in the same features (Bińkowski et al. 2018); the number of images "
        "does not bias it: 0 is expected of equal distributions, and single values may lie below 0.",
        "± is a jackknife over ten blocks of samples and test images.",
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
        "Numbers that are learned in training, a latent table included.",
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


def measures(samples: int) -> tuple[Measure, ...]:
    """All measures, with the importance-weighted bound of that number of samples."""
    return tuple(_bound(samples) if measure.key == "bound" else measure for measure in MEASURES)


BY_KEY = {measure.key: measure for measure in MEASURES}

FROM_EVALUATION = ("mse", "negative_elbo", "bits_per_dim", "mig", "dci")
"""Measures whose values are taken from a run's `evaluation.json` where it has them."""

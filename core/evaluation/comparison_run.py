"""Measuring of one run for the comparison of runs: what its latents and reconstructions are worth, and its samples.

    facts = load_facts(facts_file(run, images)) or Steps(fact_steps(run, model, images)).end()
    samples = load_samples(samples_file(run, images, source)) or Steps(sample_steps(run, model, images, source)).end()

Both are kept in the cache under the digest of weights and images; samples once for each sampler. All runs on the same
images are measured on the same ones of them: `comparison.IMAGES` test images, one by one, so that differences between
runs can be told from the noise of the images. Values that `evaluation.json` has are not computed again; of them the
images here only tell the error.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import data
from core.data import ImageSet
from core.evaluation import comparison
from core.evaluation.comparison import Entry, Value, number
from core.latent import codec, mixture
from core.priors import samplers as learned
from core.priors import store
from core.priors.kinds import KINDS
from core.runs import Run, figures
from core.runs.shown_weights import shown_weights
from core.runs.weights_digest import weights_digest
from core.system import cache
from core.system.progress import Steps

if TYPE_CHECKING:
    from core.evaluation.sample_quality import SampleQuality
    from core.models import LatentModel, Posterior

VERSION = "comparison 1"

KEPT = 200
"""Results of either kind in the cache, at most."""

SHOWN = 10
"""Test images whose reconstructions are kept."""

SHOWN_SAMPLES = 16
"""Samples that are kept: the first of those that are measured."""

SEED = 0
"""Of the noise that samples are drawn with: the same for every run."""

AT_ONCE = 250
"""Latent vectors that are decoded between two reports."""

WEIGHTS_AT_ONCE = 8
"""Samples of z per image between two reports of the importance-weighted bound."""

SEARCH_PASSES = 3
"""Searches for the latents of one image in a round of their timing."""

FEW = "There are too few images for it."


@dataclass(frozen=True, eq=False)
class Facts:
    """Measures of a model on its images.

    Attributes:
        values, reasons, each, images: as of `comparison.Entry`.
        originals, reconstructions: `SHOWN` test images and what becomes of them, uint8; empty where nothing does.
    """

    values: dict[str, Value]
    reasons: dict[str, str]
    each: dict[str, np.ndarray]
    images: str
    originals: np.ndarray
    reconstructions: np.ndarray


@dataclass(frozen=True, eq=False)
class Samples:
    """Measures of samples of a model.

    Attributes:
        pictures: the first samples, uint8. values, reasons: as of `comparison.Entry`.
        real: the Fréchet distance of as many real training images; None where it cannot be computed.
        classes: number of classes of the set, 0 without. features: of the distance, in words.
    """

    pictures: np.ndarray
    values: dict[str, Value]
    reasons: dict[str, str]
    real: float | None
    classes: int
    features: str


def facts_file(run: Run, images: ImageSet) -> Path:
    """Path of the cache file for the facts of a run's shown weights on its images.

    Raises:
        RunError: the run has no weights.
    """
    return cache.file_of("comparison", _digest(run, images))


def samples_file(run: Run, images: ImageSet, source: str) -> Path:
    """Path of the cache file for samples drawn from `source`, one of `samplers`.

    Raises:
        RunError: the run has no weights.
    """
    version = _learned(store.file_of(run, KINDS[source])) if source in KINDS else ""
    return cache.file_of("compared_samples", _digest(run, images, source, version))


def _learned(path: Path) -> str:
    """What changes when a prior is learned anew: the time of its file, empty where there is none."""
    try:
        return str(path.stat().st_mtime_ns)
    except OSError:
        return ""


def _digest(run: Run, images: ImageSet, *more: str) -> str:
    from core.evaluation import classifier

    recipe = repr(sorted(run.recipe.to_dict().items()))
    judged = classifier.file_of(images).name  # changes whenever the images, their labels or the classifier do
    return cache.digest(VERSION, weights_digest(run, shown_weights(run)), recipe, judged, *more)


def samplers(run: Run) -> dict[str, str]:
    """Distributions that the latents of a run's samples can be drawn from, with their names, its usual one first: those
    of `core.priors.samplers.offered`, told from the recipe without loading the model."""
    recipe = run.recipe
    source = recipe.latent_family
    learned_ones = {kind.key: kind.sampler for kind in store.usable(run)}
    if recipe.family.codes:
        return mixture.RANDOM_CODES | learned_ones
    usual = "prior" if source is None or source.prior else "gaussian"
    fitted = not recipe.family.adversarial or recipe.has_encoder
    found = {name: words for name, words in mixture.SAMPLERS.items() if fitted or name != "mixture"}
    return {usual: found[usual]} | found | learned_ones


def sampler_of(run: Run, asked: str = "") -> str | None:
    """The sampler of a run: the one asked for, None where it has none of that name, or without a question its usual
    one."""
    offered = samplers(run)
    return next(iter(offered)) if not asked else asked if asked in offered else None


def fact_steps(run: Run, model: LatentModel, images: ImageSet) -> Generator[float, None, Facts]:
    """Measure a model on its images: yields the share that is done.

    Raises:
        DataError: the images of its latents are missing.
    """
    values, reasons = comparison.known(run), reasons_of(images)
    if "parameters" not in values:
        values["parameters"] = Value(float(sum(p.numel() for p in model.parameters())), 0.0)
    each: dict[str, np.ndarray] = {}
    rows = data.spread(images.test_labels, min(comparison.IMAGES, len(images.test_images)))
    test, originals = images.test_images[rows], images.test_images[:0]
    reconstructions = originals
    values |= _decode_time(model)
    yield 0.02
    if not (comparison.BY_KEY["mse"].absent(run.recipe)):
        if len(test):
            yield from _scaled(_evaluation_steps(run, model, images, values), 0.02, 0.25)
            posterior = yield from _scaled(_posterior_steps(model, test, images.test_labels[rows]), 0.25, 0.5)
            each |= _image_values(model, posterior, test)
            chosen = data.spread(images.test_labels[rows], min(SHOWN, len(rows)))
            originals = test[chosen]
            reconstructions = codec.decode(model, posterior.mean[chosen].cpu().numpy())
            each |= yield from _scaled(_bound_steps(run, model, images, rows), 0.5, 0.75)
            means = posterior.style.cpu().numpy()
            values |= _encode_time(model, test)
        else:
            means = np.zeros((0, model.style_dim), np.float32)
        yield from _scaled(_latent_steps(run, model, images, rows, means, values, reasons, each), 0.75, 1.0)
    _add_errors(values, each, run)
    return Facts(values, reasons, each, cache.digest(np.ascontiguousarray(test)), originals, reconstructions)


def _scaled(steps: Generator[float, None, Any], low: float, high: float) -> Generator[float, None, Any]:
    """The steps of a part of the work as shares of the whole."""
    work = Steps(steps)
    for share in work:
        yield low + (high - low) * share
    return work.result


def _evaluation_steps(
    run: Run, model: LatentModel, images: ImageSet, values: dict[str, Value]
) -> Generator[float, None, None]:
    """Add what `evaluation.json` would hold and does not."""
    from core.evaluation import metrics, test_set

    wanted = ["mse", *(("negative_elbo",) if not comparison.BY_KEY["negative_elbo"].absent(run.recipe) else ())]
    wanted += ["mig", "dci"] if images.factors is not None else []
    if all(key in values for key in wanted):
        return
    if run.recipe.family.adversarial:
        from core.images import convert

        test = metrics.test_images(model, images)
        levels = convert.to_byte_tensor(test, model.latent_mean.device)
        values["mse"] = Value(metrics.reconstruction_mse(model, levels), None, len(test))
        return
    weights = figures.weights_at(run, number(run.status.get("best_epoch")))
    found = yield from test_set.evaluation_steps(model, images, weights=weights)
    for key in comparison.FROM_EVALUATION:
        value = number(found.get(key))
        if value is not None and not comparison.BY_KEY[key].absent(run.recipe):
            values[key] = Value(value, None, int(found["images"]))


def _posterior_steps(model: LatentModel, pictures: np.ndarray, labels: np.ndarray) -> Generator[float, None, Posterior]:
    """Posteriors of pictures, by the encoder or by a search. labels: their classes, which a conditional family is told
    as in its evaluation."""
    import torch

    from core.latent import encoding

    if model.encoder is None:
        result = yield from encoding.optimise_in_chunks(model, codec.image_tensor(pictures, model))
        return result.posterior
    from core.images import convert

    yield 0.0
    levels = convert.to_byte_tensor(pictures, model.latent_mean.device)
    return encoding.posteriors(model, levels, AT_ONCE, torch.from_numpy(np.array(labels, np.int64)).to(levels.device))


def _image_values(model: LatentModel, posterior: Posterior, pictures: np.ndarray) -> dict[str, np.ndarray]:
    """MSE of each picture, and its −ELBO with one draw of ε where the model has one."""
    import torch

    noise = torch.randn(len(pictures), model.latent_dim, generator=torch.Generator().manual_seed(SEED))
    noise = noise.to(model.latent_mean.device)
    errors, bounds = [], []
    for rows, part in _parts(posterior):
        x = codec.image_tensor(pictures[rows], model)
        with torch.no_grad():
            errors.append((model.decode(part.mean) - x).square().flatten(1).mean(1).cpu().double().numpy())
            if model.variational:
                terms = model.losses_of_each(part, part.at(noise[rows]), x)
                bounds.append((terms.recon + part.kl().sum(1)).cpu().double().numpy())
    found = {"mse": np.concatenate(errors)}
    return found | ({"negative_elbo": np.concatenate(bounds)} if bounds else {})


def _parts(posterior: Posterior) -> Iterator[tuple[slice, Posterior]]:
    """The posteriors of `AT_ONCE` images at a time, with their rows."""
    for first in range(0, len(posterior.mean), AT_ONCE):
        rows = slice(first, first + AT_ONCE)
        logvar = None if posterior.logvar is None else posterior.logvar[rows]
        yield rows, replace(posterior, mean=posterior.mean[rows], logvar=logvar)


def _bound_steps(
    run: Run, model: LatentModel, images: ImageSet, rows: np.ndarray
) -> Generator[float, None, dict[str, np.ndarray]]:
    """Importance-weighted bound of some test images in nats, [n], and by how much it lies below their −ELBO, `gap`
    [n] ≥ 0, both from the same samples; nothing for a model without posteriors."""
    if comparison.BY_KEY["bound"].absent(run.recipe):
        return {}
    import torch

    from core.evaluation import metrics

    few = data.spread(images.test_labels[rows], min(comparison.BOUND_IMAGES, len(rows)))
    pictures = images.test_images[rows[few]]
    posterior = yield from _scaled(_posterior_steps(model, pictures, images.test_labels[rows[few]]), 0.0, 0.2)
    generator = torch.Generator(model.latent_mean.device).manual_seed(SEED)
    x, weights = codec.image_tensor(pictures, model), []
    for done in range(0, comparison.SAMPLES, WEIGHTS_AT_ONCE):
        count = min(WEIGHTS_AT_ONCE, comparison.SAMPLES - done)
        weights.append(metrics.log_weights(model, x, posterior, count, generator).double())
        yield 0.2 + 0.8 * (done + count) / comparison.SAMPLES
    every = torch.cat(weights)
    bound = math.log(len(every)) - torch.logsumexp(every, 0)
    return {"bound": bound.cpu().numpy(), "gap": (-every.mean(0) - bound).cpu().numpy()}


def _latent_steps(
    run: Run,
    model: LatentModel,
    images: ImageSet,
    rows: np.ndarray,
    means: np.ndarray,
    values: dict[str, Value],
    reasons: dict[str, str],
    each: dict[str, np.ndarray],
) -> Generator[float, None, None]:
    """Add what the latents of training images tell: active units, classifiers of latents, and the floor of samples."""
    import torch

    from core.evaluation import latent_quality, metrics, sample_quality

    count = sample_quality.FINAL_SAMPLES
    index, found = codec.training_posteriors(model, run.recipe, images, lambda rows: codec.evenly(len(rows), count))
    styles = found.style.cpu().numpy()
    noise = torch.randn(len(index), model.latent_dim, generator=torch.Generator().manual_seed(SEED))
    trained = found.at(noise.to(found.mean)).cpu().numpy()
    yield 0.2
    if len(styles) > 1 and not comparison.BY_KEY["active_units"].absent(run.recipe):
        variance = np.asarray(styles, np.float64).var(0)
        values["active_units"] = Value(float(metrics.active_by_variance(variance)), None, len(trained))
    labels = images.train_labels[index]
    few = data.spread(labels, min(comparison.LATENTS, len(labels)))
    for key, tell in (
        ("probe", latent_quality.linear_probe),
        ("neighbours", latent_quality.nearest_neighbours),
    ):
        right = tell(styles[few], labels[few], means, images.test_labels[rows])
        if np.isfinite(right).any():
            each[key] = right
        else:
            reasons.setdefault(key, FEW)
        yield 0.4
    for key in ("mig", "dci"):
        if key not in values:
            reasons.setdefault(key, FEW)
    quality = yield from _scaled(_quality_steps(images), 0.4, 0.6)
    pictures = yield from _scaled(_decoded_steps(model, trained), 0.6, 1.0)
    _add_frechet("frechet_floor", pictures, quality, values, reasons)


def _add_errors(values: dict[str, Value], each: dict[str, np.ndarray], run: Run) -> None:
    """Give each value that is a mean over images its standard error; where it is not known yet, the value too.

    The bound is the −ELBO of all test images less the mean gap of some: the −ELBO differs much more from image to image
    than the gap does (a difference estimator).
    """
    scale = {"bits_per_dim": run.recipe.bits_per_dim(1.0) or 0.0}
    of = {"bits_per_dim": "negative_elbo"}
    for key in ("mse", "negative_elbo", "bits_per_dim", "probe", "neighbours"):
        if comparison.BY_KEY[key].absent(run.recipe) or (found := each.get(of.get(key, key))) is None:
            continue
        found = found[np.isfinite(found)] * scale.get(key, 1.0)
        if of.get(key):
            each[key] = each[of[key]] * scale[key]
        before = values.get(key)
        mean, n = (float(found.mean()), len(found)) if before is None else (before.value, before.n or len(found))
        values[key] = Value(mean, float(found.std(ddof=1) / math.sqrt(n)) if len(found) > 1 else None, n)
    if (gap := each.pop("gap", None)) is not None and (elbo := values.get("negative_elbo")) is not None:
        known = elbo.error is not None and len(gap) > 1
        error = math.hypot(elbo.error or 0.0, float(gap.std(ddof=1)) / math.sqrt(len(gap))) if known else None
        values["bound"] = Value(elbo.value - float(gap.mean()), error, len(gap))


def _decode_time(model: LatentModel) -> dict[str, Value]:
    """Milliseconds to decode one latent vector."""
    import torch

    from core.evaluation.search_trace import warm_seconds
    from core.evaluation.threads import one_thread

    z = model.from_noise(torch.zeros(1, model.latent_dim, device=model.latent_mean.device))
    with torch.no_grad(), one_thread():
        return {"decode_ms": _milliseconds(warm_seconds(lambda: model.decode(z)))}


def _encode_time(model: LatentModel, test: np.ndarray) -> dict[str, Value]:
    """Milliseconds to find the latents of one image."""
    import torch

    from core.evaluation.search_trace import warm_seconds
    from core.evaluation.threads import one_thread
    from core.latent import encoding

    x = codec.image_tensor(test[:1], model)
    with one_thread():
        if model.encoder is None:  # a search needs gradients
            return {"encode_ms": _milliseconds(warm_seconds(lambda: encoding.encode(model, x), SEARCH_PASSES))}
        with torch.no_grad():
            return {"encode_ms": _milliseconds(warm_seconds(lambda: encoding.encode(model, x)))}


def _milliseconds(rounds: list[float]) -> Value:
    return Value(1e3 * min(rounds), 1e3 * (max(rounds) - min(rounds)) / 2 if len(rounds) > 1 else None, len(rounds))


def sample_steps(run: Run, model: LatentModel, images: ImageSet, source: str) -> Generator[float, None, Samples]:
    """Draw samples from one of `samplers` and measure them against test images: yields the share that is done.

    Raises:
        DataError: a mixture is to be fitted, and the images are missing. RunError: the run has no such sampler.
    """
    from core.evaluation import sample_quality

    count = sample_quality.FINAL_SAMPLES
    quality = yield from _scaled(_quality_steps(images), 0.0, 0.3)
    z = learned.for_run(run, model, source, shown_weights(run)).draw(count, SEED)
    yield 0.35
    pictures = yield from _scaled(_decoded_steps(model, z), 0.35, 0.9)
    values, reasons = dict[str, Value](), reasons_of(images)
    _add_frechet("frechet", pictures, quality, values, reasons)
    if quality.classifier is None:
        reasons.setdefault("modes", FEW)
    else:
        values["modes"] = Value(quality.measure(pictures).modes, None, count)
    real = sample_quality.real_distance(images, quality, count)
    return Samples(
        pictures[:SHOWN_SAMPLES],
        values,
        reasons,
        real if math.isfinite(real) else None,
        int((quality.shares > 0).sum()),
        quality.name,
    )


def _quality_steps(images: ImageSet) -> Generator[float, None, SampleQuality]:
    """Sample quality against the test images; the classifier is trained first where it is not in the cache."""
    from core.evaluation import classifier, sample_quality

    if classifier.has_classes(images):
        yield from classifier.cached_steps(images)
    yield 1.0
    return sample_quality.for_dataset(images).with_reference(sample_quality.reference_of(images))


def _decoded_steps(model: LatentModel, z: np.ndarray) -> Generator[float, None, np.ndarray]:
    parts = []
    for first in range(0, len(z), AT_ONCE):
        parts.append(codec.decode(model, z[first : first + AT_ONCE], AT_ONCE))
        yield min(1.0, (first + AT_ONCE) / len(z))
    return np.concatenate(parts) if parts else codec.decode(model, z)[:0]


def _add_frechet(
    key: str, pictures: np.ndarray, quality: SampleQuality, values: dict[str, Value], reasons: dict[str, str]
) -> None:
    """Add the Fréchet distance of pictures, or why there is none."""
    if len(pictures) < 2 or quality.n < 2:
        reasons[key] = FEW
        return
    error = quality.frechet_error(pictures)
    distance = quality.measure(pictures).frechet
    values[key] = Value(distance, error if math.isfinite(error) else None, len(pictures))


def reasons_of(images: ImageSet) -> dict[str, str]:
    """Why measures do not apply to any run on these images, by their keys."""
    found: dict[str, str] = {}
    if not len(images.test_images):
        found |= dict.fromkeys(
            ("mse", "negative_elbo", "bound", "bits_per_dim", "encode_ms"), "There are no test images."
        )
    if not (images.train_labels >= 0).any():
        found |= dict.fromkeys(("modes", "probe", "neighbours"), "The images have no classes.")
    if images.factors is None:
        found |= dict.fromkeys(("mig", "dci"), "The factors of these images are not known.")
    return found


def entry(run: Run, facts: Facts | None, samples: Samples | None, reasons: dict[str, str], pending: bool) -> Entry:
    """What is known of a run, from its own files and from what was measured so far.

    Args:
        reasons: why a measure has no value, besides what was found in measuring. pending: as of `Entry`.
    """
    values = comparison.known(run)
    if facts is not None:
        values, reasons = values | facts.values, facts.reasons | reasons
    if samples is not None:
        values, reasons = values | samples.values, samples.reasons | reasons
    each, digest = ({}, "") if facts is None else (facts.each, facts.images)
    return Entry(run.name, run.recipe, values, reasons, each, digest, pending)


def save_facts(path: Path, found: Facts) -> bool:
    """Write facts to a cache file; False where the cache folder cannot be written to."""
    arrays = {f"each_{key}": values for key, values in found.each.items()}
    arrays |= {"originals": found.originals, "reconstructions": found.reconstructions}
    facts = {"values": _plain(found.values), "reasons": found.reasons, "images": found.images}
    return cache.save(path, arrays, facts, KEPT)


def load_facts(path: Path) -> Facts | None:
    """Facts from a cache file; None if the file is missing or damaged."""
    if (found := cache.load(path)) is None:
        return None
    arrays, facts = found
    try:
        each = {name.removeprefix("each_"): values for name, values in arrays.items() if name.startswith("each_")}
        reasons = {str(key): str(text) for key, text in facts["reasons"].items()}
        pictures = arrays["originals"], arrays["reconstructions"]
        return Facts(_values(facts["values"]), reasons, each, str(facts["images"]), *pictures)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def save_samples(path: Path, found: Samples) -> bool:
    """Write samples to a cache file; False where the cache folder cannot be written to."""
    facts = {
        "values": _plain(found.values),
        "reasons": found.reasons,
        "real": found.real,
        "classes": found.classes,
        "features": found.features,
    }
    return cache.save(path, {"pictures": found.pictures}, facts, KEPT)


def load_samples(path: Path) -> Samples | None:
    """Samples from a cache file; None if the file is missing or damaged."""
    if (found := cache.load(path)) is None:
        return None
    arrays, facts = found
    try:
        reasons = {str(key): str(text) for key, text in facts["reasons"].items()}
        rest = number(facts["real"]), int(facts["classes"]), str(facts["features"])
        return Samples(arrays["pictures"], _values(facts["values"]), reasons, *rest)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _plain(values: dict[str, Value]) -> dict[str, list[float | None]]:
    return {key: [value.value, value.error, value.n] for key, value in values.items()}


def _values(plain: dict[str, list[Any]]) -> dict[str, Value]:
    return {
        key: Value(float(value), None if error is None else float(error), int(n))
        for key, (value, error, n) in plain.items()
    }

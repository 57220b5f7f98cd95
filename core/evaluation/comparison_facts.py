"""Facts of a run for the comparison: what its reconstructions and latents are worth, image by image.

    facts = load(file_of(run, images)) or Steps(steps(run, model, images)).end()

All runs on the same images are measured on the same `comparison_measures.IMAGES` test images, one by one, so that
differences between runs can be told from the noise of the images. Values that `evaluation.json` has are not computed
again; of them the images here only tell the error.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core import data
from core.data import ImageSet
from core.evaluation import comparison
from core.evaluation.comparison import number
from core.evaluation.comparison_measures import BY_KEY, FROM_EVALUATION, IMAGES, LATENTS, Value
from core.evaluation.comparison_steps import (
    AT_ONCE,
    FEW,
    KEPT,
    SEED,
    add_frechet,
    decoded_steps,
    digest,
    plain,
    posterior_steps,
    quality_steps,
    reasons_of,
    scaled,
    values_of,
)
from core.latent import codec
from core.runs import Run, figures
from core.system import cache

if TYPE_CHECKING:
    from core.models import LatentModel, Posterior

SHOWN = 10
"""Test images whose reconstructions are kept."""

SEARCH_PASSES = 3
"""Searches for the latents of one image in a round of their timing."""


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


def file_of(run: Run, images: ImageSet) -> Path:
    """Path of the cache file for the facts of a run's shown weights on its images.

    Raises:
        RunError: the run has no weights.
    """
    return cache.file_of("comparison", digest(run, images))


def steps(run: Run, model: LatentModel, images: ImageSet) -> Generator[float, None, Facts]:
    """Measure a model on its images: yields the share that is done.

    Raises:
        DataError: the images of its latents are missing.
    """
    values, reasons = comparison.known(run), reasons_of(images)
    if "parameters" not in values:
        values["parameters"] = Value(float(sum(p.numel() for p in model.parameters())), 0.0)
    each: dict[str, np.ndarray] = {}
    rows = data.spread(images.test_labels, min(IMAGES, len(images.test_images)))
    test, originals = images.test_images[rows], images.test_images[:0]
    reconstructions = originals
    values |= _decode_time(model)
    yield 0.02
    if not (BY_KEY["mse"].absent(run.recipe)):
        if len(test):
            yield from scaled(_evaluation_steps(run, model, images, values), 0.02, 0.3)
            posterior = yield from scaled(posterior_steps(model, test, images.test_labels[rows]), 0.3, 0.7)
            each |= _image_values(model, posterior, test)
            chosen = data.spread(images.test_labels[rows], min(SHOWN, len(rows)))
            originals = test[chosen]
            reconstructions = codec.decode(model, posterior.mean[chosen].cpu().numpy())
            means = posterior.style.cpu().numpy()
            values |= _encode_time(model, test)
        else:
            means = np.zeros((0, model.style_dim), np.float32)
        yield from scaled(_latent_steps(run, model, images, rows, means, values, reasons, each), 0.7, 1.0)
    _add_errors(values, each, run)
    return Facts(values, reasons, each, cache.digest(np.ascontiguousarray(test)), originals, reconstructions)


def _evaluation_steps(
    run: Run, model: LatentModel, images: ImageSet, values: dict[str, Value]
) -> Generator[float, None, None]:
    """Add what `evaluation.json` would hold and does not."""
    from core.evaluation import metrics, test_set

    wanted = ["mse", *(("negative_elbo",) if not BY_KEY["negative_elbo"].absent(run.recipe) else ())]
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
    for key in FROM_EVALUATION:
        value = number(found.get(key))
        if value is not None and not BY_KEY[key].absent(run.recipe):
            values[key] = Value(value, None, int(found["images"]))


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
    if len(styles) > 1 and not BY_KEY["active_units"].absent(run.recipe):
        variance = np.asarray(styles, np.float64).var(0)
        values["active_units"] = Value(float(metrics.active_by_variance(variance)), None, len(trained))
    labels = images.train_labels[index]
    few = data.spread(labels, min(LATENTS, len(labels)))
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
    quality = yield from scaled(quality_steps(images), 0.4, 0.6)
    pictures = yield from scaled(decoded_steps(model, trained), 0.6, 1.0)
    add_frechet("frechet_floor", quality.judged(pictures), values, reasons)


def _add_errors(values: dict[str, Value], each: dict[str, np.ndarray], run: Run) -> None:
    """Give each value that is a mean over images its standard error; where it is not known yet, the value too."""
    scale = {"bits_per_dim": run.recipe.bits_per_dim(1.0) or 0.0}
    of = {"bits_per_dim": "negative_elbo"}
    for key in ("mse", "negative_elbo", "bits_per_dim", "probe", "neighbours"):
        if BY_KEY[key].absent(run.recipe) or (found := each.get(of.get(key, key))) is None:
            continue
        found = found[np.isfinite(found)] * scale.get(key, 1.0)
        if of.get(key):
            each[key] = each[of[key]] * scale[key]
        before = values.get(key)
        mean, n = (float(found.mean()), len(found)) if before is None else (before.value, before.n or len(found))
        values[key] = Value(mean, float(found.std(ddof=1) / math.sqrt(n)) if len(found) > 1 else None, n)


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


def save(path: Path, found: Facts) -> bool:
    """Write facts to a cache file; False where the cache folder cannot be written to."""
    arrays = {f"each_{key}": values for key, values in found.each.items()}
    arrays |= {"originals": found.originals, "reconstructions": found.reconstructions}
    facts = {"values": plain(found.values), "reasons": found.reasons, "images": found.images}
    return cache.save(path, arrays, facts, KEPT)


def load(path: Path) -> Facts | None:
    """Facts from a cache file; None if the file is missing or damaged."""
    if (found := cache.load(path)) is None:
        return None
    arrays, facts = found
    try:
        each = {name.removeprefix("each_"): values for name, values in arrays.items() if name.startswith("each_")}
        reasons = {str(key): str(text) for key, text in facts["reasons"].items()}
        pictures = arrays["originals"], arrays["reconstructions"]
        return Facts(values_of(facts["values"]), reasons, each, str(facts["images"]), *pictures)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None

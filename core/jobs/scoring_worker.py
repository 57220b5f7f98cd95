"""Tasks of the scoring worker, which computes with trained models: classifier, outlier scores, numbers of each image,
measures of planes, importance-weighted bounds, samplers of a run, inpainting sweep."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from core import data, runs
from core.data import ImageSet
from core.evaluation import bound, classifier, inpainting, outliers, plane_measures, sampler_comparison
from core.evaluation import image_values as values
from core.jobs.channel import Channel
from core.jobs.inpainting_sweep import BASELINE, SEARCH
from core.jobs.messages import Ended, Order, Progress, SweepErrors
from core.jobs.outliers import prepare
from core.recipes.images import load_images
from core.recipes.recipe import Recipe
from core.runs import Run, RunError, weights
from core.runs.images import images_of
from core.runs.shown_weights import shown_weights
from core.system import cache, devices
from core.system.progress import Steps

Result = TypeVar("Result")


def stopped(shares: Iterable[float], channel: Channel, phase: str = "") -> bool:
    """Do a work step by step and tell the share done after each; whether a stop was asked for before its end."""
    for share in shares:
        channel.emit(Progress(share, phase))
        if channel.stop_requested:
            return True
    return False


def kept(
    work: Generator[float, None, Result],
    save: Callable[[Result], bool],
    what: str,
    channel: Channel,
    part: tuple[float, float] = (0.0, 1.0),
) -> bool:
    """Do a work step by step and save its result; False if a stop was asked for before its end.

    Args:
        what: the result, as the sentence on a cache folder that cannot be written to names it. part: of the progress.
    Raises:
        RunError: the cache folder cannot be written to.
    """
    steps, (low, high) = Steps(work), part
    if stopped((low + (high - low) * share for share in steps), channel, what):
        return False
    if not save(steps.end()):
        raise RunError(cache.not_kept(what))
    return True


def _ended(done: bool) -> Ended:
    return Ended("finished" if done else "stopped")


def train_classifier(order: Order, channel: Channel) -> Ended:
    """Train the classifier of a run's or a recipe's images and keep it in the cache, or wait for the process that does.

    Raises:
        DataError: the images are missing. RunError: the cache folder cannot be written to.
    """
    channel.emit(Progress(0.0))
    torch.set_num_threads(1)  # layers this small gain nothing from a second thread
    recipe, run = Recipe.from_dict(order.arguments["recipe"]), order.arguments["run"]
    images = images_of(Run(Path(run))) if run else load_images(recipe)
    if stopped(classifier.cached_steps(images), channel):
        return Ended("stopped")
    if not classifier.file_of(images).is_file():
        raise RunError(cache.not_kept("The classifier"))
    return Ended("finished")


def score_outliers(order: Order, channel: Channel) -> Ended:
    """Score the images of an outlier set and keep the scores in the order's folder, which usually is the cache.

    Raises:
        DataError: a data set is missing. RunError: the run is missing or damaged, or the cache cannot be written to.
    """
    channel.emit(Progress(0.0))
    if order.worker != "thread":  # there the number is the lab's
        torch.set_num_threads(max(1, devices.cores() // 2))
    arguments = order.arguments
    run = runs.open_run(arguments["run"])
    images, mixed, path = prepare(run, arguments["other"], arguments["n"], arguments["seed"])
    file = Path(arguments["folder"]) / path.name  # the name is that of the weights now
    steps = outliers.scoring_steps(weights.load_model(run), run.recipe, images, mixed)
    return _ended(kept(steps, partial(outliers.save, file), "The scores", channel))


def image_values(order: Order, channel: Channel) -> Ended:
    """Compute the values of the images of a map and keep them in the cache.

    Raises:
        RunError: the run is missing or damaged, or the cache cannot be written to.
    """
    channel.emit(Progress(0.0))
    torch.set_num_threads(1)
    arrays, path = order.arrays, Path(order.arguments["path"])
    model = weights.load_model(Run(Path(order.arguments["run"])))
    steps = values.value_steps(model, arrays["pictures"], arrays.get("rows"))
    return _ended(kept(steps, lambda found: cache.save(path, found, {}), "The numbers", channel))


def measure_plane(order: Order, channel: Channel) -> Ended:
    """Measure a model with two latent dimensions and keep the measures in the cache.

    Raises:
        DataError: the images are missing. RunError: the run is damaged, or the cache cannot be written to.
    """
    channel.emit(Progress(0.0))
    torch.set_num_threads(1)
    run = Run(Path(order.arguments["run"]))
    images = images_of(run)
    path = plane_measures.file_of(run, images)
    steps = plane_measures.measure_steps(weights.load_model(run), run.recipe, images)
    return _ended(kept(steps, partial(plane_measures.save, path), "The measures", channel))


def measure_bound(order: Order, channel: Channel) -> Ended:
    """Measure the importance-weighted bound of a model with Gaussian posteriors and keep it in the cache.

    Raises:
        DataError: the images are missing. RunError: the run is damaged, or the cache cannot be written to.
    """
    channel.emit(Progress(0.0))
    torch.set_num_threads(1)
    run, samples = Run(Path(order.arguments["run"])), int(order.arguments["samples"])
    steps = bound.measure_steps(weights.load_model(run), images_of(run), samples)
    return _ended(kept(steps, partial(bound.save, bound.file_of(run, samples)), "The bound", channel))


def compare_samplers(order: Order, channel: Channel) -> Ended:
    """Compare the samplers of a run and keep the comparison in the cache.

    Raises:
        DataError: the images are missing. RunError: the run is damaged, or the cache cannot be written to.
    """
    channel.emit(Progress(0.0))
    torch.set_num_threads(max(1, devices.cores() // 2))
    run = Run(Path(order.arguments["run"]))
    images = images_of(run)
    path = sampler_comparison.file_of(run, images)
    steps = sampler_comparison.compare_steps(run, weights.load_model(run, shown_weights(run)), images)
    return _ended(kept(steps, partial(sampler_comparison.save, path), "The comparison", channel))


def sweep(order: Order, channel: Channel) -> Ended:
    """Measure the inpainting error of each curve at each share of hidden pixels.

    Raises:
        DataError: the images are missing. RunError: a run is missing or damaged.
    """
    channel.emit(Progress(0.0))
    torch.set_num_threads(1)
    arguments = order.arguments
    curves = [(Run(Path(curve["run"])), curve["how"]) for curve in arguments["curves"]]
    images = images_of(curves[0][0])
    chosen = data.spread(images.test_labels, min(arguments["images"], len(images.test_images)))
    test = images.test_images[chosen]
    for number, (run, how) in enumerate(curves):
        for step in _curve(run, how, images, test, arguments["seed"], arguments["steps"]):
            if step.errors is not None:
                channel.emit(SweepErrors(number, step.p, np.asarray(step.errors, np.float64)))
            channel.emit(Progress((number + step.part) / len(curves)))
            if channel.stop_requested:
                return Ended("stopped")
    return Ended("finished")


def _curve(
    run: Run, how: str, images: ImageSet, test: np.ndarray, seed: int, steps: int
) -> Generator[inpainting.SweepStep, None, object]:
    """The steps of one curve."""
    if how == BASELINE:
        return inpainting.baseline_steps(test, seed=seed)
    fill = None if how == SEARCH else inpainting.fill_image(how, images)
    return inpainting.sweep_steps(weights.load_model(run), test, fill=fill, seed=seed, steps=steps)

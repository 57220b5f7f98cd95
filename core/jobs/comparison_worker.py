"""Tasks of the scoring worker for the Compare page: measures of a run, and what its images bring a classifier."""

from __future__ import annotations

from pathlib import Path

import torch

from core.evaluation import augmentation, comparison_run
from core.jobs.channel import Channel
from core.jobs.messages import Ended, Order, Progress
from core.jobs.scoring_worker import kept
from core.runs import Run, RunError, weights
from core.runs.images import images_of
from core.runs.shown_weights import shown_weights
from core.system import cache


def measure_for_comparison(order: Order, channel: Channel) -> Ended:
    """Measure a run for the comparison of runs and keep in the cache what was not there.

    Raises:
        DataError: the images are missing. RunError: the run is damaged, or the cache cannot be written to.
    """
    channel.emit(Progress(0.0))
    torch.set_num_threads(1)
    run, source = Run(Path(order.arguments["run"])), order.arguments["source"]
    samples, images = int(order.arguments["samples"]), images_of(run)
    model = weights.load_model(run, shown_weights(run))
    done = 0.0
    for part in comparison_run.parts(run, model, images, source, samples):
        if part.load() is not None:
            continue
        if not kept(part.steps(), part.save, part.name, channel, (done, part.share)):
            return Ended("stopped")
        done = part.share
    return Ended("finished")


def measure_augmentation(order: Order, channel: Channel) -> Ended:
    """Measure whether generated images help a classifier, and keep the curve in the cache after each of its points.

    Raises:
        DataError: the images are missing. RunError: the run is damaged, or the cache cannot be written to.
    """
    channel.emit(Progress(0.0))
    torch.set_num_threads(1)
    run, source = Run(Path(order.arguments["run"])), order.arguments["source"]
    images = images_of(run)
    path = augmentation.file_of(run, images, source)
    model = weights.load_model(run, shown_weights(run))
    for share, found in augmentation.augmentation_steps(run, model, images, source, augmentation.load(path)):
        if found is not None and not augmentation.save(path, found):
            raise RunError(cache.not_kept("The curve"))
        channel.emit(Progress(share))
        if channel.stop_requested:
            return Ended("stopped")
    return Ended("finished")

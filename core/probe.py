"""How quickly this machine trains a recipe: the real trainer on made-up images, timed for a second.

    images_per_second = pace_of(recipe, devices.choose())     # measured once for each machine, then remembered

No data set has to be here: a step takes as long on noise. `pace.py` makes a training time of the rate.
"""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from core import devices, kept, pace
from core.course import Course
from core.data import ImageSet
from core.gan_trainer import GanTrainer
from core.images import SIDE
from core.recipe import Recipe
from core.trainer import Trainer

WARM, SLICES, SECONDS = 3, 5, 1.0
"""Batches before the clock starts: the first ones plan convolutions and fill caches. Then `SECONDS` in as many slices;
the middle one counts, so that a hiccup of the machine in two of them changes nothing."""

IMAGES = 2_048
"""Made-up images, at least."""

KEPT = 200


def pace_of(recipe: Recipe, device: torch.device, hurry: Callable[[], bool] = lambda: False) -> float | None:
    """Images a second this machine trains of a recipe: from the cache folder, or measured and kept there.

    Args:
        hurry: asked before every batch; True gives up.
    Returns:
        None if it was given up.
    """
    path = file_of(recipe, device)
    found = kept.load(path)
    rate = found[1].get("images_per_second") if found and isinstance(found[1], dict) else None
    if isinstance(rate, float) and 0 < rate < math.inf:
        return rate
    rate = measure(recipe, device, hurry)
    if rate is not None:
        kept.save(path, {}, {"images_per_second": rate}, KEPT)
    return rate


def file_of(recipe: Recipe, device: torch.device) -> Path:
    """Where the rate is kept. Another machine, graphics card, number of cores or version of torch is another file."""
    machine = (platform.node(), platform.machine(), devices.describe(device), str(devices.cores()), torch.__version__)
    return kept.file_of("pace", kept.digest(pace.shape(recipe), *machine))


def measure(recipe: Recipe, device: torch.device, hurry: Callable[[], bool] = lambda: False) -> float | None:
    """Images a second that real steps of the recipe's trainer train, with as many threads as a training has; None if
    `hurry` said so. Leaves random states and the number of threads as they were."""
    threads = torch.get_num_threads()
    torch.set_num_threads(devices.threads_for(recipe, device))
    try:
        trainer = trainer_of(recipe, device)
        for _ in range(WARM):
            if hurry():
                return None
            _step(trainer)
        trainer.wait()
        rates = []
        for _ in range(SLICES):
            images, began, now = 0, time.perf_counter(), 0.0
            while now < SECONDS / SLICES:
                if hurry():
                    return None
                images += _step(trainer)
                now = time.perf_counter() - began
            trainer.wait()
            rates.append(images / (time.perf_counter() - began))
        return float(np.median(rates))
    finally:
        torch.set_num_threads(threads)


def trainer_of(recipe: Recipe, device: torch.device) -> Course:
    """The recipe's trainer on noise, in whole batches only. A GAN's source need not be here: its weights do not count.
    """
    gan = recipe.model == "gan"
    step = recipe.batch_size * (recipe.d_steps if gan else 1)
    # `small`: no search for main directions that noise does not have. One image is held out, the least there is.
    recipe = recipe.with_(train_images=0, validation=1, latent_init="small", **({"round_images": 0} if gan else {}))
    count = math.ceil(IMAGES / step) * step + 1
    noise = np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE), dtype=np.uint8)
    none = np.full(count, -1)
    images = ImageSet("noise", noise, none, noise[:0], none[:0], ())
    return (GanTrainer if gan else Trainer)(recipe, device, images)


def _step(trainer: Course) -> int:
    images = trainer.step()
    if trainer.epoch_done:
        trainer.end_epoch()
    return images

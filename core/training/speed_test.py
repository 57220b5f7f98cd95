"""How quickly this machine trains a recipe: the real trainer on made-up images, timed for a quiet second.

    images_per_second = pace_of(recipe, devices.choose())     # measured once for each machine, then remembered

No data set has to be here: a step takes as long on noise. `recipes/duration.py` makes a training time of the rate.
"""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from core.data import ImageSet
from core.recipes import duration
from core.recipes.recipe import Recipe
from core.system import cache, devices
from core.training import base_trainer
from core.training.base_trainer import BaseTrainer

WARM, SLICES, SECONDS = 3, 5, 1.0
"""Batches before the clock starts: the first ones plan convolutions and fill caches. Then `SECONDS` in as many slices;
the middle one counts, so that a hiccup of the machine in two of them changes nothing."""

ALONE, TOGETHER, QUIET, LONGEST = 0.8, 0.6, 3, 5.0
"""On the CPU a slice counts if this thread computed for such a share of it, the second where it shares the work with
others and waits for them: else the cores were somebody else's, a browser's that draws its first page for one. While
fewer than `QUIET` count, the trial goes on, to `LONGEST` seconds at most."""

IMAGES = 2_048
"""Made-up images, at least."""

KEPT = 200


def speed_of(recipe: Recipe, device: torch.device, hurry: Callable[[], bool] = lambda: False) -> float | None:
    """Images a second this machine trains of a recipe: from the cache folder, or measured and kept there.

    Args:
        hurry: asked before every batch; True gives up.
    Returns:
        None if it was given up.
    """
    path = file_of(recipe, device)
    remembered = cache.load(path)
    rate = remembered[1].get("images_per_second") if remembered and isinstance(remembered[1], dict) else None
    if isinstance(rate, float) and 0 < rate < math.inf:
        return rate
    found = measure(recipe, device, hurry)
    if found is None:
        return None
    if found.quiet:  # a rate that others disturbed will do for today
        cache.save(path, {}, {"images_per_second": found.rate}, KEPT)
    return found.rate


def file_of(recipe: Recipe, device: torch.device) -> Path:
    """Where the rate is kept. Another machine, graphics card, number of cores, version of torch or way of waiting is
    another file."""
    machine = (
        platform.node(),
        platform.machine(),
        devices.describe(device),
        str(devices.cores()),
        torch.__version__,
        *(os.environ.get(name, "") for name in devices.WAITING),
    )
    return cache.file_of("pace", cache.digest(duration.speed_key(recipe), *machine))


@dataclass(frozen=True)
class SpeedTrial:
    """What a trial found.

    Attributes:
        rate: images a second.
        quiet: whether the machine had little else to do; a rate that was measured among others is too low.
    """

    rate: float
    quiet: bool


def measure(recipe: Recipe, device: torch.device, hurry: Callable[[], bool] = lambda: False) -> SpeedTrial | None:
    """Time real steps of the recipe's trainer, with as many threads as a training has; None if `hurry` said so. Leaves
    random states and the number of threads as they were."""
    threads, needed = torch.get_num_threads(), base_trainer.threads_for(recipe, device)
    least = 0.0 if device.type != "cpu" else ALONE if needed == 1 else TOGETHER  # a GPU is only waited for
    torch.set_num_threads(needed)
    try:
        trainer = trainer_of(recipe, device)
        for _ in range(WARM):
            if hurry():
                return None
            _step(trainer)
        trainer.synchronize()
        rates: list[float] = []
        quiet: list[float] = []
        started = time.perf_counter()
        while len(rates) < SLICES or (len(quiet) < QUIET and time.perf_counter() - started < LONGEST):
            images, now, began, computed = 0, 0.0, time.perf_counter(), time.thread_time()
            while now < SECONDS / SLICES:
                if hurry():
                    return None
                images += _step(trainer)
                now = time.perf_counter() - began
            trainer.synchronize()
            now = time.perf_counter() - began
            rates.append(images / now)
            if time.thread_time() - computed >= least * now:
                quiet.append(rates[-1])
        best = sorted(rates)[-QUIET:]  # others can only slow it down
        enough = len(quiet) >= QUIET
        return SpeedTrial(float(np.median(quiet if enough else best)), enough)
    finally:
        torch.set_num_threads(threads)


def trainer_of(recipe: Recipe, device: torch.device) -> BaseTrainer:
    """The recipe's trainer on noise, in whole batches only. A GAN's source need not be here: its weights do not
    count."""
    adversarial = recipe.family.adversarial
    step = recipe.batch_size * (recipe.d_steps if adversarial else 1)
    # `small`: no search for principal directions, which noise does not have. One image is held out, the least there is.
    whole = {"round_images": 0} if adversarial else {}
    recipe = recipe.with_(train_images=0, validation=1, latent_init="small", **whole)
    count = math.ceil(IMAGES / step) * step + 1
    noise = np.random.default_rng(0).integers(0, 256, (count, *recipe.shape.picture), dtype=np.uint8)
    none = np.full(count, -1)
    images = ImageSet("noise", noise, none, noise[:0], none[:0], ())
    trainer: BaseTrainer = recipe.family.trainer_class()(recipe, device, images)
    return trainer


def _step(trainer: BaseTrainer) -> int:
    images = trainer.step()
    if trainer.epoch_done:
        trainer.end_epoch()
    return images

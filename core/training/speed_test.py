"""Speed test: training images per second of a recipe on this machine, measured with its trainer on random images.

    images_per_second = speed_of(recipe, devices.choose())     # measured once per machine, then cached

No data set is needed: a step takes as long on noise. `recipes/duration.py` converts the rate into a training time.
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
"""Warm-up batches, number of timing slices, and their total length in seconds.

The first batches are slower: they plan convolutions and fill caches. The result is the median slice, which a
disturbance of two slices does not change.
"""

ALONE, TOGETHER, QUIET, LONGEST = 0.8, 0.6, 3, 5.0
"""Selection of undisturbed timing slices on the CPU.

A slice is undisturbed if this thread was on-CPU for at least the fraction ALONE of it, or TOGETHER where several
threads share the work and wait for each other. Otherwise other processes, such as a browser, used the cores. With
fewer than QUIET undisturbed slices, the test continues, for LONGEST seconds at most.
"""

IMAGES = 2_048
"""Minimum number of random images."""

KEPT = 200
"""Maximum number of rates in the cache folder."""


def speed_of(recipe: Recipe, device: torch.device, should_cancel: Callable[[], bool] = lambda: False) -> float | None:
    """Training images per second of a recipe on this machine, from the cache folder or measured and cached.

    Args:
        should_cancel: called before every batch; True cancels the measurement.
    Returns:
        The rate, or None if the measurement was cancelled.
    """
    path = file_of(recipe, device)
    remembered = cache.load(path)
    rate = remembered[1].get("images_per_second") if remembered and isinstance(remembered[1], dict) else None
    if isinstance(rate, float) and 0 < rate < math.inf:
        return rate
    found = measure(recipe, device, should_cancel)
    if found is None:
        return None
    if found.quiet:  # a disturbed rate is used once, but not cached
        cache.save(path, {}, {"images_per_second": found.rate}, KEPT)
    return found.rate


def file_of(recipe: Recipe, device: torch.device) -> Path:
    """Cache file of the rate: one per machine, device, number of cores, version of torch and OpenMP wait policy."""
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
    """Result of one speed test.

    Attributes:
        rate: training images per second.
        quiet: whether enough slices were undisturbed by other processes, which lower the rate.
    """

    rate: float
    quiet: bool


def measure(
    recipe: Recipe, device: torch.device, should_cancel: Callable[[], bool] = lambda: False
) -> SpeedTrial | None:
    """Time training steps of the recipe, with as many threads as a training uses: None if it was cancelled.

    Random states and the number of threads are unchanged afterwards.
    """
    threads, needed = torch.get_num_threads(), base_trainer.threads_for(recipe, device)
    least = 0.0 if device.type != "cpu" else ALONE if needed == 1 else TOGETHER  # on a GPU this thread only waits
    torch.set_num_threads(needed)
    try:
        trainer = trainer_of(recipe, device)
        for _ in range(WARM):
            if should_cancel():
                return None
            _step(trainer)
        trainer.synchronize()
        rates: list[float] = []
        quiet: list[float] = []
        started = time.perf_counter()
        while len(rates) < SLICES or (len(quiet) < QUIET and time.perf_counter() - started < LONGEST):
            images, now, began, computed = 0, 0.0, time.perf_counter(), time.thread_time()
            while now < SECONDS / SLICES:
                if should_cancel():
                    return None
                images += _step(trainer)
                now = time.perf_counter() - began
            trainer.synchronize()
            now = time.perf_counter() - began
            rates.append(images / now)
            if time.thread_time() - computed >= least * now:
                quiet.append(rates[-1])
        best = sorted(rates)[-QUIET:]  # other processes only lower a rate
        enough = len(quiet) >= QUIET
        return SpeedTrial(float(np.median(quiet if enough else best)), enough)
    finally:
        torch.set_num_threads(threads)


def trainer_of(recipe: Recipe, device: torch.device) -> BaseTrainer:
    """The recipe's trainer on random images, in full batches only.

    A GAN's source is not needed: the speed does not depend on its weights.
    """
    adversarial = recipe.family.adversarial
    step = recipe.batch_size * (recipe.d_steps if adversarial else 1)
    # `small`: no computation of principal directions, which noise lacks. One held-out image is the minimum.
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

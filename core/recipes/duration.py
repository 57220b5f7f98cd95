"""Expected training time of a recipe: images to process / measured images per second.

`training/speed_test.py` measures the rate in the worker process; `jobs/speed_estimates.py` keeps it for the pages.
Needs no torch.
"""

from __future__ import annotations

import json

from core import data
from core.recipes.budget import REGRESSION_IMAGES, ROUND_SAMPLES, VALIDATION_SEARCH_STEPS
from core.recipes.family import FAMILIES
from core.recipes.recipe import Recipe, applies, fields

VALIDATION_COST, SEARCH_STEP_COST, SAMPLE_COST = 3 / 4, 3 / 5, 1 / 15
"""Cost of one validation image with an encoder, of one latent-search step for one image, and of one GAN sample that the
classifier scores, in units of one training image. Measured."""

REGRESSION_SECONDS = 60e-6
"""Seconds per image of the ridge regression from pixels to codes. Measured."""

PREVIEW_STEPS = 12 * 60
"""Search steps for the twelve test images of the preview after an epoch."""

_WITHOUT_EFFECT = frozenset(
    (
        "name",
        "dataset",
        "folder",
        "attribute",
        "levels",
        "ground",
        "polarity",
        "fit",
        "train_images",
        "validation",
        "without_classes",
        "sigma",
        "beta",
        "beta_warmup",
        "beta_cycles",
        "free_bits",
        "source",
        "lr",
        "d_lr",
        "label_smoothing",
        "round_images",
        "beta2",
        "schedule",
        "latent_lr",
        "latent_init",
        "seed",
        "epochs",
        "max_minutes",
        "patience",
    )
) | {weight for family in FAMILIES.values() for weight in family.weights}
_ONLY_WHETHER = ("r1", "r1_noise", "gradient_penalty", "ema")


def speed_key(recipe: Recipe) -> str:
    """Settings that determine how many images per second a recipe trains on one machine, as text.

    Every field counts unless it is known to have no effect on speed; of a penalty or average only whether it is used.
    """
    values = recipe.to_dict()
    chosen = {f.name: values[f.name] for f in fields() if f.name not in _WITHOUT_EFFECT and applies(f, values)}
    chosen["image_shape"] = values["image_shape"]  # whether chosen or given by the data set
    return json.dumps(chosen | {n: bool(chosen[n]) for n in _ONLY_WHETHER if n in chosen}, sort_keys=True)


def images_of(recipe: Recipe) -> tuple[int, int] | None:
    """Numbers of images of one epoch and of validation, without loading any; None for a folder of unknown size."""
    source = data.SOURCES[recipe.dataset]
    if not source.train:
        return None
    # The classes of these sets are about equally frequent.
    count = round(source.train * (1 - len(recipe.left_out) / max(1, len(source.classes))))
    validation = min(recipe.validation, count // 5)  # as `data.split` does
    train = min(recipe.train_images or count, count - validation)
    part = recipe.round_images if recipe.family.uses("round_images") else 0
    return min(part or train, train), validation


def seconds(recipe: Recipe, images_per_second: float) -> float | None:
    """Estimated training time of the whole recipe in seconds, with a validation after each epoch; None for a folder.

    Previews, saving and the final evaluation are left out.

    Raises:
        ValueError: the rate is not a positive number.
    """
    if not images_per_second > 0:
        raise ValueError(f"images_per_second: {images_per_second} is not a rate. Give a positive number.")
    if (images := images_of(recipe)) is None:
        return None
    epoch, held_out = images
    regression = REGRESSION_SECONDS * min(epoch, REGRESSION_IMAGES) if recipe.decoder_only else 0.0
    total = recipe.epochs * ((epoch + validation(recipe, held_out)) / images_per_second + regression)
    return min(total, 60 * recipe.max_minutes) if recipe.max_minutes else total


def validation(recipe: Recipe, held_out: int) -> float:
    """Cost of one validation with that many held-out images, in units of one training image."""
    if recipe.family.adversarial:
        return ROUND_SAMPLES * SAMPLE_COST
    if recipe.decoder_only:
        return (held_out * VALIDATION_SEARCH_STEPS + PREVIEW_STEPS) * SEARCH_STEP_COST
    return held_out * VALIDATION_COST


def rough_duration(seconds: float) -> str:
    """A training time in words, rounded to its precision: `about 40 s`, `about 3 min`, `about 1 h 30 min`."""
    if seconds < 57.5:
        return f"about {max(1, round(seconds)) if seconds < 9.5 else 5 * round(seconds / 5)} s"
    minutes = seconds / 60
    if minutes < 57.5:
        return f"about {round(minutes) if minutes < 9.5 else 5 * round(minutes / 5)} min"
    halves = round(minutes / 30)
    if halves >= 20 or halves % 2 == 0:
        return f"about {round(minutes / 60)} h"
    return f"about {halves // 2} h 30 min"

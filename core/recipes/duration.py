"""How long a recipe trains: its images, counted, over the images a second that this machine was seen to train.

`training/speed_test.py` measures that rate, in the worker process, which is at hand and trains nothing else
meanwhile; `Paces` remembers it for the pages. Nothing here imports torch.
"""

from __future__ import annotations

import json

from core import data
from core.recipes.recipe import Recipe, applies, fields

SEARCHED = 20
"""Steps of the search that places validation images where there is no encoder: enough to compare epochs, and about a
tenth of the time of training one."""

SCORED, STEP, JUDGED = 3 / 4, 3 / 5, 1 / 15
"""What an image costs that is not trained on, in training images: one that an encoder's family scores; a step of the
search for one without an encoder; one that a GAN generates and the classifier looks at. Measured, as is `FITTED`."""

FITTED, FITTED_MOST = 60e-6, 10_000
"""Seconds that an image of the regression costs from which a search begins, and how many it is fitted on at most."""

PICTURED = 12 * 60
"""Steps of searches for the twelve test images of the picture after an epoch."""

DRAWN = 2_000
"""Images a GAN generates to be measured after a round."""

_NOTHING_TO_IT = frozenset(
    (
        "name",
        "dataset",
        "folder",
        "train_images",
        "validation",
        "sigma",
        "beta",
        "beta_warmup",
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
)
_OR_NOT = ("r1", "gradient_penalty", "ema")


def speed_key(recipe: Recipe) -> str:
    """All that decides how many images a second a recipe trains on one machine, as text: equal for equal rates.

    What is not known to make no difference is taken to make one; of a penalty or an average only whether it is there.
    """
    values = recipe.to_dict()
    kept = {f.name: values[f.name] for f in fields() if f.name not in _NOTHING_TO_IT and applies(f, values)}
    kept["image_shape"] = values["image_shape"]  # whether chosen or given by the data set
    return json.dumps(kept | {name: bool(kept[name]) for name in _OR_NOT if name in kept}, sort_keys=True)


def images_of(recipe: Recipe) -> tuple[int, int] | None:
    """Images of one epoch, and those held out, without loading any; None for a folder, whose number is not known."""
    count = data.SOURCES[recipe.dataset].train
    if not count:
        return None
    held = min(recipe.validation, count // 5)  # as `loading.split` does
    train = min(recipe.train_images or count, count - held)
    part = recipe.round_images if recipe.model == "gan" else 0
    return min(part or train, train), held


def seconds(recipe: Recipe, images_per_second: float) -> float | None:
    """The training time of the whole recipe in seconds, validation after each epoch included; None for a folder.

    An estimate: what else is done now and then (pictures, saving, the score at the end) is left out.

    Raises:
        ValueError: the rate is not a positive number.
    """
    if not images_per_second > 0:
        raise ValueError(f"images_per_second: {images_per_second} is no rate.")
    if (images := images_of(recipe)) is None:
        return None
    epoch, held = images
    fit = FITTED * min(epoch, FITTED_MOST) if recipe.decoder_only else 0.0
    found = recipe.epochs * ((epoch + validation(recipe, held)) / images_per_second + fit)
    return min(found, 60 * recipe.max_minutes) if recipe.max_minutes else found


def validation(recipe: Recipe, held: int) -> float:
    """What one validation costs, in training images, with that many images held out."""
    if recipe.model == "gan":
        return DRAWN * JUDGED
    if recipe.decoder_only:
        return (held * SEARCHED + PICTURED) * STEP
    return held * SCORED


def rough_duration(seconds: float) -> str:
    """A training time as roughly as it is known: `about 40 s`, `about 3 min`, `about 1 h 30 min`."""
    if seconds < 57.5:
        return f"about {max(1, round(seconds)) if seconds < 9.5 else 5 * round(seconds / 5)} s"
    minutes = seconds / 60
    if minutes < 57.5:
        return f"about {round(minutes) if minutes < 9.5 else 5 * round(minutes / 5)} min"
    halves = round(minutes / 30)
    if halves >= 20 or halves % 2 == 0:
        return f"about {round(minutes / 60)} h"
    return f"about {halves // 2} h 30 min"

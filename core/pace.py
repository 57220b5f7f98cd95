"""How long a recipe trains: its images, counted, over the images a second that this machine was seen to train.

`probe.py` measures that rate, in the worker process, which is at hand and trains nothing else meanwhile; `Paces`
remembers it for the pages. Nothing here imports torch.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from core import data
from core.recipe import Recipe, applies, fields

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

_NOTHING_TO_IT = frozenset((
    "name", "dataset", "folder", "train_images", "validation", "sigma", "beta", "beta_warmup", "source", "lr", "d_lr",
    "label_smoothing", "round_images", "beta2", "schedule", "latent_lr", "latent_init", "seed", "epochs", "max_minutes",
    "patience"))
_OR_NOT = ("r1", "gradient_penalty", "ema")


def shape(recipe: Recipe) -> str:
    """All that decides how many images a second a recipe trains on one machine, as text: equal for equal rates.

    What is not known to make no difference is taken to make one; of a penalty or an average only whether it is there.
    """
    values = recipe.to_dict()
    kept = {f.name: values[f.name] for f in fields() if f.name not in _NOTHING_TO_IT and applies(f, values)}
    return json.dumps(kept | {name: bool(kept[name]) for name in _OR_NOT if name in kept})


def images_of(recipe: Recipe) -> tuple[int, int] | None:
    """Images of one epoch, and those held out, without loading any; None for a folder, whose number is not known."""
    count = data.SOURCES[recipe.dataset].train
    if not count:
        return None
    held = min(recipe.validation, count // 5)  # as `data.split` does
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


def about(seconds: float) -> str:
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


class Paces:
    """The rates of one device: those that are known, and those that were asked for and are measured one by one.

    Pages ask; the thread of the device's board answers while its worker process has nothing else to do. Whatever is
    still open when a training comes is forgotten: whoever still wants to know asks again.
    """

    def __init__(self, lock: threading.Condition):
        """`lock`: the board's; notified when there is something to measure, is being measured, was measured."""
        self._lock = lock
        self._known: dict[str, float | None] = {}
        self._asked: dict[str, Recipe] = {}
        self._busy = False

    def known(self, recipe: Recipe) -> float | None:
        """Images a second of recipes of this shape; None if that is not known."""
        return self._known.get(shape(recipe))

    def ask(self, recipes: Iterable[Recipe]) -> bool:
        """Have the rates measured that are not known yet. True while one is still to come: what could not be measured
        once is not tried again."""
        with self._lock:
            missing = {key: recipe for recipe in recipes if (key := shape(recipe)) not in self._known}
            self._asked |= missing
            if missing:
                self._lock.notify_all()
            return bool(missing)

    def open(self, recipes: Iterable[Recipe]) -> bool:
        """Whether one of these was asked for and has no answer yet."""
        with self._lock:
            return any(shape(recipe) in self._asked for recipe in recipes)

    def wait(self, until: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition, looked at whenever a trial was asked for, begins or has ended; whether it came."""
        with self._lock:
            return self._lock.wait_for(until, seconds)

    @property
    def asked(self) -> bool:
        """Whether there is anything to measure."""
        return bool(self._asked)

    def give_way(self, send: Callable[[dict[str, Any]], None]) -> None:
        """A training comes: forget what was asked, and have the worker leave what it measures. Under the lock."""
        self._asked.clear()
        if self._busy:
            send({"do": "hurry"})  # anything would do: it looks whether something has come

    def give_up(self) -> None:
        """There is no worker process to ask: nothing that is open will be known."""
        with self._lock:
            self._known |= dict.fromkeys(self._asked)
            self._asked.clear()
            self._lock.notify_all()

    def answer(self, device: str, send: Callable[[dict[str, Any]], None], lines: Iterable[str]) -> None:
        """Have the worker process measure the next one, and wait for its answer."""
        with self._lock:
            if not self._asked:
                return
            key, recipe = next(iter(self._asked.items()))
            self._busy = True
            self._lock.notify_all()
            send({"do": "probe", "recipe": recipe.to_dict(), "device": device})
        found: dict[str, Any] = {}  # what a process has said that died over it
        try:
            found = next((said for line in lines if (said := json.loads(line))["event"] == "pace"), found)
        finally:
            with self._lock:
                self._busy = False
                if not found.get("left"):
                    self._known[key] = found.get("images_per_second")
                self._asked.pop(key, None)
                self._lock.notify_all()

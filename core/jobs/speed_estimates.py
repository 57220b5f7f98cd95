"""Training-speed estimates of one device: known rates, and trials still to be run."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from core.recipes.duration import speed_key
from core.recipes.recipe import Recipe


class SpeedEstimates:
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
        return self._known.get(speed_key(recipe))

    def ask(self, recipes: Iterable[Recipe]) -> bool:
        """Have the rates measured that are not known yet. True while one is still to come: what could not be measured
        once is not tried again."""
        with self._lock:
            missing = {key: recipe for recipe in recipes if (key := speed_key(recipe)) not in self._known}
            self._asked |= missing
            if missing:
                self._lock.notify_all()
            return bool(missing)

    def open(self, recipes: Iterable[Recipe]) -> bool:
        """Whether one of these was asked for and has no answer yet."""
        with self._lock:
            return any(speed_key(recipe) in self._asked for recipe in recipes)

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

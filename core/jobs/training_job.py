"""One run on its way through the queue: a state, a few commands, and a snapshot for whoever wants to look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.runs import Run, history

FINAL = ("finished", "stopped", "diverged", "failed", "cancelled")


@dataclass(frozen=True)
class Snapshot:
    """A job as it is at one moment.

    Attributes:
        points: the loss curves, columns as in `history.columns`, up to the unfinished last point.
        latest: the newest value of each column.
        epoch: epochs done, the running one as a fraction; epochs: how many there are to be.
        frames: epochs of which there is a picture. kl_per_dim: validation KL in nats, [d].
        shares: of a GAN's samples in each class, [C]. alone: the last step that one player took by itself, and what it
            saw: {"player": "d", "row": {…}}; empty before there was one and once both have gone on.
        changes: lr and β as they were changed in mid-run.
        version: another number whenever anything is different.
    """

    points: dict[str, np.ndarray]
    latest: dict[str, float]
    epoch: float
    epochs: int
    step: int
    seconds: float
    seconds_left: float | None
    images_per_second: float
    frames: list[int]
    kl_per_dim: np.ndarray
    shares: np.ndarray
    alone: dict[str, Any]
    changes: list[dict[str, Any]]
    device: str
    version: int


class TrainingJob:
    """A run in the queue, in training, or done. Its events arrive from one thread, pages look from many."""

    def __init__(self, id: int, run: Run, command: Callable[..., None], position: Callable[[TrainingJob], int]):
        self.id, self.run = id, run
        self.name, self.recipe = run.name, run.recipe
        self.epochs = run.epochs
        self._command, self._position = command, position
        self._lock = threading.Condition()
        self._state, self._message = "queued", ""
        self._now: history.Row | None = None
        self._began: tuple[float, float] | None = None
        self._rate, self._device = 0.0, ""
        self._alone: dict[str, Any] = {}
        self._read()
        self._version = 0
        self.wishes: dict[str, float] = {}  # lr and β asked for in the queue: taken up with the first batch
        self._cached: Snapshot | None = None

    def _read(self) -> None:
        """What the run's folder says: before training begins, and after it has ended."""
        run, status = self.run, self.run.status
        self._rows = history.to_rows(run.history()) if run.has_weights else []
        self._epoch, self._step, self._seconds = float(status["epoch"]), int(status["step"]), float(status["seconds"])
        self._frames, self._kl, self._changes = run.frames(), run.kl_per_dim(), list(status["changes"])
        shares = run.class_history()[1]
        self._shares = shares[-1] if len(shares) else np.zeros(0)

    @property
    def state(self) -> str:
        """queued, starting, running, paused, stopping, or one of `FINAL`."""
        return self._state

    @property
    def message(self) -> str:
        """What there is to say about the state, in a sentence, or nothing."""
        return self._message

    @property
    def active(self) -> bool:
        return self._state not in FINAL

    @property
    def position(self) -> int:
        """0 while it runs, 1, 2, … while it waits, -1 when it has ended."""
        return self._position(self)

    def pause(self) -> None:
        """Hold after the batch of now."""
        self._command(self, "pause")

    def resume(self) -> None:
        """Go on after a pause."""
        self._command(self, "resume")

    def step(self) -> None:
        """One batch, then pause."""
        self._command(self, "step")

    def epoch(self) -> None:
        """To the end of this epoch, then pause."""
        self._command(self, "epoch")

    def d_step(self) -> None:
        """One step of a GAN's discriminator alone, then pause."""
        self._command(self, "d_step")

    def g_step(self) -> None:
        """One step of a GAN's generator alone, then pause."""
        self._command(self, "g_step")

    def stop(self) -> None:
        """Save and end; the run can be resumed. A job still in line is cancelled."""
        self._command(self, "stop")

    def cancel(self) -> None:
        """Leave the queue."""
        self._command(self, "cancel")

    def set(self, lr: float | None = None, beta: float | None = None) -> None:
        """Change the learning rate or β from the next batch on.

        Raises:
            RecipeError: a value outside the bounds of the recipe's field.
        """
        wanted = {k: v for k, v in {"lr": lr, "beta": beta}.items() if v is not None}
        good = self.recipe.with_(**wanted)  # the recipe knows its bounds
        if wanted:
            self._command(self, "set", **{k: getattr(good, k) for k in wanted})

    def wait(self, until: Callable[[TrainingJob], bool], timeout: float) -> bool:
        """Block until the condition holds; False if it does not within `timeout` seconds. For shells and tests."""
        deadline = time.monotonic() + timeout
        while True:
            seen = self._version
            if until(self):  # not under the lock: it may ask the board, which has a lock of its own
                return True
            with self._lock:
                if not self._lock.wait_for(lambda seen=seen: self._version != seen, deadline - time.monotonic()):
                    return until(self)

    def expect(self, state: str) -> None:
        """A state that the lab itself knows before the worker says so."""
        with self._lock:
            if self.active:
                self._state = state
                self._touch()

    def end(self, state: str, message: str) -> None:
        """The last word on this job."""
        with self._lock:
            if self.active:
                self._state, self._message, self._now = state, message, None
                self._touch()

    def hear(self, event: dict[str, Any]) -> None:
        """Take in one event from the worker."""
        with self._lock:
            match event["event"]:
                case "started":
                    self._state = self._state if self._state == "stopping" else "running"
                    self._device = event["device"]
                case "report":
                    self._add(event["rows"])
                    if event["step"] > self._step:
                        self._alone = {}
                    self._now, self._step, self._epoch = event["now"], event["step"], event["epoch"]
                    self._seconds, self._rate = event["seconds"], event["images_per_second"]
                    self._began = self._began or (self._epoch, self._seconds)
                case "epochend":
                    self._add_validation(event["row"])
                    self._epoch = event["row"]["epoch"]
                    self._seconds = event["row"]["seconds"]
                    self._kl, self._shares = np.array(event["kl_per_dim"]), np.array(event["shares"])
                    if self._epoch == event["epoch"]:
                        self._frames = sorted({*self._frames, event["epoch"]})
                case "changed":
                    self._changes.append(event["change"])
                case "alone":
                    self._alone = {"player": event["player"], "row": event["row"]}
                case "paused" if self._state != "stopping":
                    self._state = "paused"
                case "resumed" if self._state != "stopping":
                    self._state = "running"
                case "finished":
                    self._state, self._message, self._now = event["state"], event["message"], None
                    self._read()  # a stop in mid-epoch measured once more on its way out
            self._touch()

    def _add(self, rows: list[history.Row]) -> None:
        """New rows of the curve. A worker that was killed may have written some down that its successor, who goes on
        from an older state, makes again: those give way."""
        while rows and self._rows and self._rows[-1]["step"] >= rows[0]["step"]:
            self._rows.pop()
        self._rows += rows

    def _add_validation(self, row: history.Row) -> None:
        if self._rows and self._rows[-1]["step"] == row["step"]:
            self._rows[-1] = self._rows[-1] | row
        else:
            self._rows.append(row)
        self._now = None

    def _touch(self) -> None:
        self._version += 1
        self._lock.notify_all()

    def snapshot(self) -> Snapshot:
        """How things stand. Made once for each change, however many pages ask."""
        with self._lock:
            if self._cached is None or self._cached.version != self._version:
                rows = [*self._rows, self._now] if self._now else self._rows
                latest: dict[str, float] = {}
                for row in rows[-60:]:
                    latest |= row
                self._cached = Snapshot(
                    history.to_arrays(rows, history.columns(self.recipe.model)),
                    latest,
                    self._epoch,
                    self.epochs,
                    self._step,
                    self._seconds,
                    self._left(),
                    self._rate,
                    list(self._frames),
                    self._kl,
                    self._shares,
                    self._alone,
                    list(self._changes),
                    self._device,
                    self._version,
                )
            return self._cached

    def _left(self) -> float | None:
        if self._began is None or self._epoch <= self._began[0] or not self.active:
            return None
        pace = (self._seconds - self._began[1]) / (self._epoch - self._began[0])
        return max(0.0, pace * (self.epochs - self._epoch))

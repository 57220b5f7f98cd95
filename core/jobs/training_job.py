"""Training job: a run in the queue, in training, or trained, with a snapshot of its curves and figures for pages."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from core.jobs.job import Job
from core.jobs.messages import Message, Order, Paused, Resumed
from core.recipes.recipe import Recipe, RecipeError
from core.runs import Run, frames, history
from core.training.events import FREEZES, Changed, EarlyFrame, EpochEnd, Evaluating, Report, SinglePlayerStep, Started

KEPT_SENTENCE = "What was saved is kept: you can resume the run."


@dataclass(frozen=True)
class Snapshot:
    """State of a training at one moment.

    Attributes:
        points: loss curves, columns as in `history.columns`, with the unfinished last point.
        latest: newest value of each column.
        epoch: epochs done, with a fraction for the current one. epochs: number of epochs in all.
        frames: epochs that have a frame. kl_per_dim: validation KL in nats per image [d].
        shares: of a GAN's samples in each class [C]. single_step: the last step of one player of a GAN and its losses,
            {"player": "d", "row": {…}}; empty before the first such step and after the next common step.
        changes: changes of settings such as lr and β during the training.
        version: a number that differs between any two states.
    """

    points: dict[str, np.ndarray]
    latest: dict[str, float]
    epoch: float
    epochs: int
    step: int
    seconds: float
    seconds_left: float | None
    images_per_second: float
    frames: list[float]
    kl_per_dim: np.ndarray
    shares: np.ndarray
    single_step: dict[str, Any]
    changes: list[dict[str, Any]]
    device: str
    version: int


@dataclass(frozen=True)
class _Read:
    """What a run's folder says of its training: curves, progress and figures."""

    table: history.HistoryTable
    epoch: float
    step: int
    seconds: float
    frames: list[float]
    kl_per_dim: np.ndarray
    shares: np.ndarray
    changes: list[dict[str, Any]]


class TrainingJob(Job):
    """Training of one run. The key is the run's name.

    Attributes:
        run, name, recipe, epochs: the run, its name and recipe, and the number of epochs to train in all.
        evaluated: share of the evaluation on the test set that is done, 0 to 1; None while the training goes on.
    """

    kind: ClassVar[str] = "training"
    verbs: ClassVar[frozenset[str]] = frozenset(
        {"stop", "pause", "resume", "step", "epoch", "d_step", "g_step", "change"}
    )
    priority: ClassVar[int] = 0
    most_waiting: ClassVar[int] = 1_000  # the training queue refuses more with a sentence
    patience: ClassVar[float] = 30.0  # every save is whole, so that a worker that is killed loses nothing of the last
    error_message: ClassVar[str] = "Training failed: {reason}"
    start_message: ClassVar[str] = "Training could not be started: {reason}"
    crash_message: ClassVar[str] = "The training process {reason}. " + KEPT_SENTENCE
    forced_message: ClassVar[str] = "The training process did not answer and was ended. " + KEPT_SENTENCE
    closed_message: ClassVar[str] = "The lab was closed. What was trained is saved: you can resume the run."

    def __init__(self, run: Run, device: str = "auto", owner: str = ""):
        super().__init__(run.name, lane_of(device), owner)
        self.run, self.device = run, device
        self.name, self.recipe = run.name, run.recipe
        self.epochs = run.epochs
        self._unfinished: history.Row | None = None
        self._start: tuple[float, float] | None = None  # epoch and seconds of the first report
        self._images_per_second, self._device_name = 0.0, ""
        self.evaluated: float | None = None
        self._single_player: dict[str, Any] = {}
        self._asked: dict[str, float] = {}  # settings that take effect with the next batch, which a pause delays
        self._snapshot: Snapshot | None = None
        self._read: _Read | None = None  # what the run's folder held at the end
        self._take_over(self._read_run())

    def _read_run(self) -> _Read:
        """Curves and figures in the run's folder: before training begins and after it has ended."""
        run, status = self.run, self.run.status
        rows = history.to_rows(run.history()) if run.has_weights else []
        shares = run.class_history()[1]
        return _Read(
            table=history.HistoryTable(history.columns(self.recipe.family), rows),
            epoch=float(status["epoch"]),
            step=int(status["step"]),
            seconds=float(status["seconds"]),
            frames=run.frames(),
            kl_per_dim=run.kl_per_dim(),
            shares=shares[-1] if len(shares) else np.zeros(0),
            changes=list(status["changes"]),
        )

    def _take_over(self, read: _Read) -> None:
        self._table, self._epoch, self._step, self._seconds = read.table, read.epoch, read.step, read.seconds
        self._frames, self._kl_per_dim, self._shares = read.frames, read.kl_per_dim, read.shares
        self._changes = read.changes

    def order(self) -> Order:
        return Order("train", "training", {"run": self.name}, device=self.device)

    @property
    def title(self) -> str:
        return f"Training of {self.name}"

    @property
    def progress(self) -> float:
        return min(1.0, max(0.0, self._epoch / max(1, self.epochs)))

    @property
    def seconds_left(self) -> float | None:
        with self._lock:
            if self._start is None or self._epoch <= self._start[0] or not self.active:
                return None
            per_epoch = (self._seconds - self._start[1]) / (self._epoch - self._start[0])
            return max(0.0, per_epoch * (self.epochs - self._epoch))

    @property
    def images_per_second(self) -> float:
        """Speed at the newest report; 0 before the first."""
        return self._images_per_second

    def pause(self) -> None:
        """Hold after the current batch."""
        self._command("pause")

    def resume(self) -> None:
        """Continue after a pause."""
        self._command("resume")

    def step(self) -> None:
        """Train one batch, then pause."""
        self._command("step")

    def epoch(self) -> None:
        """Train to the end of this epoch, then pause."""
        self._command("epoch")

    def d_step(self) -> None:
        """Take one step of a GAN's discriminator only, then pause."""
        self._command("d_step")

    def g_step(self) -> None:
        """Take one step of a GAN's generator only, then pause."""
        self._command("g_step")

    def set(self, **values: float) -> None:
        """Change the learning rate `lr` or weights of the loss terms, such as `beta`, from the next batch on; in the
        queue, from the first batch on.

        Args:
            values: by recipe field, `lr` or one of `Family.weights`.
        Raises:
            RecipeError: a value outside the bounds of the recipe's field, or a field that cannot change in mid-run.
        """
        for name in values.keys() - {"lr", *self.recipe.family.weights}:
            raise RecipeError(f"{name}: it cannot change while a {self.recipe.family.abbreviation} is trained.")
        checked: Recipe = self.recipe.with_(**values)
        if values:
            found = {name: checked.value(name) for name in values}
            self._asked |= found
            self._command("change", found)

    def setting(self, field: str) -> float:
        """The learning rate (`lr`) or the weight of a loss term (`beta`) from the next batch on, before a schedule
        scales it."""
        changes = [change["new"] for change in self.snapshot().changes if change["field"] == field]
        return float(self._asked.get(field, changes[-1] if changes else self.recipe.value(field)))

    def freeze(self, player: str, frozen: bool) -> None:
        """Freeze a GAN's "generator" or "discriminator" from the next batch on, or let it learn again."""
        self._asked[FREEZES[player]] = frozen
        self._command("change", {FREEZES[player]: float(frozen)})

    def frozen(self, player: str) -> bool:
        """Whether that player does not learn from the next batch on: as was last asked for, else by the recipe."""
        name = FREEZES[player]
        found = [bool(change["new"]) for change in self.snapshot().changes if change["field"] == name]
        return bool(self._asked.get(name, found[-1] if found else self.recipe.freeze == player))

    def on_event(self, event: Message) -> None:
        match event:
            case Started():
                self._device_name = event.device
            case Report():
                self._table.extend(event.rows)
                if event.step > self._step:
                    self._single_player = {}
                self._unfinished, self._step, self._epoch = event.now, event.step, event.epoch
                self._seconds, self._images_per_second = event.seconds, event.images_per_second
                self._start = self._start or (self._epoch, self._seconds)
            case EpochEnd():
                self._table.merge(event.row)
                self._unfinished = None
                self._epoch, self._seconds = event.row["epoch"], event.row["seconds"]
                self._kl_per_dim, self._shares = np.array(event.kl_per_dim), np.array(event.shares)
                if self._epoch == event.epoch:
                    self._frames = sorted({*filter(frames.is_kept, self._frames), event.epoch})
            case Evaluating():
                self.evaluated = event.share
            case EarlyFrame():
                self._frames = sorted({*self._frames, event.epoch})
            case Changed():
                self._changes.append(event.change)
            case SinglePlayerStep():
                self._single_player = {"player": event.player, "row": event.row}
            case Paused() if self._state != "stopping":
                self._state = "paused"
            case Resumed() if self._state != "stopping":
                self._state = "running"

    def before_end(self, state: str) -> None:
        if self.run.path.is_dir():
            self._read = self._read_run()  # a stop within an epoch measures once more at the end

    def on_end(self) -> None:
        self._unfinished = None
        if self._read is not None:
            self._take_over(self._read)

    def after_cancel(self) -> None:
        if self.run.path.is_dir() and self.run.status["state"] == "new":
            with contextlib.suppress(OSError):  # the run then stays `new`, and can be resumed all the same
                self.run.update_status(state="cancelled", message=f"{self.message} You can continue it.")

    def snapshot(self) -> Snapshot:
        """State at this moment. Made once for each change, however many pages ask."""
        with self._lock:
            if self._snapshot is None or self._snapshot.version != self._version:
                self._snapshot = Snapshot(
                    points=self._table.arrays(self._unfinished),
                    latest=self._table.latest() | (self._unfinished or {}),
                    epoch=self._epoch,
                    epochs=self.epochs,
                    step=self._step,
                    seconds=self._seconds,
                    seconds_left=self.seconds_left,
                    images_per_second=self._images_per_second,
                    frames=list(self._frames),
                    kl_per_dim=self._kl_per_dim,
                    shares=self._shares,
                    single_step=self._single_player,
                    changes=list(self._changes),
                    device=self._device_name,
                    version=self._version,
                )
            return self._snapshot


def lane_of(device: str) -> str:
    """Lane of the trainings on a device."""
    return f"training on {device}"

"""How a training shows itself: a bar where somebody watches a terminal, one plain line an epoch in a pipe."""

from __future__ import annotations

import sys

from core.cli.common import bar
from core.runs import Run
from core.runs.history import Row
from core.training.events import EpochEnd, Event, Report, Started


class Progress:
    """Takes the events of a training in turn."""

    def __init__(self, run: Run):
        self.run, self.epochs = run, run.epochs
        self.width = len(str(self.epochs))
        self.gan = run.recipe.model == "gan"
        self.players = ""  # of a GAN: both losses, newest
        self.prior = {"vae": "KL", "vad": "KL", "ad": "prior"}.get(run.recipe.model)
        self.train: float | None = None  # the running epoch's loss so far
        self.sum = self.steps = 0.0
        self.rate = 0.0
        self.last_step: float | None = None

    def show(self, event: Event) -> None:
        """Take up one event."""
        if isinstance(event, Started):
            recipe, threads = self.run.recipe, "thread" if event.threads == 1 else "threads"
            where = event.device + (f" ({event.threads} {threads})" if event.device.startswith("CPU") else "")
            print(
                f"Training '{self.run.name}' on {where}: {recipe.summary()}, {event.parameters:,} parameters, "
                f"{event.train_images:,} images. Ctrl+C stops and saves.",
                flush=True,
            )
            self.begin()
        elif isinstance(event, Report):
            self._average(event.rows)
            self._newest(event)
            self.rate = event.images_per_second
            self.moved(event)
        elif isinstance(event, EpochEnd):
            self.ended(event)
            self.train, self.sum, self.steps, self.players = None, 0.0, 0.0, ""

    def _average(self, rows: list[Row]) -> None:
        """Rows stand for bins of unequal width: weighted by their batches."""
        for row in rows if not self.gan else ():
            width = row["step"] - self.last_step if self.last_step is not None else 1.0
            self.last_step = row["step"]
            self.sum, self.steps = self.sum + width * row["train_total"], self.steps + width
        if self.steps:
            self.train = self.sum / self.steps

    def _newest(self, event: Report) -> None:
        """A GAN's losses as they are now: averaged over an epoch they would hide the game."""
        rows = [*event.rows, *filter(None, [event.now])]
        if self.gan and rows and "d_loss" in rows[-1] and "g_loss" in rows[-1]:
            self.players = f"D {rows[-1]['d_loss']:.3f}  G {rows[-1]['g_loss']:.3f}"

    def losses(self, row: Row) -> str:
        """The validation figures of an epoch in words."""
        if self.gan:
            modes = f", {row['val_modes']:g} modes" if "val_modes" in row else ""
            return f"Fréchet {row['val_frechet']:.2f}{modes}, sharpness {row['val_sharpness']:.2f}"
        parts = f" = recon {row['val_recon']:.2f} + {self.prior} {row['val_weighted_kl']:.2f}" if self.prior else ""
        return f"validation {row['val_total']:.2f}{parts}"

    def begin(self) -> None:
        """The first batch is next."""

    def moved(self, event: Report) -> None:
        """New points of the curve."""

    def ended(self, event: EpochEnd) -> None:
        """An epoch is over."""

    def close(self) -> None:
        """Training is over; called in any case."""


class Lines(Progress):
    """One line an epoch: for pipes, log files and tests."""

    def ended(self, event: EpochEnd) -> None:
        train = f"train {self.train:.2f}  " if self.train is not None else ""
        train += f"{self.players}  " if self.players else ""
        rate = f"  {self.rate:,.0f} images/s" if self.rate else ""
        print(
            f"epoch {event.epoch:{self.width}}/{self.epochs}  {train}{self.losses(event.row)}{rate}"
            f"  {event.row['seconds']:.1f} s{'  best' if event.best else ''}",
            flush=True,
        )


class Bar(Progress):
    """A bar over all epochs that moves within each of them, so that its time left is the whole training's."""

    bar = None

    def begin(self) -> None:
        done = float(self.run.status["epoch"])
        self.bar = bar(
            sys.stdout, total=self.epochs, initial=done, bar_format="{desc} |{bar}| {elapsed}<{remaining}{postfix}"
        )
        self.validation = ""
        self._draw(done)

    def moved(self, event: Report) -> None:
        self._draw(event.epoch)

    def ended(self, event: EpochEnd) -> None:
        self.validation = f"Fréchet {event.row['val_frechet']:.1f}" if self.gan else f"val {event.row['val_total']:.1f}"
        self._draw(event.epoch)

    def _draw(self, epoch: float) -> None:
        train = f"train {self.train:.1f}" if self.train is not None else self.players
        rate = f"{self.rate:,.0f} images/s" if self.rate else ""
        self.bar.n = min(epoch, self.epochs)
        self.bar.set_description_str(f"epoch {min(int(epoch) + 1, self.epochs):{self.width}}/{self.epochs}", False)
        self.bar.set_postfix_str("  ".join(filter(None, (train, self.validation, rate))), False)
        self.bar.refresh()

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


def for_terminal(run: Run) -> Progress:
    """A bar if stdout is a terminal, else lines."""
    return Bar(run) if sys.stdout.isatty() else Lines(run)

"""Progress of a training in the terminal: a bar on a terminal, one line per epoch in a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from core.cli.common import bar
from core.runs import Run
from core.runs.history import Row
from core.training.events import EpochEnd, Event, Report, Started

if TYPE_CHECKING:
    from tqdm import tqdm


class Progress:
    """Base of the two displays: receives the events of a training in turn and keeps the running figures.

    Attributes:
        train: mean training loss of the running epoch so far; None before the first report.
        players: newest losses of discriminator and generator, as text; empty for other families.
        rate: images per second.
    """

    def __init__(self, run: Run):
        self.run, self.epochs = run, run.epochs
        self.family = run.recipe.family
        self.width = len(str(self.epochs))
        self.players = ""
        self.train: float | None = None
        self.sum = self.steps = 0.0
        self.rate = 0.0
        self.last_step: float | None = None

    def show(self, event: Event) -> None:
        """Display one event."""
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
        """Update the running mean; rows stand for unequal numbers of batches and are weighted by them."""
        for row in rows if not self.family.adversarial else ():
            width = row["step"] - self.last_step if self.last_step is not None else 1.0
            self.last_step = row["step"]
            self.sum, self.steps = self.sum + width * row["train_total"], self.steps + width
        if self.steps:
            self.train = self.sum / self.steps

    def _newest(self, event: Report) -> None:
        """Newest losses of the two players: a mean over the epoch would hide how they change."""
        rows = [*event.rows, *filter(None, [event.now])]
        if self.family.adversarial and rows and "d_loss" in rows[-1] and "g_loss" in rows[-1]:
            self.players = f"D {rows[-1]['d_loss']:.3f}  G {rows[-1]['g_loss']:.3f}"

    def losses(self, row: Row) -> str:
        """Validation figures of an epoch as text: the total and its weighted terms, or the sample quality."""
        if self.family.adversarial:
            modes = f", {row['val_modes']:g} modes" if "val_modes" in row else ""
            return f"Fréchet {row['val_frechet']:.2f}{modes}, sharpness {row['val_sharpness']:.2f}"
        terms = self.family.terms
        parts = [
            f"{term.symbol if term.weight else term.name} "
            f"{row[f'val_weighted_{term.name}' if term.weight else f'val_{term.name}']:.2f}"
            for term in terms
        ]
        return f"validation {row['val_total']:.2f}" + (f" = {' + '.join(parts)}" if len(terms) > 1 else "")

    def begin(self) -> None:
        """Called before the first batch."""

    def moved(self, event: Report) -> None:
        """Called with new training losses."""

    def ended(self, event: EpochEnd) -> None:
        """Called at the end of an epoch."""

    def close(self) -> None:
        """Called at the end of the training, also after an error."""


class Lines(Progress):
    """One line per epoch: for pipes, log files and tests."""

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
    """A bar over all epochs, which also moves within an epoch; its time left is that of the whole training."""

    bar: tqdm | None = None
    validation = ""

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
        self.validation = (
            f"Fréchet {event.row['val_frechet']:.1f}"
            if self.family.adversarial
            else f"val {event.row['val_total']:.1f}"
        )
        self._draw(event.epoch)

    def _draw(self, epoch: float) -> None:
        train = f"train {self.train:.1f}" if self.train is not None else self.players
        rate = f"{self.rate:,.0f} images/s" if self.rate else ""
        if self.bar is None:
            return
        self.bar.n = min(epoch, self.epochs)
        self.bar.set_description_str(f"epoch {min(int(epoch) + 1, self.epochs):{self.width}}/{self.epochs}", False)
        self.bar.set_postfix_str("  ".join(filter(None, (train, self.validation, rate))), False)
        self.bar.refresh()

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


def for_terminal(run: Run) -> Progress:
    """A bar if stdout is a terminal, otherwise lines."""
    return Bar(run) if sys.stdout.isatty() else Lines(run)

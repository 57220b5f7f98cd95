"""Files of a run in training: loss tables, weights, frames, and the state from which training resumes.

Order of writing: first the tables and weights, then the state that depends on them (in a run's first save the state
before the weights). A resumed run truncates the tables to its state and never misses rows. Each file is written
atomically (`atomic_files.write_atomic`), so a power cut between any two of them leaves a run that can be resumed.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import time
import weakref
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core import data
from core.evaluation import test_set
from core.runs import Run, RunError, figures, frames, history, leftovers, weights
from core.runs.history import HistoryFile, HistoryTable, Row
from core.runs.images import images_of
from core.runs.shown_weights import shown_weights
from core.system import memory
from core.system.atomic_files import write_atomic, write_json
from core.system.plain_text import sentence
from core.system.regular_files import is_regular
from core.training.base_trainer import BaseTrainer, ValidationResult, checked_number
from core.training.stopping import FolderGone


class RunRecorder:
    """Recorder of one run: its tables, best weights, frames, saved state and status.

    Attributes:
        table: loss curves so far.
        seconds: time spent on training and validation, without pauses.
        best_total: lowest validation objective: the total at the current β, or a GAN's Fréchet distance.
        best_epoch: epoch of `best_total`.
        first_total: objective of the untrained model, the reference for `stopping.divergence_reason`.
        fresh: whether the run has no saved state.
    """

    def __init__(self, run: Run, trainer: BaseTrainer):
        self.run, self.trainer = run, trainer
        self._held = _held(run.path)
        if self._held is not None:
            weakref.finalize(self, os.close, self._held)
        self.table = HistoryTable(history.columns(run.recipe.family))
        # A second table where the trainer has one: KL per latent dimension, or samples per class.
        self.breakdown_table = HistoryTable(trainer.breakdown[1]) if trainer.breakdown else None
        self.seconds = 0.0
        self.best_total: float | None = None
        self.best_epoch = 0.0
        self.first_total: float | None = None
        self.unsaved_best: dict[str, Tensor] | None = None
        self.saved_at, self.save_cost = -math.inf, 0.0
        self.notes: list[str] = []  # what else is to be said at the end
        leftovers.sweep_files(run.path)  # of a process killed during a write
        self.fresh = not run.has_state
        if self.fresh:
            self._keep_earlier_table()
        else:
            self._restore()
        self.files = [HistoryFile(run.path / "history.csv", self.table)]
        if trainer.breakdown and self.breakdown_table is not None:
            self.files.append(HistoryFile(run.path / trainer.breakdown[0], self.breakdown_table))

    def _restore(self) -> None:
        run, trainer = self.run, self.trainer
        tensors, counters = weights.load(run.path / "resume.safetensors", run.recipe)
        weights.check_finite({k: v for k, v in tensors.items() if k.startswith("model.")}, f"'{run.name}'")
        try:
            trainer.check_counters(counters)
            trainer.load_state_dict(tensors, counters)
            self._take_up(counters)
        except (KeyError, RuntimeError, ValueError, TypeError, IndexError, AttributeError, OverflowError) as error:
            if memory.is_shortage(error):
                raise
            raise RunError(
                f"'{run.name}' cannot be resumed: its saved state does not fit ({sentence(str(error), 200)}). Its "
                "images may have changed since. Train it anew."
            ) from None
        self._restore_best()
        # Rows, changes and frames later than the saved state are dropped: training repeats those steps.
        for row in self._rows_on_disk("history.csv", self.table.columns):
            if row["step"] <= trainer.steps:
                self.table.append(row)
        if trainer.breakdown and self.breakdown_table is not None:
            file, columns = trainer.breakdown
            for row in self._rows_on_disk(file, columns):
                if row["epoch"] <= trainer.progress:
                    self.breakdown_table.append(row)
        run.update_status(changes=[change for change in run.status["changes"] if change["step"] <= trainer.steps])
        for epoch in run.frames():
            if epoch > trainer.progress:
                (run.path / "frames" / frames.file_name(epoch)).unlink(missing_ok=True)

    def _take_up(self, counters: dict[str, Any]) -> None:
        """Set the counters of the recorder from a saved state.

        Raises:
            KeyError, ValueError: one is missing, or not a number that it can be.
        """
        for key, optional in (("seconds", False), ("best_total", True), ("best_epoch", False), ("first_total", True)):
            value = counters[key]
            if not (value is None and optional):
                low = -1e300 if optional else 0
                value = float(checked_number(key, value, low, 1e300))
            setattr(self, key, value)

    def _restore_best(self) -> None:
        """Best weights where the saved state has none beside it, and the weights to go on from after a divergence."""
        run, trainer = self.run, self.trainer
        best = run.path / "best.safetensors"
        if run.status["state"] == "diverged":  # its last state may be diverged: use the best weights
            weights.put(trainer.model, weights.load(best, run.recipe)[0], f"'{run.name}'")
            trainer.reset_optimizer()
        elif not is_regular(best):
            if self.best_total is not None and self.best_epoch == trainer.progress:  # cut off in its first save
                self.unsaved_best = {name: t.clone() for name, t in trainer.model.state_dict().items()}
            else:
                self.best_total = None

    def _rows_on_disk(self, file: str, columns: Sequence[str]) -> list[Row]:
        """Rows of a table of this run. A file that another program has changed is kept aside, since it is written anew.

        Raises:
            RunError: the file cannot be read; training on would replace it by the new rows alone.
        """
        path = self.run.path / file
        # A last line that a crash cut off is later than the saved state, so that its rows are dropped anyway.
        found = history.load(path, columns, self.run.epochs, ended=True)
        if found.problem:
            raise RunError(
                f"'{self.run.name}' cannot be resumed: {found.problem} Close what has it open, or move the file out of "
                "the run's folder."
            )
        if found.foreign:
            kept = history.keep_aside(path)
            self.notes.append(f"{file} had been changed by another program; it is kept as {kept}.")
        return history.to_rows(found.table)

    def _keep_earlier_table(self) -> None:
        """Keep aside the curves of a training whose weights somebody removed: this one begins anew."""
        rows = self._rows_on_disk("history.csv", self.table.columns)
        if not self.notes and any(row["step"] > 0 for row in rows):
            kept = history.keep_aside(self.run.path / "history.csv")
            self.notes.append(f"It started from the beginning. The curves of an earlier training are kept in {kept}.")

    def time(self, row: Row) -> Row:
        """The row with the training time so far, in seconds to the millisecond."""
        return row | {"seconds": round(self.seconds, 3)}

    def validated(self, found: ValidationResult) -> bool:
        """Record a validation; True if it is the best so far. The best weights stay in memory until the next save.

        Raises:
            FolderGone: there is nothing left to record it in.
        """
        self._folder()
        trainer, row, objective = self.trainer, found.row, found.objective
        self.table.merge(row)
        if trainer.breakdown and self.breakdown_table is not None:
            values = [row["epoch"], *found.breakdown.tolist()]
            self.breakdown_table.append(dict(zip(trainer.breakdown[1], values, strict=True)))
        if self.first_total is None:
            self.first_total = objective
        best = self.best_total is None or objective < self.best_total
        if best:
            self.best_total, self.best_epoch = objective, row["epoch"]
            self.unsaved_best = {name: t.clone() for name, t in trainer.model.state_dict().items()}
        seen = row["epoch"] * len(trainer.train_images)
        rate = seen / self.seconds if seen and self.seconds else None
        with contextlib.suppress(OSError):  # status for the pages; on a full disk the next save raises
            self._update(
                epoch=row["epoch"],
                step=trainer.steps,
                seconds=self.seconds,
                images_per_second=rate,
                best_total=self.best_total,
                best_epoch=self.best_epoch,
            )
        return best

    def changed(self, change: dict[str, Any]) -> None:
        """Record a change of the learning rate or of a loss weight such as β during training."""
        if change["field"] in self.run.recipe.family.weights:
            # Totals under two weights cannot be compared: reset the best total, and adjust the reference of divergence.
            self.save_good()
            self.best_total = None
            if self.first_total is not None and len(self.table):
                last = self.table.row(-1)
                part = "train" if "train_total" in last else "val"
                terms = self.run.recipe.family.terms
                weights = last | {change["field"]: change["new"]}
                now = sum((weights[t.weight] if t.weight else 1.0) * last[f"{part}_{t.name}"] for t in terms)
                self.first_total = max(self.first_total, now)
        self._update(changes=[*self.run.status["changes"], change])

    def picture(self, epoch: float) -> None:
        """Write the epoch's frame of preview images, and remove the one before it if it is not to be kept."""
        with contextlib.suppress(OSError):  # a missing frame must not end the training
            folder = self._folder() / "frames"
            write_atomic(folder / frames.file_name(epoch), self.trainer.render_preview(), flush=False)
            if epoch > frames.ALL_KEPT:
                before = max((old for old in self.run.frames() if old < epoch), default=0)
                if before and not frames.is_kept(before):
                    (folder / frames.file_name(before)).unlink(missing_ok=True)

    def save(self) -> None:
        """Save the tables, the best and the last weights, and the state for resuming.

        The state is written last, since it counts on the others, but for a run's first save: a state alone can be
        resumed, weights alone cannot.

        Raises:
            OSError: a file could not be written, for example on a full disk; earlier files stay intact.
        """
        path, trainer, began = self._folder(), self.trainer, time.perf_counter()
        first = not self.run.has_state
        self._save_tables()
        if first:
            self._save_state()
        self._save_best()
        weights.save(path / "last.safetensors", trainer.model.state_dict(), {"epoch": trainer.progress})
        if not first:
            self._save_state()
        self.saved_at = time.perf_counter()
        self.save_cost = self.saved_at - began

    def save_good(self) -> None:
        """Save the tables and the best weights only: after a divergence the current state is of no use."""
        self._folder()
        self._save_tables()
        self._save_best()

    def _save_tables(self) -> None:
        for file in self.files:
            file.save()

    def _save_best(self) -> None:
        if self.unsaved_best is not None:
            counters = {"epoch": self.best_epoch, "val_total": self.best_total}
            weights.save(self.run.path / "best.safetensors", self.unsaved_best, counters)
            self.unsaved_best = None

    def _save_state(self) -> None:
        counters = self.trainer.counters() | {
            "seconds": self.seconds,
            "best_total": self.best_total,
            "best_epoch": self.best_epoch,
            "first_total": self.first_total,
        }
        weights.save(self.run.path / "resume.safetensors", self.trainer.state_dict(), counters)

    def evaluation(self, device: torch.device) -> Generator[float, None, str]:
        """Evaluate the weights that are shown of the run on the test set, and write `evaluation.json`.

        Yields the share that is done; returns a sentence if the images are not available or have changed, else "".
        """
        try:
            test = images_of(self.run)
        except data.DataError as error:
            return f"It could not be scored on the test set: {error}"
        which = shown_weights(self.run)
        model = weights.load_model(self.run, which, device)
        epoch = self.best_epoch if which == "best" else self.trainer.progress
        loss_weights = figures.weights_at(self.run, epoch)
        found = yield from test_set.evaluation_steps(
            model, test, weights=loss_weights, folder=self.run.path, renew=True
        )
        write_json(self._folder() / "evaluation.json", found | {"epoch": epoch})
        return test.changed

    def _folder(self) -> Path:
        """The run's folder.

        Raises:
            FolderGone: under its name there is no folder now, or another one, into which nothing must be written.
        """
        try:
            now = os.stat(self.run.path)
        except OSError:
            raise FolderGone(errno.ENOENT, "its folder is gone") from None
        if self._held is not None and not os.path.samestat(os.fstat(self._held), now):
            raise FolderGone(errno.ENOENT, "its folder is another one")
        return self.run.path

    def _update(self, flush: bool = False, **values: Any) -> None:
        self._folder()
        self.run.update_status(flush, **values)

    def end(self, state: str, message: str) -> None:
        """Write the final status: state, message, and the counts of epochs, steps and seconds."""
        self._update(
            flush=True,
            state=state,
            message=message,
            epoch=self.trainer.progress,
            step=self.trainer.steps,
            seconds=self.seconds,
        )


def _held(folder: Path) -> int | None:
    """A folder held open, so that the system gives its number to no other; None on Windows, which lets none be moved
    while files in it are open."""
    return os.open(folder, os.O_RDONLY) if os.name == "posix" else None

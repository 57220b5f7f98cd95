"""What a training loop writes down: curves, weights, pictures, and the state to go on from.

The order of writing is the point. Tables and weights come first, then the state that counts on them: a resumed run
cuts the tables back to its state and never finds rows missing. Each file is whole by itself
(`atomic_files.write_atomic`), so the plug can be pulled between any two of them.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from core import data
from core.evaluation import test_set
from core.models import build
from core.recipes.images import load_images
from core.runs import Run, RunError, history, weights
from core.runs.history import HistoryFile, HistoryTable, Row
from core.system.atomic_files import write_atomic, write_json
from core.system.progress import Steps
from core.training.base_trainer import BaseTrainer, ValidationResult


class RunRecorder:
    """The written side of one run while it trains.

    Attributes:
        table: the loss curves so far. seconds: spent training and validating, pauses left out.
        best_total, best_epoch: lowest validation objective (total at the present β; a GAN's Fréchet distance), when.
        first_total: the untrained model's total, by which an explosion is judged.
        fresh: nothing was saved before.
    """

    def __init__(self, run: Run, trainer: BaseTrainer):
        self.run, self.trainer = run, trainer
        self.table = HistoryTable(history.columns(run.recipe.family))
        # A second table where the trainer has one: KL per latent dimension, or samples per class.
        self.breakdown_table = HistoryTable(trainer.breakdown[1]) if trainer.breakdown else None
        self.seconds = 0.0
        self.best_total: float | None = None
        self.best_epoch = 0.0
        self.first_total: float | None = None
        self.unsaved_best: dict[str, Tensor] | None = None
        self.saved_at, self.save_cost = -math.inf, 0.0
        for leftover in run.path.rglob(".*.tmp"):  # of a process that was killed while it wrote
            leftover.unlink(missing_ok=True)
        self.fresh = not (run.path / "resume.safetensors").is_file()
        if not self.fresh:
            self._restore()
        self.files = [HistoryFile(run.path / "history.csv", self.table)]
        if trainer.breakdown and self.breakdown_table is not None:
            self.files.append(HistoryFile(run.path / trainer.breakdown[0], self.breakdown_table))

    def _restore(self) -> None:
        run, trainer = self.run, self.trainer
        tensors, counters = weights.load(run.path / "resume.safetensors")
        own = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
        weights.put(build(run.recipe), own, f"'{run.name}'")
        try:
            trainer.load_state_dict(tensors, counters)
            for key in ("seconds", "best_total", "best_epoch", "first_total"):
                setattr(self, key, counters[key])
            if run.status["state"] == "diverged":  # saved while it blew up, perhaps: back to the last good
                weights.put(trainer.model, weights.load(run.path / "best.safetensors")[0], f"'{run.name}'")
                trainer.reset_optimizer()
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise RunError(
                f"'{run.name}' cannot be resumed: its saved state does not fit ({error}). Its images may "
                "have changed since. Train it anew."
            ) from None
        # What was written down after the state was saved belongs to a future that did not happen.
        for row in history.to_rows(history.read(run.path / "history.csv", self.table.columns)):
            if row["step"] <= trainer.steps:
                self.table.append(row)
        if trainer.breakdown and self.breakdown_table is not None:
            file, columns = trainer.breakdown
            for row in history.to_rows(history.read(run.path / file, columns)):
                if row["epoch"] <= trainer.progress:
                    self.breakdown_table.append(row)
        run.update_status(changes=[change for change in run.status["changes"] if change["step"] <= trainer.steps])
        for epoch in run.frames():
            if epoch > trainer.epoch:
                (run.path / "frames" / f"{epoch:04d}.png").unlink(missing_ok=True)

    def time(self, row: Row) -> Row:
        """The row with the seconds of now, to the millisecond."""
        return row | {"seconds": round(self.seconds, 3)}

    def validated(self, found: ValidationResult) -> bool:
        """Note a validation; True if it is the best so far, whose weights are then kept until they are saved."""
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
        with contextlib.suppress(OSError):  # news for the pages; if the disk is full, the next save says so
            self.run.update_status(
                epoch=row["epoch"],
                step=trainer.steps,
                seconds=self.seconds,
                images_per_second=rate,
                best_total=self.best_total,
                best_epoch=self.best_epoch,
            )
        return best

    def changed(self, change: dict[str, Any]) -> None:
        """Note a learning rate or β changed in mid-run."""
        if change["field"] in self.run.recipe.family.weights:
            # Totals under two weights cannot be compared: the best starts anew, and what counts as an explosion too.
            self.save_good()
            self.best_total = None
            if self.first_total is not None and len(self.table):
                last = self.table.row(-1)
                part = "train" if "train_total" in last else "val"
                terms = self.run.recipe.family.terms
                weights = last | {change["field"]: change["new"]}
                now = sum((weights[t.weight] if t.weight else 1.0) * last[f"{part}_{t.name}"] for t in terms)
                self.first_total = max(self.first_total, now)
        self.run.update_status(changes=[*self.run.status["changes"], change])

    def picture(self, epoch: int) -> None:
        """Take the frame of that epoch."""
        path = self.run.path / "frames" / f"{epoch:04d}.png"
        with contextlib.suppress(OSError):  # a picture is not worth ending a training for
            write_atomic(path, self.trainer.render_preview(), flush=False)

    def save(self) -> None:
        """Everything, as it is now.

        Raises:
            OSError: the disk is full; what was saved before is untouched.
        """
        path, trainer, began = self.run.path, self.trainer, time.perf_counter()
        self.save_good()
        weights.save(path / "last.safetensors", trainer.model.state_dict(), {"epoch": trainer.progress})
        counters = trainer.counters() | {
            "seconds": self.seconds,
            "best_total": self.best_total,
            "best_epoch": self.best_epoch,
            "first_total": self.first_total,
        }
        weights.save(path / "resume.safetensors", trainer.state_dict(), counters)
        self.saved_at = time.perf_counter()
        self.save_cost = self.saved_at - began

    def save_good(self) -> None:
        """The tables and the best weights, without the state of now: all that is worth keeping after an explosion."""
        path = self.run.path
        for file in self.files:
            file.save()
        if self.unsaved_best is not None:
            counters = {"epoch": self.best_epoch, "val_total": self.best_total}
            weights.save(path / "best.safetensors", self.unsaved_best, counters)
            self.unsaved_best = None

    def evaluation(self, device: torch.device) -> Iterator[str]:
        """Score the best weights on the test set, once, at the very end, in steps: yields nothing to say after each,
        or the sentence why it cannot be done."""
        recipe = self.run.recipe
        try:
            test = load_images(recipe)
        except data.DataError as error:
            yield f"It could not be scored on the test set: {error}"
            return
        model = weights.load_model(self.run, "best", device)
        steps = Steps(test_set.evaluation_steps(model, test))
        for _ in steps:
            yield ""
        write_json(self.run.path / "evaluation.json", steps.end() | {"epoch": self.best_epoch})

    def end(self, state: str, message: str) -> None:
        """The last word on how it went."""
        self.run.update_status(
            flush=True,
            state=state,
            message=message,
            epoch=self.trainer.progress,
            step=self.trainer.steps,
            seconds=self.seconds,
        )

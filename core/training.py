"""The loop that turns a recipe into a run: a plain generator that a shell, a test, a notebook and the worker drive.

    run = runs.create(preset("mlp-vae"))
    for event in train(run):
        if isinstance(event, EpochEnd):
            print(event.row["val_total"])

It yields after every batch, so whoever drives it can pause (by not asking for more), take one step, stop, or change
the learning rate or β, each within one batch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import torch
from filelock import Timeout

from core import data, devices, history, metrics, weights
from core.events import Batch, Changed, Control, EpochEnd, Event, Finished, Report, Started
from core.files import write_atomic, write_json
from core.history import Row
from core.models import build
from core.runs import Run, RunError
from core.trainer import Trainer

REPORT_SECONDS = 0.4
"""How often losses come over from the device: a curve that moves twice a second costs nothing."""

SAVE_SECONDS = (1.0, 60.0)
"""Saved after an epoch if the last time is longer ago than the first figure (digits take 50 ms an epoch, and a disk
takes longer than that), and within an epoch after the second: what a power cut may cost on a slow machine."""


def train(run: Run, device: str = "auto", control: Control | None = None) -> Iterator[Event]:
    """Train a run to its last epoch, from the beginning or from where it was stopped.

    Closing the generator early saves the state first, as a stop does.

    Raises:
        RunError: the run is damaged, finished, or being trained by someone else.
        data.DataError: its images cannot be had. devices.DeviceError: no such device.
    """
    lock = run.lock()
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(f"'{run.name}' is being trained already.") from None
    threads = torch.get_num_threads()
    try:
        loop = _Loop(run, devices.choose(device), control or Control())
        try:
            yield from loop.events()
        except GeneratorExit:
            loop.stop()
            raise
        except OSError as error:
            yield loop.fail(f"Epoch {loop.trainer.epoch + 1} could not be saved ({error.strerror or error}). The last "
                            "saved state is kept: make room on the disk, then resume.")
    finally:
        torch.set_num_threads(threads)
        lock.release()


@dataclass
class _Loop:
    """One call of `train`: the trainer, the clock, and what has been written down so far."""

    run: Run
    device: torch.device
    control: Control
    rows: list[Row] = field(default_factory=list)
    unreported: list[Row] = field(default_factory=list)
    seconds: float = 0.0
    best_total: float | None = None
    best_epoch: float = 0
    first_total: float | None = None
    unsaved_best: dict[str, torch.Tensor] | None = None

    def __post_init__(self) -> None:
        run = self.run
        self.threads = devices.threads_for(run.recipe, self.device)
        torch.set_num_threads(self.threads)
        self.trainer = Trainer(run.recipe, self.device)
        self.fresh = not (run.path / "resume.safetensors").is_file()
        if not self.fresh:
            self._restore()
            if self.trainer.epoch >= run.epochs:
                raise RunError(f"'{run.name}' has finished its {run.epochs} epochs. Resume it with more epochs.")
        self.sent = self.trainer.bin_start(self.trainer.batch)
        self.saved_at = -math.inf
        columns = self._kl_columns = ("epoch", *(f"z{i}" for i in range(run.recipe.latent_dim)))
        old = history.to_rows(history.read(run.path / "kl.csv", columns))
        self.kl_rows = [row for row in old if row["epoch"] <= self.trainer.epoch and not self.fresh]

    def _restore(self) -> None:
        tensors, facts = weights.load(self.run.path / "resume.safetensors")
        own = {k[6:]: v for k, v in tensors.items() if k.startswith("model.")}
        weights.put(build(self.run.recipe), own, f"'{self.run.name}'")
        try:
            self.trainer.restore(tensors, facts)
            for key in ("seconds", "best_total", "best_epoch", "first_total"):
                setattr(self, key, facts[key])
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise RunError(f"'{self.run.name}' cannot be resumed: its saved state does not fit ({error}). Its images "
                           "may have changed since. Train it anew.") from None
        # What was written down after the state was saved belongs to a future that did not happen.
        run, steps = self.run, self.trainer.steps
        self.rows = [row for row in history.to_rows(run.history()) if row["step"] <= steps]
        run.update_status(changes=[change for change in run.status["changes"] if change["step"] <= steps])
        for epoch in run.frames():
            if epoch > self.trainer.epoch:
                (run.path / "frames" / f"{epoch:04d}.png").unlink(missing_ok=True)

    def events(self) -> Iterator[Event]:
        trainer, run = self.trainer, self.run
        parameters = sum(p.numel() for p in trainer.model.parameters())
        run.update_status(state="running", message="", device=devices.describe(self.device), threads=self.threads,
                          parameters=parameters)
        yield Started(devices.describe(self.device), self.threads, parameters, trainer.batches,
                      len(trainer.train_images))
        if self.fresh:
            yield self._end_epoch()  # epoch 0: what the untrained model does
        reported, images = time.perf_counter(), 0
        while trainer.epoch < run.epochs:
            yield from self._take_up_changes()
            if self.control.stop:
                yield self.stop()
                return
            began = time.perf_counter()
            trainer.step()
            images += min(run.recipe.batch_size, len(trainer.train_images))
            now = time.perf_counter()
            self.seconds += now - began
            if trainer.epoch_done or self.control.report or now - reported > REPORT_SECONDS:
                self.control.report = False
                yield self._report(images / max(time.perf_counter() - reported, 1e-9))
                reported, images = time.perf_counter(), 0
                if problem := self._explosion(self.rows[-1:]):
                    yield self._diverged(problem)
                    return
            if trainer.epoch_done:
                event = self._end_epoch()
                yield event
                if isinstance(event, Finished):
                    return
                reported = time.perf_counter()
            elif time.perf_counter() - self.saved_at > SAVE_SECONDS[1]:
                self._save()
            if reason := self._enough():
                yield self._finish(reason)
                return
            waited = time.perf_counter()
            yield Batch()
            reported += time.perf_counter() - waited  # a pause is no slowness
        yield self._finish("")

    def _take_up_changes(self) -> Iterator[Changed]:
        for name in ("lr", "beta"):
            new, old = getattr(self.control, name), getattr(self.trainer, name)
            setattr(self.control, name, None)
            if new is None or new == old:
                continue
            setattr(self.trainer, name, new)
            if name == "beta":
                self.best_total = None  # totals under two weights cannot be compared: the best starts anew
            change = {"step": self.trainer.steps, "epoch": self.trainer.progress, "field": name, "old": old, "new": new}
            self.run.update_status(changes=[*self.run.status["changes"], change])
            yield Changed(change)

    def _collect(self) -> None:
        """Fetch the bins of the curve that are complete and not yet written down."""
        trainer = self.trainer
        whole = trainer.batch if trainer.epoch_done else trainer.bin_start(trainer.batch)
        fresh = [row | {"seconds": round(self.seconds, 3)} for row in trainer.rows(self.sent, whole)]
        self.rows += fresh
        self.unreported += fresh
        self.sent = whole

    def _report(self, images_per_second: float) -> Report:
        self._collect()
        trainer, rows = self.trainer, self.unreported
        now = [row | {"seconds": round(self.seconds, 3)} for row in trainer.rows(self.sent, trainer.batch)]
        self.unreported = []
        return Report(rows, now[-1] if now else None, trainer.steps, trainer.progress, self.seconds, images_per_second)

    def _explosion(self, rows: list[Row]) -> str:
        """Why the newest loss can no longer be trusted, or nothing."""
        for row in rows:
            total = row.get("train_total", 0.0) if "val_total" not in row else row["val_total"]
            if not math.isfinite(total):
                return "became infinite"
            if self.first_total is not None and total > 10 * abs(self.first_total) + 1000:
                return f"grew to {total:,.0f}, from {self.first_total:,.0f} before training,"
        return ""

    def _measure(self) -> EpochEnd | Finished:
        """Validate where training stands now, and remember the weights if they are the best so far."""
        trainer, run = self.trainer, self.run
        began = time.perf_counter()
        row, scores = trainer.validate()
        if problem := self._explosion([row]):
            return self._diverged(problem)
        self.seconds += time.perf_counter() - began
        row["seconds"] = round(self.seconds, 3)
        if self.rows and self.rows[-1]["step"] == row["step"]:
            self.rows[-1] |= row
        else:
            self.rows.append(row)
        objective = scores.total(trainer.beta)
        if self.first_total is None:
            self.first_total = objective
        best = self.best_total is None or objective < self.best_total
        if best:
            self.best_total, self.best_epoch = objective, row["epoch"]
            self.unsaved_best = {name: t.clone() for name, t in trainer.model.state_dict().items()}
        if run.recipe.model != "ae":
            values = [row["epoch"], *scores.kl_per_dim.tolist()]
            self.kl_rows.append(dict(zip(self._kl_columns, values, strict=True)))
        rate = {"images_per_second": trainer.steps * run.recipe.batch_size / self.seconds} if trainer.steps else {}
        run.update_status(epoch=row["epoch"], step=trainer.steps, seconds=self.seconds, best_total=self.best_total,
                          best_epoch=self.best_epoch, **rate)
        return EpochEnd(row, trainer.epoch, best, scores.kl_per_dim.tolist())

    def _end_epoch(self) -> EpochEnd | Finished:
        """Count the epoch, validate, take the picture, and save if it is time."""
        trainer = self.trainer
        event = self._measure()
        if isinstance(event, Finished):
            return event
        if trainer.batch:
            trainer.end_epoch()
            self.sent = 0
        write_atomic(self.run.path / "frames" / f"{trainer.epoch:04d}.png", trainer.picture(), flush=False)
        if time.perf_counter() - self.saved_at > SAVE_SECONDS[0]:
            self._save()
        return replace(event, epoch=trainer.epoch)

    def _save(self) -> None:
        """Tables and weights first, then the state that counts on them: a resumed run cuts the tables back to its
        state and never finds rows missing. Each file is whole by itself, whenever the plug is pulled."""
        run, trainer = self.run, self.trainer
        self._collect()
        history.write(run.path / "history.csv", self.rows)
        if self.kl_rows:
            history.write(run.path / "kl.csv", self.kl_rows, self._kl_columns)
        if self.unsaved_best is not None:
            best = {"epoch": self.best_epoch, "val_total": self.best_total}
            weights.save(run.path / "best.safetensors", self.unsaved_best, best)
            self.unsaved_best = None
        weights.save(run.path / "last.safetensors", trainer.model.state_dict(), {"epoch": trainer.progress})
        facts = trainer.facts() | {"seconds": self.seconds, "best_total": self.best_total,
                                   "best_epoch": self.best_epoch, "first_total": self.first_total}
        weights.save(run.path / "resume.safetensors", trainer.tensors(), facts)
        self.saved_at = time.perf_counter()

    def _enough(self) -> str:
        """Why training ends before its last epoch, or nothing."""
        recipe, trainer = self.run.recipe, self.trainer
        if trainer.epoch >= self.run.epochs:
            return ""
        if recipe.max_minutes and self.seconds >= 60 * recipe.max_minutes:
            return f"Stopped after {recipe.max_minutes:g} minutes, as asked."
        if recipe.patience and not trainer.batch and trainer.epoch - self.best_epoch >= recipe.patience:
            return f"Stopped at a plateau: no better validation loss for {recipe.patience} epochs."
        return ""

    def stop(self) -> Finished:
        """Validate and save within the epoch, and end: what was learned so far can be used at once."""
        if self.trainer.batch and isinstance(event := self._measure(), Finished):
            return event
        self._save()
        return self._end("stopped", f"Stopped in epoch {self.trainer.epoch + 1}. You can resume it.")

    def fail(self, message: str) -> Finished:
        """End after an error; the status may be unwritable too."""
        try:
            return self._end("failed", message)
        except OSError:
            return Finished("failed", message)

    def _diverged(self, problem: str) -> Finished:
        """The weights of now are spoilt; what was good before them is not, and may still wait to be saved."""
        if self.unsaved_best is not None:
            facts = {"epoch": self.best_epoch, "val_total": self.best_total}
            weights.save(self.run.path / "best.safetensors", self.unsaved_best, facts)
        kept = f"The best weights, of epoch {self.best_epoch:g}, are kept." if self.best_total is not None else ""
        return self._end("diverged", f"The loss {problem} in epoch {self.trainer.epoch + 1}. {kept} Try a smaller "
                                     f"learning rate, such as {self.trainer.lr / 10:g}.")

    def _finish(self, reason: str) -> Finished:
        """Score the best weights on the test set, once, at the very end."""
        run = self.run
        if self.trainer.batch and isinstance(event := self._measure(), Finished):
            return event
        self._save()
        test = data.load(run.recipe.dataset, run.recipe.folder).test_images
        if len(test):
            model = weights.load_model(run, "best", self.device)
            write_json(run.path / "evaluation.json", metrics.evaluate(model, test) | {"epoch": self.best_epoch})
        return self._end("finished", reason)

    def _end(self, state: str, message: str) -> Finished:
        self.run.update_status(state=state, message=message, epoch=self.trainer.epoch, step=self.trainer.steps,
                               seconds=self.seconds)
        return Finished(state, message)

"""The loop that turns a recipe into a run: a plain generator that a shell, a test, a notebook and the worker drive.

    run = runs.create(preset("mlp-vae"))
    for event in train(run):
        if isinstance(event, EpochEnd):
            print(event.row["val_total"])

It yields after every batch, so whoever drives it can pause (by not asking for more), take one step, stop, or change
the learning rate or β, each within one batch.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Iterator
from dataclasses import replace

import torch
from filelock import Timeout

from core.runs import Run, RunError
from core.runs.history import Row
from core.system import devices
from core.training import base_trainer, stopping
from core.training.base_trainer import BaseTrainer
from core.training.events import (
    Batch,
    Changed,
    Control,
    EpochEnd,
    Event,
    Finished,
    Heartbeat,
    Report,
    SinglePlayerStep,
    Started,
)
from core.training.recorder import RunRecorder

REPORT_SECONDS = 0.4
"""How often losses come over from the device: a curve that moves twice a second costs nothing."""

SAVE_SECONDS = (1.0, 60.0)
"""Saved after an epoch if the last time is longer ago than the first figure (digits take 50 ms an epoch, and a disk
takes longer than that), and within an epoch after the second: what a power cut may cost on a slow machine."""


def train(run: Run, device: str = "auto", control: Control | None = None) -> Generator[Event, None, None]:
    """Train a run to its last epoch, from the beginning or from where it was stopped.

    Closing the generator early saves the state first, as a stop does.

    Raises:
        RunError: the run is damaged, finished, or being trained by someone else.
        data.DataError: its images cannot be had. devices.DeviceError: no such device.
    """
    lock, threads = run.lock(), torch.get_num_threads()
    try:
        lock.acquire(timeout=0.5, poll_interval=0.01)  # not 0: a page that asks who trains holds it for a moment
        loop = _Loop(run, devices.choose(device), control or Control())
        try:
            yield from loop.events()
        except GeneratorExit:
            with contextlib.suppress(OSError):  # nobody is left to tell; what was saved before is whole
                loop.close()
            raise
        except OSError as error:
            yield loop.fail(error)
    except Timeout:
        raise RunError(f"'{run.name}' is being trained already.") from None
    except OSError as error:
        raise RunError(f"'{run.name}' cannot be written to ({error.strerror}).") from None
    finally:
        torch.set_num_threads(threads)
        lock.release()


class _Loop:
    """One call of `train`: a trainer, a record of what it does, and a clock."""

    def __init__(self, run: Run, device: torch.device, control: Control):
        self.run, self.device, self.control = run, device, control
        self.threads = base_trainer.threads_for(run.recipe, device)
        torch.set_num_threads(self.threads)
        self.trainer: BaseTrainer = run.recipe.family.trainer_class()(run.recipe, device)
        self.record = RunRecorder(run, self.trainer)
        self.epochs = run.epochs  # asked once: the answer lies in a file
        # One that was cut off in its last save or scoring has all its epochs and still an end to come to.
        if self.trainer.epoch >= self.epochs and run.status["state"] == "finished":
            raise RunError(f"'{run.name}' has finished its {self.epochs} epochs. Resume it with more epochs.")
        self.sent = self.trainer.bin_start(self.trainer.batch)
        self.unreported: list[Row] = []
        self.ended = False
        # Limits count from here: a run that was resumed after its minutes or its plateau is meant to go on.
        self.began_at = (self.record.seconds, self.trainer.epoch)

    def events(self) -> Iterator[Event]:
        trainer, record, run, name = self.trainer, self.record, self.run, self.trainer.device_name
        parameters = sum(p.numel() for p in trainer.model.parameters())
        run.update_status(state="running", message="", device=name, threads=self.threads, parameters=parameters)
        yield Started(name, self.threads, parameters, trainer.batches, len(trainer.train_images))
        if record.fresh:
            trainer.begin()
            yield (event := self._end_epoch())  # epoch 0: what the untrained model does
            if isinstance(event, Finished):
                return
        reported, images = time.perf_counter(), 0
        while trainer.epoch < self.epochs:
            yield from self._take_up_changes()
            if self.control.stop:
                yield self.stop()
                return
            if player := self.control.single_player:
                self.control.single_player = ""
                yield SinglePlayerStep(player, trainer.single_player_step(player))
                continue
            began = time.perf_counter()
            images += trainer.step()
            due = trainer.epoch_done or self.control.report or began - reported > REPORT_SECONDS
            if due:
                trainer.synchronize()  # a GPU computes asynchronously
            now = time.perf_counter()
            record.seconds += now - began
            if due:
                self.control.report = False
                report = self._report(images / (now - reported))
                yield report
                reported, images = time.perf_counter(), 0
                if problem := stopping.divergence_reason(
                    [*report.rows, *filter(None, [report.now])], record.first_total
                ):
                    yield self._diverged(problem)
                    return
            if trainer.epoch_done:
                yield (event := self._end_epoch())
                if isinstance(event, Finished):
                    return
                reported = time.perf_counter()
            elif now - record.saved_at > SAVE_SECONDS[1] and trainer.finite():
                self._save()
            if reason := self._enough():
                yield from self._finish(reason)
                return
            waited = time.perf_counter()
            yield Batch()
            reported += time.perf_counter() - waited  # a pause is no slowness
        yield from self._finish("")

    def _take_up_changes(self) -> Iterator[Changed]:
        trainer = self.trainer
        for name in trainer.changeable:
            new, old = getattr(self.control, name, None), trainer.current(name)
            if new is None:
                continue
            setattr(self.control, name, None)
            if new != old:
                self._collect()  # what was trained so far was trained with the old value
                trainer.change(name, new)
                change = {"step": trainer.steps, "epoch": trainer.progress, "field": name, "old": old, "new": new}
                self.record.changed(change)
                yield Changed(change)

    def _collect(self) -> None:
        """Fetch the bins of the curve that are complete and not yet written down."""
        trainer = self.trainer
        whole = trainer.batch if trainer.epoch_done else trainer.bin_start(trainer.batch)
        rows = [self.record.time(row) for row in trainer.curve(self.sent, whole)]
        self.record.table.extend(rows)
        self.unreported += rows
        self.sent = whole

    def _report(self, images_per_second: float) -> Report:
        self._collect()
        trainer, rows, self.unreported = self.trainer, self.unreported, []
        end = [self.record.time(row) for row in trainer.curve(self.sent, trainer.batch)]
        return Report(
            rows, end[-1] if end else None, trainer.steps, trainer.progress, self.record.seconds, images_per_second
        )

    def _measure(self) -> EpochEnd | Finished:
        """Validate where training stands now."""
        self._collect()
        began = time.perf_counter()
        found = self.trainer.validate()
        if problem := stopping.divergence_reason([found.row], self.record.first_total):
            return self._diverged(problem)
        self.record.seconds += time.perf_counter() - began
        found = replace(found, row=self.record.time(found.row))
        return EpochEnd(
            found.row,
            self.trainer.epoch,
            self.record.validated(found),
            found.kl_per_dim.tolist(),
            found.shares.tolist(),
        )

    def _end_epoch(self) -> EpochEnd | Finished:
        """Validate, count the epoch, take the picture, and save if it is time."""
        trainer, record = self.trainer, self.record
        if isinstance(event := self._measure(), Finished):
            return event
        if trainer.batch:
            trainer.end_epoch()
            self.sent = 0
        record.picture(trainer.epoch)
        # A long run of short epochs has a long history to write: saving takes a twentieth of the time at most.
        if time.perf_counter() - record.saved_at > max(SAVE_SECONDS[0], 20 * record.save_cost):
            self._save()
        return replace(event, epoch=trainer.epoch)

    def _cut(self) -> Finished | None:
        """Where an epoch ends before its last batch: validate and take the picture all the same."""
        if self.trainer.batch:
            if isinstance(event := self._measure(), Finished):
                return event
            self.record.picture(self.trainer.epoch + 1)  # taken anew when the epoch is resumed and done
        return None

    def _save(self) -> None:
        self._collect()
        self.record.save()

    def _enough(self) -> str:
        """Why training ends before its last epoch, or nothing."""
        epoch, record = self.trainer.epoch, self.record
        if epoch >= self.epochs:
            return ""
        waited = 0 if self.trainer.batch else int(epoch - max(record.best_epoch, self.began_at[1]))
        return stopping.early_stop_reason(self.run.recipe, record.seconds - self.began_at[0], waited)

    def stop(self) -> Finished:
        """Validate and save within the epoch, and end: what was learned so far can be used at once."""
        if problem := self._cut():
            return problem
        self._save()
        batch, epoch = self.trainer.batch, self.trainer.epoch
        where = f"in epoch {epoch + 1}" if batch else f"after epoch {epoch}"
        return self._end("stopped", f"Stopped {where}. You can resume it.")

    def close(self) -> None:
        """The driver has gone, between any two events: leave the run as a stop would."""
        if self.ended or (self.trainer.epoch_done and isinstance(self._end_epoch(), Finished)):
            return
        if self.trainer.epoch < self.epochs:
            self.stop()
        else:
            list(self._finish(""))

    def fail(self, error: OSError) -> Finished:
        """End after a failed save; the status may be unwritable too."""
        message = stopping.save_error(error, min(self.trainer.epoch + 1, self.epochs))
        try:
            return self._end("failed", message)
        except OSError:
            return Finished("failed", message)

    def _diverged(self, problem: str) -> Finished:
        """The weights of now are spoilt; what was good before them is kept."""
        self.record.save_good()
        best = self.record.best_epoch if self.record.best_total is not None else None
        return self._end("diverged", stopping.diverged(problem, self.trainer.epoch + 1, best, self.trainer.lr))

    def _finish(self, reason: str) -> Iterator[Heartbeat | Finished]:
        """Score the best weights on the test set, once, at the very end."""
        if problem := self._cut():
            yield problem
            return
        self._save()
        said = ""
        for said in self.record.evaluation(self.device):
            if self.control.stop:
                said = "It was stopped before it was scored on the test set."
                break
            yield Heartbeat()
        yield self._end("finished", " ".join(filter(None, (reason, said))))

    def _end(self, state: str, message: str) -> Finished:
        self.record.end(state, message)
        self.ended = True
        return Finished(state, message)

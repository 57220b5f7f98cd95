"""Training loop: a generator of events, for the command line, tests, notebooks and the training worker.

    run = runs.create(preset("mlp-vae"))
    for event in train(run):
        if isinstance(event, EpochEnd):
            print(event.row["val_total"])

The loop yields after every batch, so its caller can pause (by not resuming the generator), take a single step, stop,
or change the learning rate or β, each within one batch.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Iterator
from dataclasses import replace

import torch
from filelock import Timeout

from core.data import DataError
from core.runs import Run, RunError, weights
from core.runs import images as run_images
from core.runs.history import Row
from core.runs.run import not_writable
from core.system import devices, memory
from core.system.progress import Steps
from core.training import base_trainer, stopping
from core.training.base_trainer import BaseTrainer
from core.training.events import (
    Batch,
    Changed,
    Control,
    EarlyFrame,
    EpochEnd,
    Evaluating,
    Event,
    Finished,
    Report,
    SinglePlayerStep,
    Started,
)
from core.training.recorder import RunRecorder

REPORT_SECONDS = 0.4
"""Seconds between two transfers of losses from the device; at this interval their cost is negligible."""

SAVE_SECONDS = (1.0, 60.0)
"""Minimum and maximum number of seconds between two saves.

An epoch's end saves after the minimum: an epoch on the digits takes 50 ms, a save longer. Within an epoch the loop
saves after the maximum, which bounds the work that a power cut loses.
"""


def train(run: Run, device: str = "auto", control: Control | None = None) -> Generator[Event, None, None]:
    """Train a run to its last epoch, from the beginning or from its saved state.

    Closing the generator early saves the state first, as a stop does.

    Raises:
        RunError: the run is damaged, finished, or being trained by another process, or its images have changed.
        data.DataError: its images are not available. devices.DeviceError: no such device.
    """
    lock, threads, loop = run.lock(), torch.get_num_threads(), None
    try:
        lock.acquire(timeout=0.5, poll_interval=0.01)  # not 0: a page that checks the lock holds it briefly
        try:
            loop = _Loop(run, devices.choose(device), control or Control())
            yield from loop.events()
        except GeneratorExit:
            with contextlib.suppress(OSError):  # no caller left for the error; the last save is intact
                if loop is not None:
                    loop.close()
            raise
        except Exception as error:
            if memory.is_shortage(error):
                yield _failed(run, stopping.memory_error(run.has_state))
            elif isinstance(error, OSError) and loop is not None:
                yield loop.fail(error)
            else:
                if loop is not None:  # the reason must outlive this process
                    expected = isinstance(error, (RunError, DataError))
                    _failed(run, str(error) if expected else f"Training ended with an error ({error!r}).")
                raise
    except Timeout:
        raise RunError(f"'{run.name}' is being trained already.") from None
    except OSError as error:
        raise not_writable(run, error) from None
    finally:
        torch.set_num_threads(threads)
        lock.release()


def _failed(run: Run, message: str) -> Finished:
    """End a run with a sentence about why; tolerates a status file that cannot be written either."""
    with contextlib.suppress(OSError):
        run.update_status(flush=True, state="failed", message=message)
    return Finished("failed", message)


class _Loop:
    """State of one call of `train`: the trainer, the recorder of the run's files, and the training time."""

    def __init__(self, run: Run, device: torch.device, control: Control):
        self.run, self.device, self.control = run, device, control
        self.threads = base_trainer.threads_for(run.recipe, device)
        torch.set_num_threads(self.threads)
        if run.has_state:  # before a model of that size takes memory
            weights.check(run.path / "resume.safetensors", run.recipe)
        images = run_images.images_to_train(run, fresh=not run.has_state)
        self.trainer: BaseTrainer = run.recipe.family.trainer_class()(run.recipe, device, images)
        self.record = RunRecorder(run, self.trainer)
        self.epochs = run.epochs  # read once: it is stored in a file
        # A run interrupted in its last save or evaluation has all its epochs but is not finished.
        if self.trainer.epoch >= self.epochs and run.status["state"] == "finished":
            raise RunError(f"'{run.name}' has finished its {self.epochs} epochs. Resume it with more epochs.")
        self.sent = self.trainer.bin_start(self.trainer.batch)
        self.unreported: list[Row] = []
        self.ended = False
        # Limits count from here, so that a run resumed after its time limit or plateau can continue.
        self.began_at = (self.record.seconds, self.trainer.epoch)

    def events(self) -> Iterator[Event]:
        trainer, record, run, name = self.trainer, self.record, self.run, self.trainer.device_name
        parameters = sum(p.numel() for p in trainer.model.parameters())
        run.update_status(state="running", message="", device=name, threads=self.threads, parameters=parameters)
        yield Started(name, self.threads, parameters, trainer.batches, len(trainer.train_images))
        if record.fresh:
            trainer.begin()
            yield (event := self._end_epoch())  # epoch 0: the untrained model
            if isinstance(event, Finished):
                return
        early = trainer.early_frames()
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
            if trainer.batch in early and not trainer.epoch:
                began = time.perf_counter()
                record.picture(early[trainer.batch])
                yield EarlyFrame(early[trainer.batch])
                reported += time.perf_counter() - began
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
            reported += time.perf_counter() - waited  # a pause does not lower the rate
        yield from self._finish("")

    def _take_up_changes(self) -> Iterator[Changed]:
        trainer = self.trainer
        for name in trainer.changeable:
            new, old = self.control.changes.pop(name, None), trainer.current(name)
            if new is not None and new != old:
                self._collect()  # the rows up to here belong to the old value
                trainer.change(name, new)
                change: dict[str, float | str] = {
                    "step": trainer.steps,
                    "epoch": trainer.progress,
                    "field": name,
                    "old": old,
                    "new": new,
                }
                self.record.changed(change)
                yield Changed(change)

    def _collect(self) -> None:
        """Append the completed bins of the loss curve to the table."""
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
        """Validate the current weights; ends the run if the loss has diverged."""
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
        """Validate, count the epoch, record its frame, and save if a save is due."""
        trainer, record = self.trainer, self.record
        if isinstance(event := self._measure(), Finished):
            return event
        if trainer.batch:
            trainer.end_epoch()
            self.sent = 0
        record.picture(trainer.epoch)
        # A long run of short epochs has a long history to write: limit saving to a twentieth of the time.
        if time.perf_counter() - record.saved_at > max(SAVE_SECONDS[0], 20 * record.save_cost):
            self._save()
        return replace(event, epoch=trainer.epoch)

    def _cut(self) -> Finished | None:
        """Validate and record a frame if the epoch was interrupted; returns the end of a diverged run."""
        if self.trainer.batch:
            if isinstance(event := self._measure(), Finished):
                return event
            self.record.picture(self.trainer.epoch + 1)  # replaced when the resumed epoch ends
        return None

    def _save(self) -> None:
        self._collect()
        self.record.save()

    def _enough(self) -> str:
        """Reason to end training before the last epoch, as a sentence; empty to continue."""
        epoch, record = self.trainer.epoch, self.record
        if epoch >= self.epochs:
            return ""
        waited = 0 if self.trainer.batch else int(epoch - max(record.best_epoch, self.began_at[1]))
        return stopping.early_stop_reason(self.run.recipe, record.seconds - self.began_at[0], waited)

    def stop(self) -> Finished:
        """Validate, save and end, also within an epoch: the weights so far can be used at once."""
        if problem := self._cut():
            return problem
        self._save()
        batch, epoch = self.trainer.batch, self.trainer.epoch
        where = f"in epoch {epoch + 1}" if batch else f"after epoch {epoch}"
        return self._end("stopped", f"Stopped {where}. You can resume it.")

    def close(self) -> None:
        """Leave the run as a stop would, when the generator was closed between two events."""
        if self.ended or (self.trainer.epoch_done and isinstance(self._end_epoch(), Finished)):
            return
        if self.trainer.epoch < self.epochs:
            self.stop()
        else:
            list(self._finish(""))

    def fail(self, error: OSError) -> Finished:
        """End the run after a failed save; tolerates a status file that cannot be written either."""
        message = stopping.save_error(error, min(self.trainer.epoch + 1, self.epochs), self.run.has_state)
        try:
            return self._end("failed", message)
        except OSError:
            return Finished("failed", message)

    def _diverged(self, problem: str) -> Finished:
        """End a diverged run: keep the tables and the best weights, discard the current weights."""
        self.record.save_good()
        best = self.record.best_epoch if self.record.best_total is not None else None
        return self._end("diverged", stopping.diverged(problem, self.trainer.epoch + 1, best, self.trainer.lr))

    def _finish(self, reason: str) -> Iterator[Evaluating | Finished]:
        """Evaluate the best weights on the test set and end the run."""
        if problem := self._cut():
            yield problem
            return
        self._save()
        yield Evaluating(0.0)
        steps = Steps(self.record.evaluation(self.device))
        for share in steps:
            if self.control.stop:
                said = "It was stopped before it was scored on the test set."
                break
            yield Evaluating(share)
        else:  # also where a stop comes after the last step
            said = steps.end()
        yield self._end("finished", " ".join(filter(None, (reason, said))))

    def _end(self, state: str, message: str) -> Finished:
        message = " ".join(filter(None, (message, *self.record.notes)))
        self.record.end(state, message)
        self.ended = True
        return Finished(state, message)

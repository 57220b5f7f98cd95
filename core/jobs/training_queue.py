"""The background thread of each device: it owns the queue and the running job, and drives a worker process.

    job = board().submit(recipe)
    job.snapshot().points["train_total"]

Jobs belong to the lab, not to a page: a closed page, a reload or a second tab finds them as they are. Nothing here
imports torch, and nothing calls a page back: pages poll `snapshot()`.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from typing import Any

from core import runs
from core.jobs.speed_estimates import SpeedEstimates
from core.jobs.training_job import FINAL, TrainingJob
from core.recipes.recipe import Recipe
from core.runs import Run, RunError
from core.system import paths
from core.system.devices import openmp_environment

KEPT = 20
"""Jobs remembered after they ended; their runs stay on disk."""

PATIENCE = 30.0
"""Seconds a stop may take before the worker process is ended by force. Every save is whole, so nothing is lost."""


class TrainingQueue:
    """The jobs of one device: one running, the others waiting in line. Safe to use from any thread."""

    def __init__(self, device: str = "auto"):
        self.device = device
        self.devices: list[str] = []
        self._jobs: list[TrainingJob] = []
        self._changed = threading.Condition()
        self.paces = SpeedEstimates(self._changed)
        self._process: subprocess.Popen[str] | None = None
        self._forced: subprocess.Popen[str] | None = None
        self._stderr: Any = None
        self._closed = False
        self._ids = itertools.count(1)
        self._thread = threading.Thread(target=self._serve, name=f"training on {device}", daemon=True)
        self._wanted = False
        self._thread.start()
        atexit.register(self.close)

    def submit(self, recipe: Recipe, name: str | None = None) -> TrainingJob:
        """Put a new run in the queue.

        Raises:
            RunError: its folder cannot be made.
        """
        return self._enqueue(runs.create(recipe, name))

    def resume(self, name: str, epochs: int | None = None) -> TrainingJob:
        """Put a stopped, interrupted or finished run in the queue again, to go on to `epochs` in all.

        Raises:
            RunError: it is damaged, in training, or has no epochs left.
        """
        run = runs.open_run(name)
        job = self.job(name)
        if (job and job.active) or run.locked():
            raise RunError(f"'{name}' is in training already.")
        if not run.resumable:
            raise RunError(f"'{name}' has no saved state to resume from. Train a new run with its recipe.")
        status = run.status
        # One that was cut off in its last save has all its epochs and still an end to come to.
        if (epochs or run.epochs) <= int(status["epoch"]) and status["state"] == "finished":
            raise RunError(f"'{name}' has {int(status['epoch'])} epochs behind it. Ask for more in all.")
        if epochs:
            run.update_status(flush=True, epochs=epochs)
        return self._enqueue(run)

    def _enqueue(self, run: Run) -> TrainingJob:
        with self._changed:
            if self._closed:
                raise RunError("The lab is closing.")
            if any(j.active and j.name == run.name for j in self._jobs):
                raise RunError(f"'{run.name}' is in training already.")
            job = TrainingJob(next(self._ids), run, self._command, self._position)
            ended = [j for j in self._jobs if not j.active]
            for old in [*ended[: max(0, len(ended) - KEPT)], *(j for j in ended if j.name == run.name)]:
                if old in self._jobs:
                    self._jobs.remove(old)
            self._jobs.append(job)
            self.paces.give_way(self._send)
            self._changed.notify_all()
        return job

    def jobs(self) -> list[TrainingJob]:
        """The running job first, then the queue in order, then what has ended, newest first."""
        with self._changed:
            active = [j for j in self._jobs if j.active]
            return active + [j for j in reversed(self._jobs) if not j.active]

    def job(self, name: str) -> TrainingJob | None:
        """The newest job of that run, if it was trained since the lab was opened."""
        with self._changed:
            return next((j for j in reversed(self._jobs) if j.name == name), None)

    def warm(self) -> None:
        """Start the worker process before it is needed: it spends two seconds importing torch."""
        with self._changed:
            self._wanted = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the worker process; it saves what it trains first."""
        with self._changed:
            self._closed = True
            process = self._process
            for job in self._jobs:
                if job.state == "queued":
                    job.end("cancelled", "The lab was closed before it began.")
            self._changed.notify_all()
        if process is None:
            return
        with contextlib.suppress(OSError):
            process.stdin.close()  # the worker's sign to save and leave
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _position(self, job: TrainingJob) -> int:
        """0 for the running job, 1, 2, … for those in line, -1 for those that ended."""
        with self._changed:
            active = [j for j in self._jobs if j.active]
            return active.index(job) if job in active else -1

    def _command(self, job: TrainingJob, do: str, **facts: float) -> None:
        """Pass a command to the worker, or act on a job that has not reached it."""
        with self._changed:
            if job.state == "queued":
                if do in ("cancel", "stop"):
                    job.end("cancelled", "Cancelled before it began.")
                elif do == "set":
                    job.wishes |= facts
                return
            if not job.active or self._process is None:
                return
            self._send({"do": "stop" if do == "cancel" else do, **facts})
            if do in ("stop", "cancel"):
                job.expect("stopping")
                timer = threading.Timer(PATIENCE, self._force, [job, self._process])
                timer.daemon = True
                timer.start()

    def _force(self, job: TrainingJob, process: subprocess.Popen[str]) -> None:
        if job.active and process.poll() is None:
            self._forced = process
            process.kill()

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError, ValueError):  # a dead worker is noticed by the thread that reads from it
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def _serve(self) -> None:
        """The thread: one job after the other, each to its end, whatever happens to its process."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._wanted or self.paces.asked or self._next())
                if self._closed:
                    return
                self._wanted, job = False, self._next()
            try:
                self._ensure_process()
                if job is not None:
                    self._drive(job)
                else:
                    self.paces.answer(self.device, self._send, self._process.stdout)
            except Exception as error:  # the thread must outlive anything, or the queue stands still
                if self._process is not None:
                    self._process.kill()  # what it was doing, and would say next, belongs to no job any more
                self.paces.give_up()
                if job is not None:
                    job.end("failed", f"Training could not be started: {error}")

    def _next(self) -> TrainingJob | None:
        return next((j for j in self._jobs if j.state == "queued"), None)

    def _ensure_process(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the process)
        environment = os.environ | openmp_environment() | {"PYTHONPATH": str(paths.ROOT), "PYTHONUTF8": "1"}
        process = subprocess.Popen(
            [sys.executable, "-m", "core.jobs.training_worker"],
            cwd=paths.ROOT,
            env=environment,
            text=True,
            encoding="utf-8",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        with self._changed:
            self._process = process
            if self._closed:
                process.stdin.close()
                return
        line = process.stdout.readline()
        if line:
            self.devices = json.loads(line)["devices"]

    def _drive(self, job: TrainingJob) -> None:
        process = self._process
        with self._changed:
            if job.state != "queued":
                return
            job.expect("starting")
            self._send({"do": "train", "run": job.name, "device": self.device})
            if job.wishes:
                self._send({"do": "set", **job.wishes})
        for line in process.stdout:
            job.hear(json.loads(line))
            if job.state in FINAL:
                return
        process.wait()
        if self._forced is process:
            job.end(
                "stopped",
                "The training process did not answer and was ended. What was saved is kept: you can resume the run.",
            )
        if self._closed:
            job.end("stopped", "The lab was closed. What was trained is saved: you can resume the run.")
        job.end(
            "failed",
            f"The training process {self._why(process.returncode)}. What was saved is kept: you can resume the run.",
        )

    def _why(self, code: int) -> str:
        """How a process ended, in words."""
        self._stderr.seek(0)
        last = self._stderr.read().decode(errors="replace").strip().splitlines()[-1:]
        if code == -getattr(signal, "SIGKILL", 9):
            return "was ended by the system, often for lack of memory"
        return f"ended unexpectedly (code {code}{': ' + last[0][:200] if last else ''})"


_boards: dict[str, TrainingQueue] = {}
_lock = threading.Lock()


def training_queue(device: str = "auto") -> TrainingQueue:
    """The board of that device, the same for everybody in this process."""
    with _lock:
        if device not in _boards:
            _boards[device] = TrainingQueue(device)
        return _boards[device]


def devices() -> list[str]:
    """What can be chosen to train on: known in full once a worker process has started."""
    found = [d for b in list(_boards.values()) for d in b.devices]
    return ["auto", *dict.fromkeys(found)]

"""The thread that hands orders for maps to the process which forms them, and what each order has come to so far.

Like training (`jobs/training_queue.py`): jobs belong to the lab and not to a page, pages only look, and the process
can be stopped, or crash, without taking anything along.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from core.system import paths

IDLE = 300.0
"""Seconds after which a process without orders is let go."""

PATIENCE = 8.0
"""Seconds a stop may take before the process is ended by force: the search for neighbours cannot be interrupted."""

REMEMBERED = 20
"""Jobs that are remembered after they ended."""


class EmbeddingJob:
    """One map, or one set of small maps, in the making.

    Attributes:
        state: `queued`, `forming`, `measuring`, `done`, `stopped` or `failed`.
        y: the newest map float32 [n, 2], None before there is one. iteration, trace: how far it is, and its KL so far.
        measures: see `measures.measure`; None before they are known. part: share of small maps made.
        message: why it failed, or what went wrong beside it.
        key, target: the course and the iterations that are asked for. stopping: whether somebody asked it to stop.
    """

    def __init__(self, key: str, target: int, order: dict[str, Any], arrays: dict[str, np.ndarray]):
        self.key, self.target, self.order, self.arrays = key, target, order, arrays
        self.state, self.message = "queued", ""
        self.y: np.ndarray | None = None
        self.iteration, self.trace, self.part, self.seconds = 0, [], 0.0, 0.0
        self.measures: dict[str, float] | None = None
        self.stopping, self._finished, self._ended = False, False, threading.Event()
        self.position_of: Callable[[EmbeddingJob], int] = lambda job: 0
        self.stop_with: Callable[[EmbeddingJob], None] = lambda job: None

    @property
    def active(self) -> bool:
        """Whether it waits or works."""
        return not self._ended.is_set()

    @property
    def kl(self) -> float | None:
        """KL(P ‖ Q) at the newest look, in nats."""
        return self.trace[-1][1] if self.trace else None

    @property
    def position(self) -> int:
        """How many maps come before this one; 0 while it is made."""
        return self.position_of(self)

    def stop(self) -> None:
        """Ask it to stop; what is formed is kept, and `start` goes on from there."""
        self.stop_with(self)

    def wait(self, timeout: float | None = None) -> None:
        """Until it has ended, for tests and the shell."""
        self._ended.wait(timeout)

    def hear(self, event: dict[str, Any]) -> None:
        """Take up what the process says."""
        kind = event["event"]
        if kind in ("step", "formed") and "y" in event:
            y = np.frombuffer(base64.b64decode(event["y"]), np.float32).reshape(-1, 2)
            self.y, self.iteration = y, event["iteration"]
            self.trace = [(int(i), float(kl)) for i, kl in event["trace"]]
        if kind == "part":
            self.part = event["done"] / max(1, event["whole"])
        elif kind == "formed":
            self.state, self._finished, self.seconds = "measuring", event["finished"], event["seconds"]
        elif kind == "ended":
            self.measures, self.message = event["measures"], event["note"]
            self.end("done" if self._finished else "stopped")
        elif kind == "failed":
            self.end("failed", event["message"])

    def end(self, state: str, message: str = "") -> None:
        """The first end counts; later ones are ignored."""
        if self.active:
            self.state, self.message, self.arrays = state, message or self.message, {}
            self._ended.set()


class EmbeddingQueue:
    """The thread that hands one order after the other to the process. Safe to use from any thread."""

    def __init__(self) -> None:
        self._jobs: list[EmbeddingJob] = []
        self._changed, self._pipe = threading.Condition(), threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: Any = None
        self._wanted = self._closed = False
        self._thread: threading.Thread | None = None

    def submit(self, job: EmbeddingJob) -> EmbeddingJob:
        """Put a job in line; an active one of the same key and end is joined instead."""
        with self._changed:
            for other in self._jobs:
                if other.active and (other.key, other.target) == (job.key, job.target) and not other.stopping:
                    return other
            ended = [j for j in self._jobs if not j.active]
            for old in [*ended[:-REMEMBERED], *(j for j in ended if (j.key, j.target) == (job.key, job.target))]:
                if old in self._jobs:
                    self._jobs.remove(old)
            job.position_of, job.stop_with = self.position, self.stop
            self._jobs.append(job)
            self._begin()
        return job

    def job(self, key: str, target: int) -> EmbeddingJob | None:
        """The newest job of that key and end."""
        with self._changed:
            return next((j for j in reversed(self._jobs) if (j.key, j.target) == (key, target)), None)

    def warm(self) -> None:
        """Start the process before it is needed: it spends a second or more on imports."""
        with self._changed:
            self._wanted = True
            self._begin()

    def position(self, job: EmbeddingJob) -> int:
        """See `Job.position`."""
        with self._changed:
            active = [j for j in self._jobs if j.active]
            return active.index(job) if job in active else 0

    def stop(self, job: EmbeddingJob) -> None:
        """See `Job.stop`."""
        with self._changed:
            if job.state == "queued":
                return job.end("stopped")
            if not job.active or job.stopping:
                return
            job.stopping = True
            threading.Thread(target=self._press, args=(job,), daemon=True).start()

    def _press(self, job: EmbeddingJob) -> None:
        if (process := self._process) is not None:
            self._send(process, {"do": "stop"})
        job.wait(PATIENCE)
        if job.state == "forming" and (process := self._process) is not None:
            process.kill()

    def close(self) -> None:
        """End the process and every job."""
        with self._changed:
            self._closed = True
            for job in self._jobs:
                job.end("stopped")
            self._changed.notify_all()
        self._let_go()

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="forming maps", daemon=True)
            self._thread.start()
            atexit.register(self.close)
        self._changed.notify_all()

    def _next(self) -> EmbeddingJob | None:
        return next((j for j in self._jobs if j.state == "queued"), None)

    def _serve(self) -> None:
        while True:
            with self._changed:
                due = self._changed.wait_for(lambda: self._closed or self._wanted or self._next(), IDLE)
                if self._closed:
                    return
                self._wanted, job = False, self._next()
                if job is not None:
                    job.state = "forming"
            if not due:
                self._let_go()
                continue
            try:
                self._ensure_process()
                if job is not None:
                    self._drive(job)
            except Exception as error:  # the thread must outlive anything, or the line stands still
                self._let_go()
                if job is not None:
                    job.end("failed", f"The map could not be made ({error}).")

    def _ensure_process(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the process)
        # Threads that wait sleep instead of spinning: the core they would hold is a page's, or a training's.
        environment = {"OMP_WAIT_POLICY": "passive"} | os.environ | {"PYTHONPATH": str(paths.ROOT), "PYTHONUTF8": "1"}
        process = subprocess.Popen(
            [sys.executable, "-m", "core.jobs.embedding_worker"],
            cwd=paths.ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        with self._changed:
            self._process = process
            if self._closed:
                process.kill()

    def _drive(self, job: EmbeddingJob) -> None:
        process, arrays = self._process, job.arrays
        order = job.order | {"arrays": {name: (a.dtype.str, a.shape) for name, a in arrays.items()}}
        self._send(process, order, *arrays.values())
        if job.stopping:  # a stop that was quicker than its order
            self._send(process, {"do": "stop"})
        for line in process.stdout:
            job.hear(json.loads(line))
            if not job.active:
                return
        process.wait()  # or the next order would go to one that is dying
        if job.stopping or self._closed:
            return job.end("stopped")
        self._stderr.seek(0)
        last = self._stderr.read().decode(errors="replace").strip().splitlines()[-1:]
        job.end("failed", f"The process that forms maps ended unexpectedly{': ' + last[0][:200] if last else ''}.")

    def _send(self, process: subprocess.Popen[bytes], message: dict[str, Any], *arrays: np.ndarray) -> None:
        # A lock of its own: megabytes may take a moment, and no page should wait for them.
        with self._pipe, contextlib.suppress(OSError, ValueError):  # a dead process is noticed by its reader
            process.stdin.write(json.dumps(message).encode() + b"\n")
            for array in arrays:
                process.stdin.write(np.ascontiguousarray(array).data.cast("B"))
            process.stdin.flush()

    def _let_go(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()  # nothing in it is worth more than the moment it would take to ask
            process.wait()

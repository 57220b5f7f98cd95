"""Queue of background jobs: which job runs when. An executor carries the jobs out (`core.jobs.executor`).

The budget. Every job belongs to a lane, and a lane has a number of slots:

- `training on DEVICE`: one training at a time on each device; speed tests give way to trainings.
- `background` (maps, outlier scores, sweeps, learned priors): a quarter of the CPU cores, at least one and at most
  four. Their processes run at low priority and with one thread where that suffices: a training and the page come first.
- `classifier` (classifiers, measures of planes): one; a page waits for it, seconds of one thread at low priority.
- `search`: half of the CPU cores, at least one and at most four; a page waits for it, mostly less than a
  second: latent searches, and outlier scores by a model with an encoder.
- `import`: one at a time reads a visitor's pictures, with as many threads as there are cores, at low priority.
- `download`: four; downloads compute nothing.

Two cores thus carry one training and one background job, and the page interrupts both. Within a lane, jobs start by
priority and then in the order of arrival. Work that several visitors want is done once: a job whose key is active is
joined.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import logging
import threading
from collections.abc import Iterator
from typing import TypeVar

from core.jobs.executor import Crashed, Execution, Executor, LocalExecutor, Outcome
from core.jobs.job import Job
from core.jobs.messages import Command, Ended
from core.system.devices import cores

KEPT = 20
"""Ended jobs remembered of each kind; their results stay on disk."""

BACKGROUND, CLASSIFIER, SEARCH, IMPORT, DOWNLOAD = "background", "classifier", "search", "import", "download"

AnyJob = TypeVar("AnyJob", bound=Job)

_log = logging.getLogger(__name__)


class QueueClosed(RuntimeError):
    """The lab is closing and takes no more jobs."""


def slots_of(lane: str) -> int:
    """Number of jobs of a lane that run at the same time."""
    if lane == BACKGROUND:
        return max(1, min(4, cores() // 4))
    if lane == SEARCH:
        return max(1, min(4, cores() // 2))
    return 4 if lane == DOWNLOAD else 1


class JobQueue:
    """Waiting, running and ended jobs of all kinds. Safe to use from any thread.

    Lock order: the queue's lock, then a job's; never the other way round.
    """

    def __init__(self, executor: Executor | None = None):
        self.executor: Executor = executor or LocalExecutor()
        self._changed = threading.Condition()
        self._jobs: list[Job] = []
        self._executions: dict[int, Execution] = {}
        self._forced: set[int] = set()
        self._ids = itertools.count(1)
        self._closed = False
        atexit.register(self.close)

    def submit(self, job: AnyJob, visitor: str = "") -> AnyJob:
        """Add a job, or join the active job of its kind and key.

        Args:
            visitor: noted as one who wants the result (`Job.watch`), if given.
        Raises:
            QueueClosed: the lab is closing.
        """
        with self._changed:
            if self._closed:
                raise QueueClosed("The lab is closing.")
            joined = next(
                (
                    j
                    for j in self._jobs
                    if type(j) is type(job) and j.key == job.key and j.active and j.state != "stopping"
                ),
                None,
            )
            wanted, given_up = joined or job, []
            if visitor:
                wanted.watch(visitor)
            if joined is None:
                self._forget(job)
                job.attach(self, next(self._ids))
                self._jobs.append(job)
                self._make_way(job)
                self._schedule()
                given_up = self._give_up(job, visitor or job.owner)
        for old in given_up:
            old.after_cancel()
        return wanted

    def find(self, kind: type[AnyJob], key: str) -> AnyJob | None:
        """The newest job of that kind and key."""
        with self._changed:
            return next((j for j in reversed(self._jobs) if isinstance(j, kind) and j.key == key), None)

    def jobs(self, kind: type[AnyJob]) -> list[AnyJob]:
        """Jobs of a kind (`Job` for all): running ones, waiting ones in the order they start, ended ones, newest
        first."""
        with self._changed:
            found = [j for j in self._jobs if isinstance(j, kind)]
            active = sorted((j for j in found if j.active), key=_start_order)
            return active + [j for j in reversed(found) if not j.active]

    def forget_ended(self) -> None:
        """Forget the jobs that have ended."""
        with self._changed:
            self._jobs = [j for j in self._jobs if j.active]

    def position(self, job: Job) -> int:
        """0 for a job that runs, 1, 2, … for one that waits, -1 for one that has ended."""
        with self._changed:
            if not job.active:
                return -1
            if job.state != "queued":
                return 0
            waiting = sorted((j for j in self._jobs if j.lane == job.lane and j.state == "queued"), key=_start_order)
            return waiting.index(job) + 1 if job in waiting else -1

    def command(self, job: Job, command: Command) -> None:
        """Pass a command to the job's work; stop or change one that waits."""
        if self._pass(job, command):
            job.after_cancel()

    def leave(self, job: Job, visitor: str) -> None:
        """Note that a visitor no longer wants the job's result, and stop it when nobody does; in one step, so that a
        visitor who joins at the same moment gets a job that goes on or a new one."""
        with self._changed:
            cancelled = job.forget_watcher(visitor) and self._pass(job, Command("stop"))
        if cancelled:
            job.after_cancel()

    def _pass(self, job: Job, command: Command) -> bool:
        """Pass a command on; True if it took the job out of the queue."""
        with self._changed:
            if not job.active or job.state == "stopping":
                return False
            if job.state == "queued":
                if command.verb == "change":
                    job.pending_commands.append(command)
                if command.verb != "stop":
                    return False
                job.set_state("cancelled", "Cancelled before it began.")
                self._schedule()
                return True
            execution = self._executions.get(job.id)
            if execution is None:
                job.pending_commands.append(command)
            else:
                execution.command(command)
            if command.verb == "stop":
                job.set_state("stopping")
                timer = threading.Timer(job.patience, self._force, [job])
                timer.daemon = True
                timer.start()
            return False

    def prepare(self, worker: str, device: str = "") -> None:
        """Make a worker process ready in the background, before the first job needs it."""

        def start() -> None:
            with contextlib.suppress(OSError):  # the job that needs the process will say so
                self.executor.prepare(worker, device)

        threading.Thread(target=start, name=f"starting a {worker} worker", daemon=True).start()

    def close(self) -> None:
        """Cancel what waits, end what runs; trainings are saved first. No job can be added afterwards."""
        with self._changed:
            self._closed = True
            waiting = [job for job in self._jobs if job.state == "queued"]
            for job in waiting:
                job.set_state("cancelled", "The lab was closed before it began.")
        for job in waiting:
            job.after_cancel()
        self.executor.close()
        atexit.unregister(self.close)

    def _schedule(self) -> None:
        """Start what the budget allows. Under the lock."""
        if self._closed:
            return
        for job in sorted((j for j in self._jobs if j.state == "queued"), key=_start_order):
            at_work = [j for j in self._jobs if j.active and j.state != "queued"]
            busy = sum(1 for j in at_work if j.lane == job.lane)
            # One that is stopping still writes its files: its successor waits for it, whatever the lane would allow.
            before = any(type(j) is type(job) and j.key == job.key for j in at_work)
            if busy < slots_of(job.lane) and not before:
                job.set_state("starting")
                threading.Thread(target=self._run, args=(job,), name=f"{job.kind} {job.id}", daemon=True).start()

    def _make_way(self, job: Job) -> None:
        """Stop jobs of the lane that give way to a more important one. Under the lock."""
        for other in self._jobs:
            if other.gives_way and other.active and other.lane == job.lane and other.priority > job.priority:
                other.stop()

    def _give_up(self, job: Job, visitor: str) -> list[Job]:
        """Take the oldest jobs of the kind out of the queue that wait for a visitor beyond `Job.most_waiting` and that
        nobody else wants. Returns them. Under the lock."""
        if not visitor:
            return []
        waiting = [j for j in self._jobs if type(j) is type(job) and j.state == "queued" and j.wanted_by(visitor)]
        oldest = waiting[: max(0, len(waiting) - job.most_waiting)]
        return [j for j in oldest if j.forget_watcher(visitor) and self._pass(j, Command("stop"))]

    def _forget(self, job: Job) -> None:
        """Drop the oldest ended jobs of a kind, and those of the same key. Under the lock."""
        ended = [j for j in self._jobs if type(j) is type(job) and not j.active]
        dropped = {*(j.id for j in ended[: max(0, len(ended) - KEPT)]), *(j.id for j in ended if j.key == job.key)}
        self._jobs = [j for j in self._jobs if j.id not in dropped]

    def _run(self, job: Job) -> None:
        """Carry out one job from beginning to end, on a thread of its own."""
        try:
            execution = self.executor.submit(job.order())
        except Exception as error:  # whatever it is, the lane must go on
            self._end(job, Ended("failed", job.start_message.format(reason=error)))
            return
        with self._changed:
            self._executions[job.id] = execution
            for command in job.pending_commands:
                execution.command(command)
            job.pending_commands.clear()
        try:
            for event in execution.events():
                job.handle_event(event)
            outcome: Outcome = execution.result()
        except Exception as error:
            _log.exception("Events of %s could not be taken up", job.title)
            execution.kill()  # its next messages would reach another job
            outcome = Ended("failed", f"{type(error).__name__}: {error}", unexpected=True)
        if isinstance(outcome, Crashed):
            outcome = self._crash(job, outcome)
        elif outcome.state == "failed":
            sentence = job.error_message if outcome.unexpected else job.failed_message
            outcome = Ended("failed", sentence.format(reason=outcome.message))
        self._end(job, outcome)

    def _crash(self, job: Job, crash: Crashed) -> Ended:
        if job.id in self._forced:
            return Ended("stopped", job.forced_message)
        if self._closed:
            return Ended("stopped", job.closed_message)
        if job.state == "stopping" and not job.forced_message:
            return Ended("stopped")
        return Ended("failed", job.crash_message.format(reason=crash.reason))

    def _end(self, job: Job, ended: Ended) -> None:
        try:
            job.before_end(ended.state)
        except Exception:  # the end counts all the same
            _log.exception("What %s left could not be read", job.title)
        with self._changed:
            self._executions.pop(job.id, None)
            self._forced.discard(job.id)
            try:
                job.set_state(ended.state, ended.message)
            finally:
                self._schedule()

    def _force(self, job: Job) -> None:
        """Kill the process of a job that did not stop in time."""
        with self._changed:
            execution = self._executions.get(job.id)
            if execution is None or not job.active or not job.interruptible:
                return
            self._forced.add(job.id)
        execution.kill()


def _start_order(job: Job) -> tuple[bool, int, int]:
    return job.state == "queued", job.priority, job.id


_queue: JobQueue | None = None
_queue_lock = threading.Lock()


def job_queue() -> JobQueue:
    """The queue of this process, the same for all visitors."""
    global _queue
    with _queue_lock:
        if _queue is None:
            _queue = JobQueue()
        return _queue


def all_jobs() -> list[Job]:
    """Jobs of all kinds: running ones, waiting ones, then ended ones, newest first."""
    return job_queue().jobs(Job)


@contextlib.contextmanager
def use_queue(queue: JobQueue) -> Iterator[JobQueue]:
    """Make another queue the queue of this process for a while, as tests do; it is closed afterwards."""
    global _queue
    with _queue_lock:
        before, _queue = _queue, queue
    try:
        yield queue
    finally:
        with _queue_lock:
            _queue = before
        queue.close()

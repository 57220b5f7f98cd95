"""Job: one piece of background work, whatever its kind, as pages and shells see it.

A job belongs to the lab, not to a page: a page that is closed, reloaded or opened twice finds it as it is. Its events
arrive from one thread, pages read its attributes from many. Nothing here imports torch.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from core.jobs.messages import Command, Message, Order, Progress

if TYPE_CHECKING:
    from core.jobs.queue import JobQueue

_log = logging.getLogger(__name__)

STATES = ("queued", "starting", "running", "paused", "stopping")
"""States of an active job, in their usual order."""

FINAL = ("finished", "stopped", "diverged", "failed", "cancelled")
"""States of a job that has ended: `stopped` after it began, `cancelled` before."""


class Job:
    """One piece of background work: a state, a progress, a few verbs.

    Subclasses set the class attributes and `order`, and take up the events of their kind in `handle_event`.

    Attributes:
        kind: what is done, in words. verbs: commands that the kind obeys. lane: jobs of one lane share its slots.
        priority: lower numbers start first. gives_way: ends when another job of its lane with a lower number comes.
        patience: seconds that a stop may take before the worker process is killed.
        failed_message, error_message, crash_message, start_message: sentences for work that the data do not allow,
            that ended with an unexpected error, whose process ended, and whose process could not be started;
            `{reason}` is filled in. forced_message, closed_message: for work that was killed after `patience`, and
            that the closing of the lab ended.
        most_waiting: how many jobs of the kind may wait for one visitor; with one more, the oldest is given up.
        key: identifies the result; a second job of an active key is joined instead. owner: who asked for it first.
        id: number in its queue. touched_by: the visitor other than the owner who last gave it a command, if any.
    """

    kind: ClassVar[str] = "job"
    most_waiting: ClassVar[int] = 20
    verbs: ClassVar[frozenset[str]] = frozenset({"stop"})
    priority: ClassVar[int] = 1
    gives_way: ClassVar[bool] = False
    patience: ClassVar[float] = 8.0
    failed_message: ClassVar[str] = "{reason}"
    error_message: ClassVar[str] = "{reason}"
    crash_message: ClassVar[str] = "The process {reason}."
    start_message: ClassVar[str] = "The process could not be started ({reason})."
    forced_message: ClassVar[str] = ""
    closed_message: ClassVar[str] = ""

    def __init__(self, key: str, lane: str, owner: str = ""):
        self.key, self.lane, self.owner, self.id = key, lane, owner, 0
        self.touched_by = ""
        self.pending_commands: list[Command] = []  # sent as soon as the worker has its order
        self._queue: JobQueue | None = None
        self._lock = threading.Condition()
        self._state, self._message, self._phase = "queued", "", ""
        self._share = 0.0
        self._began: float | None = None
        self._version = 0
        self._watchers: set[str] = set()

    def order(self) -> Order:
        """The order for the worker process."""
        raise NotImplementedError

    def attach(self, queue: JobQueue, id: int) -> None:
        """Called by the queue that takes the job."""
        self._queue, self.id = queue, id

    @property
    def title(self) -> str:
        """The job in a few words, for lists of jobs."""
        return self.kind

    @property
    def state(self) -> str:
        """One of `STATES` or `FINAL`."""
        return self._state

    @property
    def phase(self) -> str:
        """What a running job does now, for kinds with several phases; else empty."""
        return self._phase

    @property
    def message(self) -> str:
        """A sentence about the state, or nothing."""
        return self._message

    @property
    def active(self) -> bool:
        """Whether the job has not ended."""
        return self._state not in FINAL

    @property
    def version(self) -> int:
        """A number that changes whenever the job does."""
        return self._version

    @property
    def progress(self) -> float:
        """Share of the work that is done, 0 to 1."""
        return 1.0 if self._state == "finished" else self._share

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds to the end; None if unknown."""
        if self._began is None or not self.active or self._share <= 0:
            return None
        return (time.monotonic() - self._began) * (1 - self._share) / self._share

    @property
    def interruptible(self) -> bool:
        """Whether the process may be killed when a stop takes longer than `patience`."""
        return True

    @property
    def position(self) -> int:
        """0 while the job runs, the number of jobs before it while it waits, -1 when it has ended."""
        return self._queue.position(self) if self._queue else -1

    def watch(self, visitor: str) -> None:
        """Note that a visitor wants the result."""
        with self._lock:
            self._watchers.add(visitor)

    def leave(self, visitor: str) -> None:
        """Note that a visitor no longer wants the result. The job stops when nobody does."""
        if self._queue is not None:
            self._queue.leave(self, visitor)

    def wanted_by(self, visitor: str) -> bool:
        """Whether it was asked for, or is watched, by that visitor."""
        return visitor == self.owner or visitor in self._watchers

    def forget_watcher(self, visitor: str) -> bool:
        """Drop a visitor from those who want the result; True if nobody is left. Under the queue's lock."""
        with self._lock:
            self._watchers.discard(visitor)
            return not self._watchers

    def stop(self) -> None:
        """End the job and keep what is done; a job that waits is cancelled."""
        self._command("stop")

    def cancel(self) -> None:
        """Take the job out of the queue; one that runs is stopped."""
        self._command("stop")

    def wait(self, until: Callable[[Job], bool] | None = None, timeout: float | None = None) -> bool:
        """Block until the condition holds, by default until the job has ended; False after `timeout` seconds."""
        condition = until or (lambda job: not job.active)
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            seen = self._version
            if condition(self):  # not under the lock: it may ask the queue, which has a lock of its own
                return True
            left = None if deadline is None else deadline - time.monotonic()
            with self._lock:
                while self._version == seen:
                    if not self._lock.wait(left):
                        return condition(self)

    def set_state(self, state: str, message: str = "") -> None:
        """Enter a state, unless the job has ended: the first end counts."""
        with self._lock:
            if self.active:
                if state == "running" and self._began is None:
                    self._began = time.monotonic()
                self._state, self._message = state, message or self._message
                try:
                    if state in FINAL:
                        self.on_end()
                except Exception:  # whatever it is, those who wait for the end must hear of it
                    _log.exception("The end of %s could not be taken up", self.title)
                finally:
                    self.touch()

    def handle_event(self, event: Message) -> None:
        """Take up a message of the worker process."""
        with self._lock:
            if self._state == "starting":
                self.set_state("running")
            if isinstance(event, Progress):
                self._share, self._phase = event.share, event.phase
            else:
                self.on_event(event)
            self.touch()

    def on_event(self, event: Message) -> None:
        """Take up a message other than `Progress`, under the job's lock."""

    def before_end(self, state: str) -> None:
        """Read from disk what the end needs. Called once before the state `state` is entered, without any lock."""

    def after_cancel(self) -> None:
        """Note on disk that the job was taken out of the queue. Called without any lock."""

    def on_end(self) -> None:
        """Let go of what only active work needs, under the job's lock."""

    def touch(self) -> None:
        """Note a change and wake those who wait. Under the job's lock."""
        self._version += 1
        self._lock.notify_all()

    def _command(self, verb: str, values: dict[str, float] | None = None) -> None:
        if verb in self.verbs and self._queue is not None:
            self._queue.command(self, Command(verb, values or {}))

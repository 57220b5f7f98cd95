"""Executor: where orders are carried out. By default, in child processes of this machine.

    execution = executor.submit(order)
    for event in execution.events():
        …
    outcome = execution.result()

The job queue knows only the two protocols, so that another executor can hand the same orders to other machines.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from core.jobs.channel import Channel
from core.jobs.child_process import ChildProcess
from core.jobs.messages import Command, Ended, Message, Order
from core.system.devices import openmp_environment

CLOSING = 10.0
"""Seconds that a training may take to save when the lab is closed."""


@dataclass(frozen=True)
class Crashed:
    """Outcome of an order whose process ended before the work did. `reason` continues "the process …"."""

    reason: str


Outcome = Ended | Crashed


class Execution(Protocol):
    """One order that is being carried out."""

    def command(self, command: Command) -> None:
        """Pass a command to the work; ignored once the work has ended. Callable from any thread."""

    def events(self) -> Iterator[Message]:
        """Messages of the work in order, until it has ended. Call once."""

    def result(self) -> Outcome:
        """How the work ended. Call after `events`."""

    def kill(self) -> None:
        """End the work by force."""


class Executor(Protocol):
    """A place where orders are carried out."""

    def submit(self, order: Order) -> Execution:
        """Start to carry out an order.

        Raises:
            OSError: no process can be started.
        """

    def prepare(self, worker: str, device: str = "") -> None:
        """Make a process ready before it is needed, without waiting for it."""

    def devices(self) -> list[str]:
        """Names of the devices that ready processes have reported, fastest first."""

    def close(self) -> None:
        """End all processes; trainings are saved first."""


@dataclass(frozen=True)
class WorkerKind:
    """A kind of worker process.

    Attributes:
        imports: modules imported before the first order. environment: variables added to the lab's.
        nice: by how much the process's priority is lowered, unless `LATENT_LAB_PRIORITY` is `normal`.
        idle_seconds: how long an idle process stays; None: for good.
        leave_at_once: it ends with the lab without saving anything.
    """

    imports: tuple[str, ...]
    environment: Callable[[], dict[str, str]]
    nice: int = 0
    idle_seconds: float | None = None
    leave_at_once: bool = True


def _sleeping_threads() -> dict[str, str]:
    """OpenMP threads that wait sleep at once: the core they would hold is the page's or a training's."""
    return {} if "OMP_WAIT_POLICY" in os.environ else {"OMP_WAIT_POLICY": "passive"}


WORKERS = {
    "training": WorkerKind(("torch", "core.training.loop"), openmp_environment, leave_at_once=False),
    "embedding": WorkerKind(("openTSNE", "sklearn.manifold"), _sleeping_threads, nice=5, idle_seconds=300.0),
    "search": WorkerKind(("torch", "core.jobs.search_worker"), _sleeping_threads, idle_seconds=300.0),
    "importing": WorkerKind(("core.data",), _sleeping_threads, nice=5, idle_seconds=60.0),
    "prior": WorkerKind(("torch", "core.priors.learning"), openmp_environment, nice=5, idle_seconds=60.0),
    "scoring": WorkerKind(("torch",), _sleeping_threads, nice=10, idle_seconds=60.0),
}
"""Worker kinds by name. An order for the worker `thread` runs in a thread of this process: work that only waits, or
that computes for about a second, less than a process needs to start."""


class LocalExecutor:
    """Child processes of this machine. A process stays warm after its order and takes the next one of its kind."""

    def __init__(self) -> None:
        self._lock, self._preparing = threading.Lock(), threading.Lock()
        self._idle: dict[tuple[object, ...], list[ChildProcess]] = {}
        self._busy: dict[ChildProcess, tuple[object, ...]] = {}
        self._devices: dict[str, None] = {}
        self._closed = False

    def submit(self, order: Order) -> Execution:
        """See `Executor.submit`."""
        if order.worker == "thread":
            return ThreadExecution(order)
        child, slot = self._take(order.worker, order.device)
        child.errors.clear()  # of the order before
        try:
            child.send(order)
        except Exception:  # an order that cannot be encoded must not keep the process busy
            self.give_back(child, slot)
            raise
        return ChildExecution(self, child, slot)

    def prepare(self, worker: str, device: str = "") -> None:
        """See `Executor.prepare`. Waits until the process is ready."""
        slot = _slot(worker, device)
        with self._preparing:  # one at a time: two visitors who come together make one process
            with self._lock:
                ready = any(child.alive for child in self._idle.get(slot, ()))
                if self._closed or ready or slot in self._busy.values():
                    return
            child, slot = self._take(worker, device)
            self.give_back(child, slot)  # at once: an order that comes now waits for this process
        self.wait_until_ready(child)

    def devices(self) -> list[str]:
        """See `Executor.devices`."""
        with self._lock:
            return list(self._devices)

    def processes(self) -> list[int]:
        """Ids of the processes that carry out orders now."""
        with self._lock:
            return [child.pid for child in self._busy]

    def close(self) -> None:
        """See `Executor.close`."""
        with self._lock:
            self._closed = True
            children = [*self._busy, *(child for idle in self._idle.values() for child in idle)]
            self._idle.clear()
        for child in children:
            child.end_input()
        for child in children:
            if WORKERS[child.kind].leave_at_once or not child.wait(CLOSING):
                child.kill()

    def wait_until_ready(self, child: ChildProcess) -> None:
        """Wait until the process is ready or has ended; remember the devices that it reports."""
        if ready := child.wait_until_ready():
            with self._lock:
                self._devices |= dict.fromkeys(ready.devices)

    def give_back(self, child: ChildProcess, slot: tuple[object, ...]) -> None:
        """Keep a process for the next order; it ends after its kind's idle time."""
        with self._lock:
            self._busy.pop(child, None)
            child.idle_since = since = time.monotonic()
            if not self._closed:
                self._idle.setdefault(slot, []).append(child)
        seconds = WORKERS[child.kind].idle_seconds
        if seconds is not None:
            timer = threading.Timer(seconds, self._end_idle, [child, slot, since])
            timer.daemon = True
            timer.start()

    def discard(self, child: ChildProcess) -> None:
        """Forget a process that has ended or is about to."""
        with self._lock:
            self._busy.pop(child, None)

    def _take(self, worker: str, device: str) -> tuple[ChildProcess, tuple[object, ...]]:
        slot, kind = _slot(worker, device), WORKERS[worker]
        with self._lock:
            if self._closed:
                raise OSError("the lab is closing")
            idle = self._idle.get(slot, [])
            while idle:
                if (child := idle.pop()).alive:
                    self._busy[child] = slot
                    return child, slot
            outdated = [
                idle_child
                for other in [s for s in self._idle if s[:2] == slot[:2] and s != slot]
                for idle_child in self._idle.pop(other)
            ]
            child = ChildProcess(worker, kind.environment(), low_priority=kind.nice > 0)
            self._busy[child] = slot
        for other_child in outdated:
            other_child.end_input()
        return child, slot

    def _end_idle(self, child: ChildProcess, slot: tuple[object, ...], since: float) -> None:
        with self._lock:
            if child not in self._idle.get(slot, ()) or child.idle_since != since:
                return
            self._idle[slot].remove(child)
        child.kill()


def _slot(worker: str, device: str) -> tuple[object, ...]:
    """Processes of one slot are interchangeable: same kind, device, and folders in the environment."""
    folders = tuple(sorted((k, v) for k, v in os.environ.items() if k.startswith("LATENT_LAB_")))
    return (worker, device, folders)


class ChildExecution:
    """An order in a child process."""

    def __init__(self, executor: LocalExecutor, child: ChildProcess, slot: tuple[object, ...]):
        self._executor, self._child, self._slot = executor, child, slot
        self._lock = threading.Lock()
        self._outcome: Outcome | None = None

    def command(self, command: Command) -> None:
        """See `Execution.command`."""
        with self._lock:  # a command must not reach the order that follows in the same process
            if self._outcome is None:
                self._child.send(command)

    def events(self) -> Iterator[Message]:
        """See `Execution.events`."""
        self._executor.wait_until_ready(self._child)
        while self._outcome is None:
            message = self._child.receive()
            if message is None:
                self._end(Crashed(self._child.reason_of_end()))
            elif isinstance(message, Ended):
                self._end(message)
            else:
                yield message

    def result(self) -> Outcome:
        """See `Execution.result`."""
        assert self._outcome is not None, "the events come first"
        return self._outcome

    def kill(self) -> None:
        """See `Execution.kill`."""
        with self._lock:
            if self._outcome is None:
                self._child.kill()
                self._executor.discard(self._child)

    def _end(self, outcome: Outcome) -> None:
        with self._lock:
            self._outcome = outcome
        if isinstance(outcome, Ended) and outcome.unexpected:
            self._child.log_errors("met an unexpected error")
        if isinstance(outcome, Ended) and not outcome.leaving:
            self._executor.give_back(self._child, self._slot)
        else:
            self._executor.discard(self._child)


class ThreadExecution:
    """An order in a thread of this process, for work that waits for the network or computes for about a second."""

    def __init__(self, order: Order):
        self._outbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._channel = Channel(self._outbox.put)
        self._outcome: Ended | None = None
        threading.Thread(target=self._run, args=(order,), name=order.task, daemon=True).start()

    def _run(self, order: Order) -> None:
        from core.jobs import tasks

        self._outbox.put(tasks.run(order, self._channel))

    def command(self, command: Command) -> None:
        """See `Execution.command`."""
        self._channel.deliver(command)

    def events(self) -> Iterator[Message]:
        """See `Execution.events`."""
        while not isinstance(message := self._outbox.get(), Ended):
            yield message
        self._outcome = message

    def result(self) -> Outcome:
        """See `Execution.result`."""
        assert self._outcome is not None, "the events come first"
        return self._outcome

    def kill(self) -> None:
        """Ask once more: a thread cannot be ended by force."""
        self._channel.deliver(Command("stop"))

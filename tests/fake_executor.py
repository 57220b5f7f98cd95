"""An executor for tests: orders wait until the test ends them, and no process is started."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

from core.jobs.executor import Crashed, Execution, Executor, Outcome, ThreadExecution
from core.jobs.job import Job
from core.jobs.messages import Command, Ended, Message, Order, Progress
from core.jobs.queue import JobQueue


class FakeExecution:
    """One order: `commands` holds what the lab has sent."""

    def __init__(self, order: Order, listened: Callable[[FakeExecution], None]):
        self.order = order
        self._listened = listened
        self.commands: list[str] = []
        self._outbox: queue.SimpleQueue[Message | Crashed] = queue.SimpleQueue()
        self._outcome: Outcome | None = None

    def send(self, *messages: Message | Crashed) -> None:
        """Let the work send messages; `Ended` or `Crashed` ends it."""
        for message in messages:
            self._outbox.put(message)

    def command(self, command: Command) -> None:
        self.commands.append(command.verb)

    def events(self) -> Iterator[Message]:
        self._listened(self)  # not before: a command reaches the work directly only once the queue listens to it
        while not isinstance(message := self._outbox.get(), (Ended, Crashed)):
            yield message
        self._outcome = message

    def result(self) -> Outcome:
        assert self._outcome is not None
        return self._outcome

    def kill(self) -> None:
        self.commands.append("kill")
        self.send(Crashed("was ended by the test"))


class FakeExecutor(Executor):
    """`executions`: all orders so far, in the order they were submitted; `listened_to`: those that are listened to.

    Orders of the tasks `real` are carried out at once, in a thread of the test's process."""

    def __init__(self, *real: str) -> None:
        self.real = real
        self.executions: list[FakeExecution] = []
        self.listened_to: queue.SimpleQueue[FakeExecution] = queue.SimpleQueue()
        self._closed = False

    def submit(self, order: Order) -> Execution:
        if order.task in self.real:
            return ThreadExecution(order)
        execution = FakeExecution(order, self.listened_to.put)
        self.executions.append(execution)
        if self._closed:  # meanwhile: no test will end this one
            execution.send(Crashed("was closed"))
        return execution

    def next(self) -> FakeExecution:
        """Wait for the next order whose events the queue listens to."""
        return self.listened_to.get(timeout=60)

    def started(self, job: Job) -> FakeExecution:
        """Wait for the next order, that of the job, and let its work begin."""
        execution = self.next()
        execution.send(Progress(0.0))
        assert job.wait(lambda j: j.state == "running", 60)
        return execution

    def prepare(self, worker: str, device: str = "") -> None:
        pass

    def devices(self) -> list[str]:
        return []

    def close(self) -> None:
        self._closed = True
        for execution in self.executions:
            execution.send(Crashed("was closed"))


class PatientQueue(JobQueue):
    """A queue that kills no work which does not stop in time: a fake one ends when its test says so, which on a busy
    machine may be later than the job's patience."""

    def _force(self, job: Job) -> None:
        pass

    def close(self) -> None:
        """End all work, and wait for what it keeps at its end: later the folders are those of another test."""
        super().close()
        for job in self.jobs(Job):
            assert job.wait(lambda j: not j.active, 60), f"{job.kind} does not end"

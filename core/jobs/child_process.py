"""Child process with typed messages: `python -m core.jobs.worker KIND`, started and fed by `core.jobs.executor`.

Messages travel over standard input and output (`core.jobs.messages`). Of the error output the last lines are kept, to
explain a crash; a traceback goes to the lab's log.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping

from core.jobs.messages import Message, Ready, encode, read
from core.system import paths

ERROR_LINES = 100
"""Lines of error output that are kept."""

_log = logging.getLogger(__name__)


class ChildProcess:
    """One worker process. `send` from any thread; `receive` from one thread at a time."""

    def __init__(self, kind: str, environment: Mapping[str, str], low_priority: bool = False):
        """Start the process.

        Args:
            environment: variables added to this process's. low_priority: other processes get the CPU first (Windows;
                elsewhere the worker lowers its priority itself).
        Raises:
            OSError: it cannot be started.
        """
        self.kind = kind
        self.errors: deque[str] = deque(maxlen=ERROR_LINES)
        self.idle_since = 0.0
        self._ready: Ready | None = None
        self._getting_ready = threading.Lock()
        self._writing = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.jobs.worker", kind],
            cwd=paths.ROOT,
            env={**os.environ, **environment, "PYTHONPATH": str(paths.ROOT), "PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) if low_priority else 0,
        )
        self._reader = threading.Thread(target=self._read_errors, name=f"errors of {kind} worker", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, message: Message) -> None:
        """Send a message; to a process that has ended, nothing is sent, and its reader notices."""
        assert self._process.stdin is not None
        data = encode(message)
        # A lock of its own: an order may hold megabytes, and two messages must not mix.
        with self._writing, contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def wait_until_ready(self) -> Ready | None:
        """Wait for the first message; None if the process ended before. Callable from several threads."""
        with self._getting_ready:
            if self._ready is None and isinstance(message := self.receive(), Ready):
                self._ready = message
            return self._ready

    def receive(self) -> Message | None:
        """Wait for the next message; None when the process has closed its output."""
        assert self._process.stdout is not None
        return read(self._process.stdout)

    def end_input(self) -> None:
        """Close the process's standard input: the signal to save and leave."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def kill(self) -> None:
        """End the process at once and wait until it has ended."""
        self._process.kill()
        self._process.wait()

    def wait(self, seconds: float) -> bool:
        """Wait for the process's end; False if it takes longer."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def log_errors(self, reason: str) -> None:
        """Write the last lines of the process's error output to the log."""
        if self.errors:
            _log.error("The %s worker %s:\n%s", self.kind, reason, "\n".join(self.errors))

    def reason_of_end(self) -> str:
        """Why the process ended, as the rest of a sentence that begins with "the process"."""
        code = self._process.wait()
        self._reader.join(2.0)
        if code == -getattr(signal, "SIGKILL", 9):
            return "was ended by the system, often for lack of memory"
        last = self.errors[-1][:200] if self.errors else ""
        self.log_errors(f"ended with code {code}")
        return f"ended unexpectedly (code {code}{': ' + last if last else ''})"

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if text := line.decode(errors="replace").rstrip():
                self.errors.append(text)

"""Run a command with its output in a log and its progress on the terminal."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


def on_goodbye(handler) -> None:
    """Call `handler` on every signal that asks this process to end: Ctrl+C, a closed terminal, SIGTERM."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), handler)


def interrupt(signum, frame) -> None:
    """The handler that treats them all as Ctrl+C."""
    raise KeyboardInterrupt


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    output: str

    @property
    def ok(self) -> bool:
        return self.code == 0


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The variables a command of ours gets: the user's, less what points at other Pythons or slows ours down."""
    # Without bytecode on disk each of our processes would compile the lab anew, and pytest all tests.
    dropped = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1", **(extra or {})}


class Runner:
    """Runs commands and appends their output to one log; replaced by a fake in tests."""

    def __init__(self, log: Path):
        self.log = log

    def __call__(
        self,
        command: Sequence[object],
        *,
        note: str = "",
        env: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> Result:
        """Run `command`; while it lasts, show `note` and the seconds so far. Too long is a failure."""
        words = [str(word) for word in command]
        started = time.monotonic()
        with open(self.log, "a", encoding="utf-8") as log:
            log.write("\n$ " + " ".join(words) + "\n")
            log.flush()
            try:
                process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env=environment(env),
                    text=True,
                    encoding="utf-8",
                    errors="replace",
                )
            except OSError as error:
                log.write(f"{error}\n")
                return Result(127, str(error))
            lines: list[str] = []
            reader = threading.Thread(target=_copy, args=(process.stdout, log, lines), daemon=True)
            reader.start()
            try:
                code = self._wait(process, note, started, timeout)
            except BaseException:
                # Ctrl+C: the installer must not go on alone behind a closed window.
                process.kill()
                process.wait()
                raise
            reader.join(5)
            log.write(f"(ended with {code} after {time.monotonic() - started:.1f} s)\n")
        return Result(code, "".join(lines))

    def _wait(self, process: subprocess.Popen, note: str, started: float, timeout: float | None) -> int:
        show = bool(note) and sys.stdout.isatty()
        if note and not show:
            print(note, flush=True)
        while True:
            seconds = time.monotonic() - started
            if show:
                print(f"\r{note} … {seconds:.0f} s ", end="", flush=True)
            if timeout is not None and seconds > timeout:
                process.kill()
            try:
                code = process.wait(timeout=1 if timeout is None else min(1, max(0.05, timeout - seconds)))
            except subprocess.TimeoutExpired:
                continue
            if show:
                print(flush=True)
            return code


def _copy(stream, log, lines: list[str]) -> None:
    """Copy a command's output, line by line as it comes, so that a log read in mid-build is up to date."""
    for line in stream:
        lines.append(line)
        log.write(line)
        log.flush()

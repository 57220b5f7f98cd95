"""Training the classifier of a data set behind the page's back: in a process of its own, so that no page waits."""

from __future__ import annotations

import subprocess
import sys
import threading

from core.system import paths


class ClassifierJob:
    """One training of a classifier, shared by every visitor who wants the same one.

    Attributes:
        state: `running`, `done` or `failed`. part: how much is done, 0 to 1. message: why it failed.
    """

    def __init__(self, name: str, folder: str):
        self.state, self.part, self.message = "running", 0.0, ""
        self._command = [sys.executable, "-m", "core.evaluation.classifier", name, folder]
        self._thread = threading.Thread(target=self._run, name=f"classifier of {name}", daemon=True)

    def wait(self, timeout: float | None = None) -> None:
        """Until it has ended, for tests and the shell."""
        self._thread.join(timeout)

    def _run(self) -> None:
        said: list[str] = []
        try:
            with subprocess.Popen(
                self._command,
                cwd=paths.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
            ) as process:
                for line in process.stdout:
                    said = [*said[-20:], line.strip()]
                    if line.startswith("progress "):
                        self.part = float(line.split()[1])
        except (OSError, ValueError) as error:
            self.message, self.state = f"The classifier could not be trained ({error}).", "failed"
            return
        if process.returncode:
            why = next((line for line in reversed(said) if line), f"it ended with code {process.returncode}")
            self.message, self.state = f"The classifier could not be trained ({why[:200]}).", "failed"
        else:
            self.state = "done"


_jobs: dict[str, ClassifierJob] = {}
_lock = threading.Lock()


def start(name: str, folder: str, key: str, again: bool = False) -> ClassifierJob:
    """Begin to train the classifier of a data set; one that was begun under that key is joined.

    Args:
        key: what tells its images from others (the file it will be kept in). again: start anew if it has ended.
    """
    with _lock:
        job = _jobs.get(key)
        if job is None or (again and job.state != "running"):
            job = _jobs[key] = ClassifierJob(name, folder)
            job._thread.start()
        return job

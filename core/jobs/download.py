"""A download in the background: it outlives the page that started it, and every visitor sees the same one."""

from __future__ import annotations

import threading
from pathlib import Path

from core.data import loading
from core.data.download import DownloadError, Stopped, download


class DownloadJob:
    """A download in the background, one per set, that outlives the page which started it."""

    def __init__(self, name: str):
        self.name, self.done, self.total = name, 0, 0
        self.state, self.message = "running", ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"download {name}", daemon=True)

    def stop(self) -> None:
        """Ask it to stop; what was fetched is kept."""
        self._stop.set()

    def wait(self, timeout: float | None = None) -> None:
        """Until it has ended, for tests and the shell."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            download(self.name, self._progress, self._stop)
        except Stopped as stopped:
            self.state, self.message = "stopped", str(stopped)
        except DownloadError as error:
            self.state, self.message = "failed", str(error)
        except Exception as error:  # a thread's traceback would be seen by nobody
            self.state, self.message = "failed", f"The download ended unexpectedly ({error})."
        else:
            self.state = "done"

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total


_jobs: dict[tuple[str, Path], DownloadJob] = {}
_lock = threading.Lock()


def start(name: str) -> DownloadJob:
    """Begin or go on with a download; one that runs already is joined."""
    with _lock:
        key = (name, loading.raw_folder(name))
        job = _jobs.get(key)
        if job is None or job.state != "running":
            job = _jobs[key] = DownloadJob(name)
            job._thread.start()
        return job


def current(name: str) -> DownloadJob | None:
    """The last download of that set in this process, running or ended."""
    return _jobs.get((name, loading.raw_folder(name)))

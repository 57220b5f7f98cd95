"""Scoring a bag behind the page's back: in a process of its own, so that no page waits. One at a time.

`python -m core.jobs.outliers RUN OTHER N SEED` scores and keeps the result in a shell (OTHER may be "").
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from core import data, runs
from core.data import DataError, ImageSet
from core.evaluation import outlier_images as bags
from core.evaluation import outliers
from core.evaluation.outlier_images import OutlierSet
from core.recipes.images import load_images
from core.runs import Run, RunError
from core.system import paths
from core.system.progress import Steps

_turn = threading.Lock()
"""Two searches at once would only halve each other's speed."""


def prepare(run: Run, other: str, n: int, seed: int) -> tuple[ImageSet, OutlierSet, Path]:
    """The run's data set, the bag, and the file its scores belong into.

    Args:
        other: name of another data set, or "".
    Raises:
        DataError: a set is not there. RunError: the run has no weights.
    """
    images = load_images(run.recipe)
    bag = bags.build(images, run.recipe, data.load(other, shape=images.shape) if other else None, n, seed)
    return images, bag, outliers.file_of(run, bag)


class OutlierJob:
    """One scoring, shared by every visitor who wants the same one.

    Attributes:
        state: `waiting` for others, `running`, `done`, `stopped` or `failed`. part: how much is done, 0 to 1.
        message: why it failed.
    """

    def __init__(self, name: str, other: str, n: int, seed: int):
        self.state, self.part, self.message = "waiting", 0.0, ""
        self._command = [sys.executable, "-m", "core.jobs.outliers", name, other, str(n), str(seed)]
        self._watchers: set[str] = set()
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"outliers of {name}", daemon=True)

    @property
    def active(self) -> bool:
        return self.state in ("waiting", "running")

    def watch(self, who: str) -> None:
        """Somebody wants to see the end of it."""
        with self._lock:
            self._watchers.add(who)

    def leave(self, who: str) -> None:
        """Somebody does not any more. It ends when nobody does: one visitor's Stop is not another's."""
        with self._lock:
            self._watchers.discard(who)
            if self._watchers or not self.active:
                return
            self.state = "stopped"
            if self._process is not None:
                self._process.terminate()

    def wait(self, timeout: float | None = None) -> None:
        """Until it has ended, for tests and the shell."""
        self._thread.join(timeout)

    def _run(self) -> None:
        said: list[str] = []
        with _turn:
            try:
                with self._lock:
                    if self.state == "stopped":
                        return
                    self._process = subprocess.Popen(
                        self._command,
                        cwd=paths.ROOT,
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT,
                        text=True,
                        encoding="utf-8",
                        errors="replace",
                    )
                    self.state = "running"
                with self._process as process:
                    for line in process.stdout:
                        said = [*said[-20:], line.strip()]
                        if line.startswith("progress "):
                            self.part = float(line.split()[1])
                code = process.returncode
            except (OSError, ValueError) as error:
                code, said = 1, [str(error)]
        with self._lock:
            if self.state == "stopped":
                return
            why = next((line for line in reversed(said) if line), f"the process ended with code {code}")
            self.state, self.message = ("failed", why[:300]) if code else ("done", "")


_jobs: dict[Path, OutlierJob] = {}
_lock = threading.Lock()


def start(run: Run, other: str, n: int, seed: int, path: Path, again: bool = False) -> OutlierJob:
    """Begin to score; a job that was begun for that file is joined.

    Args:
        path: what `prepare` says. again: start anew if it has ended.
    """
    with _lock:
        job = _jobs.get(path)
        if job is None or (again and not job.active):
            for old in [p for p, known in _jobs.items() if not known.active][:-20]:
                del _jobs[old]
            job = _jobs[path] = OutlierJob(run.name, other, n, seed)
            job._thread.start()
        return job


def main(name: str, other: str, n: str, seed: str) -> int:
    """Score and keep the result, telling the progress line by line; the exit code."""
    try:
        import torch

        from core.runs import weights

        torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))  # the pages need the rest
        run = runs.open_run(name)
        images, bag, path = prepare(run, other, int(n), int(seed))
        steps = Steps(outliers.scoring_steps(weights.load_model(run), run.recipe, images, bag))
        for part in steps:
            print(f"progress {part:.3f}", flush=True)
        if not outliers.save(path, steps.result):
            print(
                f"The scores could not be kept: {paths.cache_folder()} cannot be written to. Free some space, or "
                "choose another folder with LATENT_LAB_CACHE.",
                flush=True,
            )
            return 1
    except (RunError, DataError) as error:
        print(error, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))

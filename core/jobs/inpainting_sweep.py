"""A sweep over hidden pixels behind the page's back: in a process of its own, so that no page waits.

`python -m core.jobs.inpainting_sweep JSON` is that process: it prints one JSON object a line, {"part": …} as it goes
and {"way": …,
"p": …, "errors": […]} for each share that is finished. Here, `start` runs one such process at a time, shared by all
visitors who ask for the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from core.system import paths

KEPT = 16
"""Sweeps that are remembered."""

SEARCH = "search"


@dataclass(frozen=True)
class SweepCurve:
    """One curve: a run's folder, and how the hole is dealt with: `zeros`, `mean` (of `inpainting.FILLS`), or
    `search`."""

    run: str
    how: str


class InpaintingSweepJob:
    """One sweep.

    Attributes:
        ways: the curves. errors: for each way {p: error of each image [N]}, as far as it is known.
        state: `waiting` for its turn, `running`, `done`, `stopped` or `failed`. part: how much is done, 0 to 1.
        message: why it failed.
    """

    def __init__(self, ways: Sequence[SweepCurve], images: int, seed: int, steps: int):
        self.ways, self.state, self.part, self.message = tuple(ways), "waiting", 0.0, ""
        self.errors: list[dict[float, np.ndarray]] = [{} for _ in ways]
        self._visitors: set[str] = set()
        self._ended, self._process = threading.Event(), None
        order = {"ways": [asdict(way) for way in ways], "images": images, "seed": seed, "steps": steps}
        self._command = [sys.executable, "-m", "core.jobs.inpainting_sweep", json.dumps(order)]
        self._thread = threading.Thread(target=self._run, name="sweep over hidden pixels", daemon=True)

    @property
    def active(self) -> bool:
        return self.state in ("waiting", "running")

    def leave(self, visitor: str) -> None:
        """This visitor no longer wants it; when nobody does, it ends."""
        with _lock:
            self._visitors.discard(visitor)
            if self._visitors or not self.active:
                return
            self._ended.set()
            if self._process is not None:
                self._process.terminate()

    def wait(self, timeout: float | None = None) -> None:
        """Until it has ended, for tests and the shell."""
        self._thread.join(timeout)

    def _run(self) -> None:
        with _turn:
            if self._ended.is_set():
                self.state = "stopped"
                return
            self.state, said, code = "running", [], 0
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
                ) as self._process:
                    for line in self._process.stdout:
                        if not self._heard(line):
                            said = [*said[-20:], line.strip()]
                code = self._process.returncode
            except OSError as error:
                said, code = [str(error)], 1
        if self._ended.is_set():
            self.state = "stopped"
        elif code:
            why = next((line for line in reversed(said) if line), f"it ended with code {code}")
            self.message, self.state = f"The sweep could not be made ({why[:200]}).", "failed"
        else:
            self.part, self.state = 1.0, "done"

    def _heard(self, line: str) -> bool:
        try:
            told = json.loads(line)
            if "errors" in told:
                self.errors[told["way"]][told["p"]] = np.array(told["errors"])
            self.part = float(told["part"])
        except (ValueError, TypeError, KeyError, IndexError):
            return False
        return True


_jobs: dict[Hashable, InpaintingSweepJob] = {}
_lock, _turn = threading.Lock(), threading.Lock()


def find(key: Hashable) -> InpaintingSweepJob | None:
    """The sweep of that key, if it was begun since the lab was opened."""
    return _jobs.get(key)


def start(
    key: Hashable, visitor: str, ways: Sequence[SweepCurve], images: int, seed: int, steps: int
) -> InpaintingSweepJob:
    """Begin a sweep; one that goes on or is done under that key is joined.

    Args:
        key: what tells its result from others'. visitor: who wants it, for `leave`.
        images: so many test images of the first way's data set. The others: as in `inpainting.sweep`.
    """
    with _lock:
        job = _jobs.get(key)
        if job is None or (not job.active and job.state != "done") or job._ended.is_set():
            job = _jobs[key] = InpaintingSweepJob(ways, images, seed, steps)
            job._thread.start()
            for old in [k for k, j in _jobs.items() if not j.active][:-KEPT]:
                del _jobs[old]
        job._visitors.add(visitor)
        return job


def main(order: str) -> None:
    """The process: every way in turn."""
    from pathlib import Path

    import torch

    from core import data
    from core.evaluation import inpainting
    from core.recipes.images import load_images
    from core.runs import Run, weights

    torch.set_num_threads(1)  # the other cores belong to the pages and to training
    asked = json.loads(order)
    every = [Run(Path(way["run"])) for way in asked["ways"]]
    images = load_images(every[0].recipe)
    test = images.test_images[data.spread(images.test_labels, min(asked["images"], len(images.test_images)))]
    for number, (run, way) in enumerate(zip(every, asked["ways"], strict=True)):
        fill = None if way["how"] == SEARCH else inpainting.fill_image(way["how"], images)
        for step in inpainting.sweep_steps(
            weights.load_model(run), test, fill=fill, seed=asked["seed"], steps=asked["steps"]
        ):
            told = {"part": (number + step.part) / len(every)}
            if step.errors is not None:
                told |= {"way": number, "p": step.p, "errors": np.round(step.errors, 6).tolist()}
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Exception as error:  # whatever it is, the page shall have it as a sentence
        print(f"{error}", flush=True)
        sys.exit(1)

"""Jobs that search for latents: of one image with all steps of the search, or of many images with the results alone.

    job = search.trace(run, version, image, visible, fill, settings, visitor)
    job.wait()
    job.found

A search belongs to one visitor, who can stop it without ending anybody else's; finished results are shared by the
pages' caches. Nothing here imports torch: a worker process searches (`core.jobs.search_worker`).
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from core.jobs.job import Job
from core.jobs.messages import Message, Order, SearchFound
from core.jobs.queue import SEARCH, job_queue
from core.runs import Run


@dataclass(frozen=True)
class TraceSettings:
    """Settings of the search for one image, as in `core.evaluation.search_trace`.

    `start` counts only for a family without an encoder.
    """

    steps: int
    lr: float
    restarts: int = 1
    start: str = "guess"


class SearchJob(Job):
    """One search. The key names the run, its weights, the images, the settings and the visitor.

    Attributes:
        found: the result, or what had been found when the search was stopped; None before.
    """

    kind: ClassVar[str] = "latent search"
    priority: ClassVar[int] = 0
    failed_message: ClassVar[str] = "{reason}"
    error_message: ClassVar[str] = "The search failed ({reason})."
    start_message: ClassVar[str] = "The search could not be started ({reason})."
    crash_message: ClassVar[str] = "The search was cut off: its process {reason}."

    def __init__(self, run: Run, arguments: dict[str, Any], arrays: dict[str, np.ndarray], visitor: str):
        digest = hashlib.blake2b(repr((str(run.path), sorted(arguments.items()), visitor)).encode(), digest_size=16)
        for name, array in sorted(arrays.items()):
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        super().__init__(digest.hexdigest(), SEARCH, visitor)
        self.run = run
        self.found: SearchFound | None = None
        self._arguments, self._arrays = {"run": str(run.path), "key": self.key} | arguments, arrays

    def order(self) -> Order:
        return Order("search", "search", self._arguments, self._arrays)

    @property
    def title(self) -> str:
        return f"Latent search with {self.run.name}"

    def on_event(self, event: Message) -> None:
        if isinstance(event, SearchFound):
            self.found = event

    def on_end(self) -> None:
        self._arrays = {}


def trace(
    run: Run,
    version: int,
    image: np.ndarray,
    visible: np.ndarray,
    fill: np.ndarray,
    settings: TraceSettings,
    visitor: str,
    label: int | None = None,
) -> SearchJob:
    """The search for the latent of one picture, with all its steps; `search_worker.trace_of` reads its result.

    Args:
        version: of the run's weights, `Run.weights_version`.
        image, visible, fill, label: as in `core.evaluation.search_trace.starting_code`.
    """
    arguments: dict[str, Any] = {"version": version, "trace": dataclasses.asdict(settings)}
    if label is not None:
        arguments["label"] = label
    return SearchJob(run, arguments, {"image": image, "visible": visible, "fill": fill}, visitor)


def encoding(run: Run, version: int, images: np.ndarray, visitor: str) -> SearchJob:
    """The search for the latents of pictures; the array `z` of its result holds μ, float32 [N, d], and where an image
    becomes a Gaussian `sigma` its standard deviations."""
    return SearchJob(run, {"version": version}, {"images": images}, visitor)


def completions(
    run: Run, version: int, image: np.ndarray, visible: np.ndarray, steps: int, seed: int, visitor: str
) -> SearchJob:
    """Several completions of one picture (`core.evaluation.completions`); `pictures` and `visible_mse` of the result
    are those of `Completions`."""
    arguments = {"version": version, "completions": {"steps": steps, "seed": seed}}
    return SearchJob(run, arguments, {"image": image, "visible": visible}, visitor)


def begin(job: SearchJob) -> SearchJob:
    """Start a search, continue it if it was stopped, or join it: the job of its key."""
    known = job_queue().find(SearchJob, job.key)
    if known is not None and known.state == "finished":
        return known
    return job_queue().submit(job, job.owner)


def known(job: SearchJob) -> SearchJob | None:
    """The newest job with the key of this one."""
    return job_queue().find(SearchJob, job.key)


def warm() -> None:
    """Make a worker process ready for the first search."""
    job_queue().prepare("search")

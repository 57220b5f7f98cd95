"""What there is of each run on the Compare page: its measures, the job that computes them, or a reason for neither."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import streamlit as st

from core.data import ImageSet
from core.evaluation import comparison_bound, comparison_facts, comparison_run, comparison_samples
from core.evaluation.comparison import Entry
from core.evaluation.comparison_bound import ImageBounds
from core.evaluation.comparison_facts import Facts
from core.evaluation.comparison_samples import Samples
from core.evaluation.comparison_steps import reasons_of
from core.jobs import comparison as jobs_comparison
from core.jobs.comparison import ComparisonJob
from core.runs import Run, RunError
from ui.shared.jobs import job_of


@dataclass(frozen=True)
class Status:
    """The state of one run.

    Attributes:
        facts, samples, bound: what was measured; None where it was not, or where there is no bound. whole: whether all
            of it is there. job: that measures it, or that ended without result.
        reason: why it is not measured. set_reasons: why measures do not apply to its images. unlike: why there are no
            samples, where the run has no sampler of that name.
    """

    run: Run
    facts: Facts | None = None
    samples: Samples | None = None
    bound: ImageBounds | None = None
    whole: bool = False
    job: ComparisonJob | None = None
    reason: str = ""
    unlike: str = ""
    set_reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Whether it is being measured."""
        return self.job is not None and self.job.active

    @property
    def complete(self) -> bool:
        """Whether all of it is there."""
        return self.whole

    @property
    def version(self) -> tuple[bool, ...]:
        """What changes when more of it is there."""
        return self.facts is not None, self.bound is not None, self.samples is not None, self.active

    def entry(self) -> Entry:
        """The run as an entry of the table."""
        reasons = dict(self.set_reasons)
        if self.unlike:
            reasons |= {"frechet": self.unlike, "modes": self.unlike}
        samples = None if self.unlike else self.samples
        return comparison_run.entry(self.run, self.facts, samples, reasons, self.active, self.bound, self.complete)


def status_of(run: Run, images: ImageSet | None, asked: str, k: int, again: bool = False) -> Status:
    """The state of a run; its measuring begins where there is nothing yet.

    Args:
        images: of the run; None where they are not on this machine. asked: sampler, or empty for the usual one.
        k: number of samples of the importance-weighted bound.
        again: whether measuring begins anew where it has failed or was stopped.
    """
    if images is None:
        return Status(run, reason="its images are not on this computer")
    reasons, training = reasons_of(images), job_of(run.name)
    if training is not None and training.active:
        return Status(run, reason="it is being trained", set_reasons=reasons)
    source = comparison_samples.sampler_of(run, asked)
    unlike = "" if source else "This run has no such sampler."
    source = source or comparison_samples.sampler_of(run) or ""
    try:
        files = _Files.of(run, images, source, k)
    except RunError as error:
        return Status(run, reason=str(error), set_reasons=reasons)
    found = files.read()
    if files.complete(found):
        return Status(run, *found, whole=True, unlike=unlike, set_reasons=reasons)
    job = jobs_comparison.start(run, files.samples, source, k, again)
    if not job.active:  # it may have ended, and its files come into being, since we looked for them
        found = files.read()
    return Status(run, *found, whole=files.complete(found), job=job, unlike=unlike, set_reasons=reasons)


Parts = tuple[Facts | None, Samples | None, ImageBounds | None]


@dataclass(frozen=True)
class _Files:
    """The files of what is measured of a run; `bound` is None where there is no bound."""

    facts: Path
    samples: Path
    bound: Path | None

    @classmethod
    def of(cls, run: Run, images: ImageSet, source: str, k: int) -> _Files:
        has_bound = comparison_bound.applies(run, images)
        return cls(
            comparison_facts.file_of(run, images),
            comparison_samples.file_of(run, images, source),
            comparison_bound.file_of(run, images, k) if has_bound else None,
        )

    def read(self) -> Parts:
        bound = None if self.bound is None else _read(_load_bound, self.bound)
        return _read(_load_facts, self.facts), _read(_load_samples, self.samples), bound

    def complete(self, found: Parts) -> bool:
        facts, samples, bound = found
        return facts is not None and samples is not None and (bound is not None or self.bound is None)


Part = TypeVar("Part")


def _read(load: Callable[[str, int], Part | None], path: Path) -> Part | None:
    """A part from its file, kept in memory while the file stays as it is."""
    try:
        return load(str(path), os.stat(path).st_mtime_ns)
    except OSError:
        return None


@st.cache_resource(max_entries=60, show_spinner=False)
def _load_facts(path: str, version: int) -> Facts | None:
    return comparison_facts.load(Path(path))


@st.cache_resource(max_entries=60, show_spinner=False)
def _load_samples(path: str, version: int) -> Samples | None:
    return comparison_samples.load(Path(path))


@st.cache_resource(max_entries=120, show_spinner=False)
def _load_bound(path: str, version: int) -> ImageBounds | None:
    return comparison_bound.load(Path(path))

"""What there is of each run on the Compare page: its measures, the job that computes them, or a reason for neither."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from core.data import ImageSet
from core.evaluation import comparison_run
from core.evaluation.comparison import Entry
from core.evaluation.comparison_run import Facts, Samples
from core.jobs import comparison as jobs_comparison
from core.jobs.comparison import ComparisonJob
from core.runs import Run, RunError
from ui.shared.jobs import job_of


@dataclass(frozen=True)
class Status:
    """The state of one run.

    Attributes:
        facts, samples: what was measured; None where it was not. job: that measures it, or that ended without result.
        reason: why it is not measured. set_reasons: why measures do not apply to its images. unlike: why there are no
            samples, where the run has no sampler of that name.
    """

    run: Run
    facts: Facts | None = None
    samples: Samples | None = None
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
        return self.facts is not None and self.samples is not None

    @property
    def version(self) -> tuple[bool, bool, bool]:
        """What changes when more of it is there."""
        return self.facts is not None, self.samples is not None, self.active

    def entry(self) -> Entry:
        """The run as an entry of the table."""
        reasons = dict(self.set_reasons)
        if self.unlike:
            reasons |= {"frechet": self.unlike, "modes": self.unlike}
        samples = None if self.unlike else self.samples
        return comparison_run.entry(self.run, self.facts, samples, reasons, self.active)


def status_of(run: Run, images: ImageSet | None, asked: str, again: bool = False) -> Status:
    """The state of a run; its measuring begins where there is nothing yet.

    Args:
        images: of the run; None where they are not on this machine. asked: sampler, or empty for the usual one.
        again: whether measuring begins anew where it has failed or was stopped.
    """
    if images is None:
        return Status(run, reason="its images are not on this computer")
    reasons, training = comparison_run.reasons_of(images), job_of(run.name)
    if training is not None and training.active:
        return Status(run, reason="it is being trained", set_reasons=reasons)
    source = comparison_run.sampler_of(run, asked)
    unlike = "" if source else "This run has no such sampler."
    source = source or comparison_run.sampler_of(run) or ""
    try:
        paths = comparison_run.facts_file(run, images), comparison_run.samples_file(run, images, source)
    except RunError as error:
        return Status(run, reason=str(error), set_reasons=reasons)
    found = _facts(paths[0]), _samples(paths[1])
    if all(found):
        return Status(run, *found, unlike=unlike, set_reasons=reasons)
    job = jobs_comparison.start(run, paths[1], source, again)
    if not job.active:  # it may have ended, and its files come into being, since we looked for them
        found = _facts(paths[0]), _samples(paths[1])
    return Status(run, *found, job=job, unlike=unlike, set_reasons=reasons)


def _facts(path: Path) -> Facts | None:
    return _load_facts(str(path), version) if (version := _version(path)) else None


def _samples(path: Path) -> Samples | None:
    return _load_samples(str(path), version) if (version := _version(path)) else None


def _version(path: Path) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(max_entries=60, show_spinner=False)
def _load_facts(path: str, version: int) -> Facts | None:
    return comparison_run.load_facts(Path(path))


@st.cache_resource(max_entries=60, show_spinner=False)
def _load_samples(path: str, version: int) -> Samples | None:
    return comparison_run.load_samples(Path(path))

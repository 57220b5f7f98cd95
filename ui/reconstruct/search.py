"""Searches of the Reconstruct page: jobs of the lab, with a progress bar and a Stop button. Finished ones are cached
with the model, for all visitors."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.jobs import search as search_jobs
from core.jobs.search import SearchJob, TraceSettings
from core.runs import Run
from ui.reconstruct.settings import Settings
from ui.shared.formatting import escape_markdown, pluralize
from ui.shared.model_cache import LoadedModel
from ui.shared.searches import BAR_DELAY, leave_all_but, share_of, visitor, wait_for

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.evaluation.search_trace import SearchTrace

STOPPED = "reconstruct_stopped"
"""Key in the session state: keys of the searches that the visitor has stopped."""


@dataclass(frozen=True)
class SearchRequest:
    """One way to encode the image with one model.

    Attributes:
        search: whether by a search, or by the encoder in one pass.
        image: uint8 [H, W] or [H, W, 3]. visible: bool [H, W]. fill: pixels of the hole for an encoder, like `image`.
        label: class of the image where it is known and the model is told the class; else None.
    """

    run: Run
    loaded: LoadedModel
    search: bool
    image: np.ndarray
    visible: np.ndarray
    fill: np.ndarray
    settings: Settings
    label: int | None = None

    @property
    def has_encoder(self) -> bool:
        """Whether the model has an encoder, which then also gives the search its start."""
        return self.loaded.model.encoder is not None

    def key(self) -> Hashable:
        """Everything that the result depends on, beside the model."""
        settings = self.settings
        return (
            self.search,
            self.image.tobytes(),
            np.packbits(self.visible).tobytes(),
            self.fill.tobytes() if self.has_encoder and not self.visible.all() else b"",
            (settings.steps, settings.lr, settings.restarts) if self.search else (),
            settings.start if self.search and not self.has_encoder else "",
            self.label,
        )

    def job(self) -> SearchJob:
        """The search as a job of the lab."""
        settings = self.settings
        return search_jobs.trace(
            self.run,
            self.loaded.version,
            self.image,
            self.visible,
            self.fill,
            TraceSettings(settings.steps, settings.lr, settings.restarts, settings.start),
            visitor(),
            self.label,
        )


Found = tuple[SearchRequest, "SearchTrace"]
"""A request with its result."""


def run_searches(requests: Sequence[SearchRequest], status: DeltaGenerator) -> list[Found]:
    """The requests with their results, from the cache or computed now; one that fails is left out, with the reason on
    the page.

    A search that the visitor has stopped gives what it had found by then. A click on something else does not interrupt
    a search that the page still needs afterwards.

    Args:
        status: an empty placeholder for the progress bar, and then for a summary.
    """
    for request in requests:
        if not request.search and request.loaded.traces.get(request.key()) is None:
            _encode(request)  # it is timed, so not while the searches keep the machine busy
    missing = [request.search and request.loaded.traces.get(request.key()) is None for request in requests]
    new = [request.job() if needed else None for request, needed in zip(requests, missing, strict=True)]
    keys = {job.key for job in new if job}
    stopped = st.session_state[STOPPED] = st.session_state.get(STOPPED, set()) & keys
    leave_all_but("reconstruct", keys)
    jobs = [job and (search_jobs.known(job) if job.key in stopped else search_jobs.begin(job)) for job in new]
    wait_for([job for job in jobs if job], _Progress(status, [job for job in jobs if job]).show)
    found = []
    for request, job in zip(requests, jobs, strict=True):
        trace = request.loaded.traces.get(request.key())
        if trace is None:
            trace = _result(request, job) if request.search else _encode(request)
        if trace is not None:
            found.append((request, trace))
    _summary(status, found, unfinished=any(job is not None and job.state in ("stopped", "cancelled") for job in jobs))
    return found


def _result(request: SearchRequest, job: SearchJob | None) -> SearchTrace | None:
    """What a search has found; None, with the reason on the page if it failed, where it found nothing."""
    from core.jobs import search_worker

    if job is not None and job.state == "failed":
        st.warning(f"{escape_markdown(request.run.name)}: {escape_markdown(job.message)}")
    if job is None or job.found is None:
        return None
    trace = search_worker.trace_of(job.found)
    if job.state == "finished":
        request.loaded.traces.keep(request.key(), trace)
    return trace


def _encode(request: SearchRequest) -> SearchTrace:
    """The encoder's result in one pass."""
    from core.evaluation import search_trace

    trace = search_trace.trace_encoder(
        request.loaded.model, request.image, request.visible, request.fill, request.label
    )
    request.loaded.traces.keep(request.key(), trace)
    return trace


class _Progress:
    """A progress bar with a Stop button, shown from `BAR_DELAY` on."""

    def __init__(self, status: DeltaGenerator, jobs: Sequence[SearchJob]):
        self._status, self._jobs = status, jobs
        self._began = time.monotonic()
        self._bar: DeltaGenerator | None = None

    def show(self) -> None:
        """Update the bar."""
        if time.monotonic() - self._began <= BAR_DELAY:
            return
        if self._bar is None:
            with self._status.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Stop",
                    key="reconstruct_stop",
                    on_click=_stop,
                    args=(self._jobs,),
                    width=80,
                    help="Stops the searches and shows what they have found so far.",
                )
                self._bar = st.progress(0.0)
        name = escape_markdown(next((job.run.name for job in self._jobs if job.active), ""))
        self._bar.progress(share_of(self._jobs), text=f"Searching with {name} …")


def _stop(jobs: Sequence[SearchJob]) -> None:
    active = [job for job in jobs if job.active]
    st.session_state[STOPPED] = {job.key for job in active}
    for job in active:
        job.leave(visitor())


def _continue() -> None:
    st.session_state[STOPPED] = set()


def _summary(status: DeltaGenerator, found: Sequence[Found], unfinished: bool) -> None:
    traces = [trace for request, trace in found if request.search]
    if unfinished:
        with status.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Continue", key="reconstruct_go_on", on_click=_continue, width=100, help="Continues the searches."
            )
            st.caption("Stopped. You see what had been found by then.")
    elif traces:
        milliseconds = 1000 * sum(trace.seconds for trace in traces)
        searches = pluralize(len(traces), "search", "searches")
        status.caption(f"{searches} in {milliseconds:,.0f} ms. Drag the scrubber to follow them.")
    else:
        status.caption("One pass of each encoder. “Refine” under Search shows how much a search improves it.")

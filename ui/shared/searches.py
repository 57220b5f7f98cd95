"""Waiting for latent searches on a page: they are jobs of the lab (`core.jobs.search`), whose progress it shows."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence

import streamlit as st

from core.jobs.job import Job
from core.jobs.queue import job_queue
from core.jobs.search import SearchJob

BAR_DELAY, BAR_INTERVAL = 0.3, 0.1
"""Seconds before a progress bar appears (that of a shorter search would only flicker); seconds between updates."""


def visitor() -> str:
    """An identifier of this browser session: each visitor's searches are their own to stop."""
    return str(st.session_state.setdefault("searches_visitor", uuid.uuid4().hex))


def wait_for(jobs: Sequence[Job], show: Callable[[], None]) -> None:
    """Wait until all jobs have ended; `show` is called on the way, and what it puts on the page is a point at which
    Streamlit can interrupt the page after a visitor's next click. The jobs go on then."""
    while running := next((job for job in jobs if job.active), None):
        show()
        until = time.monotonic() + BAR_INTERVAL
        while running.active and (left := until - time.monotonic()) > 0:
            running.wait(timeout=left)


def share_of(jobs: Sequence[Job]) -> float:
    """Share of the work of all jobs that is done, 0 to 1."""
    return sum(job.progress if job.active else 1.0 for job in jobs) / max(1, len(jobs))


def leave_all_but(place: str, keys: set[str]) -> None:
    """Leave the searches that a place of the page has asked for before and no longer needs: they are stopped.

    Args:
        place: name of the place. keys: of the searches that it needs now.
    """
    before = st.session_state.get(f"{place}_searches", set())
    st.session_state[f"{place}_searches"] = keys
    for key in before - keys:
        if (job := job_queue().find(SearchJob, key)) is not None and job.active:
            job.leave(visitor())

"""Buttons that act on one run or one job: on the one they were drawn for, or on none.

A visitor clicks what the browser shows, and the server may know better by then: another visitor has deleted the run, or
another job has begun. A constant key would let such a click fall on whatever stands in that place now. So the keys here
name the run or the job, and the click is checked against what the button was drawn for; a click that comes too late
does nothing and says so. A click that would change another visitor's run or training first asks, and says whose it is
(`ui.shared.foreign`). `tests/test_architecture.py` holds all pages to these helpers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from core.jobs.job import Job
from core.runs import Run
from ui.shared import foreign
from ui.shared.formatting import escape_markdown

CHANGES = ("continue", "rename", "delete", "train_resume", "train_lower", "home_resume", "learn_flow")
"""Verbs of `run_button` that change the run; the others only open it or read from it."""

REFUSED = "run_button_refused"
"""Session-state key: key of the button whose click came too late."""


def run_key(verb: str, run: Run) -> str:
    """The key of a widget that acts on that run."""
    return f"{verb}_{run.name}"


Identity = tuple[str, float | None]
"""Name and time of creation."""


def identity(run: Run) -> Identity:
    """What tells a run from every other one, also from a later one of the same name: name and time of creation."""
    return run.name, run.status.get("created")


def still_there(run: Run, known: Identity) -> bool:
    """Whether the run is still the one with that identity. A status that cannot be read now says nothing against it."""
    now = identity(run)
    return run.path.is_dir() and (now == known or None in (now[1], known[1]))


def gone_sentence(name: str) -> str:
    """What a visitor is told whose click was meant for a run that is gone. The name is escaped."""
    return f"**{escape_markdown(name)}** was deleted, renamed or replaced in the meantime. Nothing was done."


def run_button(
    label: str,
    verb: str,
    run: Run,
    *,
    place: str = "",
    known: Identity | None = None,
    on_click: Callable[..., Any] | None = None,
    args: Sequence[Any] = (),
    **options: Any,
) -> bool:
    """A button that acts on a run; True where it was clicked and the run is still there.

    Args:
        verb: what it does, one word; with the run's name it makes the key. place: put in front of the key, where a page
            has the same button more than once.
        known: what the run was when the visitor chose it, by default what it is now. A dialog gives it, because it is
            drawn again while it is open.
        on_click: called before the page runs again, if the run is still there. options: of `st.button`.
    """
    key = run_key(f"{place}{verb}", run)
    bound = (key, run, known or identity(run), on_click, args)
    if verb in CHANGES and foreign.asks(run, verb):
        foreign.question(label, run, verb, key, _if_there, bound, **options)
        return False
    clicked = st.button(label, key=key, on_click=_if_there, args=bound, **options) or foreign.answered(key)
    return clicked and _took_effect(key)


def _took_effect(key: str) -> bool:
    return st.session_state.pop(REFUSED, None) != key


def _if_there(key: str, run: Run, known: Identity, on_click: Callable[..., Any] | None, args: Sequence[Any]) -> None:
    st.session_state.pop(REFUSED, None)
    if not still_there(run, known):
        st.session_state[REFUSED] = key
        st.toast(gone_sentence(run.name), icon=":material/folder_off:", duration="long")
    elif on_click is not None:
        on_click(*args)


def job_button(
    label: str, verb: str, job: Job, on_click: Callable[..., Any], args: Sequence[Any] = (), **options: Any
) -> bool:
    """A button that acts on a job that has not ended; a click on one that has ended says so.

    Args:
        verb: what it does, one word; with what the job works on and its number it makes the key.
        on_click: called before the page runs again. options: of `st.button`.
    """
    key, bound = f"{verb}_{job.key}_{job.id}", (job, on_click, args)
    if foreign.asks(job):
        foreign.question(label, job, verb, key, _if_active, bound, **options)
        return False
    return st.button(label, key=key, on_click=_if_active, args=bound, **options) or foreign.answered(key)


def _if_active(job: Job, on_click: Callable[..., Any], args: Sequence[Any]) -> None:
    if job.active:
        foreign.note(job)
        on_click(*args)
    else:
        st.toast(f"{escape_markdown(job.title)}: this has ended in the meantime.", icon=":material/info:")

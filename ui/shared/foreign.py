"""The question before another visitor's run or training is changed: whose it is, in the place of the button.

The first click on such a button changes nothing and draws the question; its answer is remembered for as long as the
page is open, for a training as a whole and for a run action by action. One's own things and nobody's (an example, a run
of the command line) need no question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from core.jobs.job import Job
from core.jobs.training_job import TrainingJob
from core.runs import Run
from ui.shared.formatting import escape_markdown
from ui.shared.owner import VISITORS, is_foreign, label, me

_ALLOWED, _ASKED = "foreign_allowed", "foreign_asked"
"""Session-state keys: what this visitor has agreed to change, and the keys of the buttons whose question is open."""


def asks(thing: Run | Job, verb: str = "") -> bool:
    """Whether a change needs a question first. verb: what would be done to a run.

    Jobs other than trainings are shared by all who wait for their result, and whoever asks for it may stop them.
    """
    return (
        isinstance(thing, (Run, TrainingJob))
        and is_foreign(thing)
        and _name(thing, verb) not in st.session_state.get(_ALLOWED, ())
    )


def question(
    words: str,
    thing: Run | Job,
    verb: str,
    key: str,
    action: Callable[..., Any],
    args: Sequence[Any],
    **options: Any,
) -> None:
    """A button whose click opens the question. A yes calls `action(*args)` and counts as the button's click in the run
    of the page that follows (`answered`).

    Args:
        words: label of the button, an action such as `Stop`. key: of the button. options: of `st.button`.
    """
    if key not in st.session_state.get(_ASKED, ()):
        st.button(words, key=key, on_click=_ask, args=(key,), **options)
        return
    what = "run" if isinstance(thing, Run) else "training"
    name = thing.name if isinstance(thing, Run) else thing.key
    with st.container(width=320, border=True):
        st.markdown(
            f"**{escape_markdown(name)}** is not yours: this {what} belongs to **{label(thing.owner)}**. "
            f"{escape_markdown(words)} all the same?"
        )
        st.caption(VISITORS)
        with st.container(horizontal=True):
            st.button(
                f"{words} anyway",
                key=f"{key}_anyway",
                on_click=_allow,
                args=(_name(thing, verb), key, action, args),
                help=f"Changes the {what} for its owner too.",
            )
            st.button("Leave it", key=f"{key}_leave", on_click=_close, args=(key,), help="Changes nothing.")


def is_open(key: str, thing: Run | Job, verb: str = "") -> bool:
    """Whether the question of that button stands on the page."""
    return key in st.session_state.get(_ASKED, ()) and asks(thing, verb)


def answered(key: str) -> bool:
    """Whether the question of that button was answered with yes in this run of the page."""
    return bool(st.session_state.get(f"{key}_anyway"))


def note(job: Job) -> None:
    """Remember, for the owner, that this visitor acted on another visitor's job."""
    if isinstance(job, TrainingJob) and is_foreign(job):
        job.touched_by = me()


def _name(thing: Run | Job, verb: str) -> str:
    return f"{verb} {thing.path}" if isinstance(thing, Run) else f"job {thing.id}"


def _ask(key: str) -> None:
    st.session_state[_ASKED] = [*st.session_state.get(_ASKED, ()), key]


def _close(key: str) -> None:
    st.session_state[_ASKED] = [asked for asked in st.session_state.get(_ASKED, ()) if asked != key]


def _allow(name: str, key: str, action: Callable[..., Any], args: Sequence[Any]) -> None:
    _close(key)
    st.session_state[_ALLOWED] = [*st.session_state.get(_ALLOWED, ()), name]
    action(*args)

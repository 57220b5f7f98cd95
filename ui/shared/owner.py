"""Owners: which visitor a run and a training belong to.

A visitor's browser holds a secret token as a cookie, which the lab's server gives it (`bootstrap/door.py`). A run
carries the token's digest, which everybody may see: it tells visitors apart, and nobody can pass for another with it.
A run without an owner (an example, or one trained on the command line) is nobody's.
"""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Iterator
from contextvars import ContextVar

import streamlit as st

from core.jobs.job import Job
from core.runs import Run

COOKIE = "latent_lab_visitor"
"""Name of the cookie with the visitor's token."""

_TOKEN = "visitor_token"

_asking: ContextVar[str | None] = ContextVar("token of the visitor whom the server answers", default=None)


def me() -> str:
    """Public name of this visitor: 12 hexadecimal digits, the same in all tabs of a browser.

    Without the lab's own server there is no cookie: the name then holds until the page is loaded again.
    """
    if (token := _asking.get()) is not None:
        return _name(token)
    if _TOKEN not in st.session_state:
        st.session_state[_TOKEN] = st.context.cookies.get(COOKIE) or uuid.uuid4().hex
    return _name(str(st.session_state[_TOKEN]))


@contextlib.contextmanager
def answering(token: str) -> Iterator[None]:
    """Within it, `me` is the visitor with that token: for answers of the server outside of a page's script."""
    before = _asking.set(token)
    try:
        yield
    finally:
        _asking.reset(before)


def _name(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:12]


def is_mine(thing: Run | Job) -> bool:
    """Whether a run or a job is this visitor's."""
    return thing.owner == me()


def is_foreign(thing: Run | Job) -> bool:
    """Whether a run or a job belongs to another visitor: changing it needs a question first."""
    return thing.owner not in ("", me())


def label(owner: str) -> str:
    """An owner in a few words: `you`, `another visitor (3F2A)`; empty for nobody."""
    return "" if not owner else "you" if owner == me() else f"another visitor ({owner[:4].upper()})"


VISITORS = (
    "The lab has no accounts. Each browser that opens it counts as a visitor, and four characters tell visitors apart."
)
"""What a visitor is, for those who read such a name for the first time."""

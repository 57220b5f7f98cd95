"""Address parameters: a visitor's choices stand in the address as `?name=value`, so that a link leads back to them.

Streamlit's own `bind="query-params"` is not used: with a widget bound to the address it refuses to switch pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def get(name: str) -> str | None:
    """The text of a parameter; None where the address does not have it."""
    return st.query_params.get(name)


def put(name: str, text: str | None) -> None:
    """Write one parameter into the address, or remove it with None. An unchanged one sends nothing to the browser."""
    if text is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != text:
        st.query_params[name] = text


def requested(page: str, *names: str) -> dict[str, str]:
    """The parameters that a link or a visitor put into the address; empty where it is as the page last wrote it.

    Args:
        page: name of the page, as in `write`. names: of its parameters.
    """
    present = {name: st.query_params[name] for name in names if name in st.query_params}
    return {} if present == st.session_state.get(_written(page)) else present


def write(page: str, values: Mapping[str, str | None]) -> None:
    """Write a page's parameters into the address (None removes one) and remember them for `requested`."""
    for name, text in values.items():
        put(name, text)
    st.session_state[_written(page)] = {name: text for name, text in values.items() if text is not None}


def adopt(name: str, box: str, read: Callable[[str], T | None], otherwise: T, complaint: str) -> T:
    """The value of a control that begins as the address says, and afterwards as the visitor sets it.

    Args:
        name: of the parameter. box: session-state key of the control, filled at the first call.
        read: a text from the address → the value, or None where it is not allowed.
        otherwise: the value where the address has none. complaint: shown where it has one that is not allowed.
    """
    if box not in st.session_state:
        text = get(name)
        value = None if text is None else read(text)
        if text is not None and value is None:
            warn(complaint)
        st.session_state[box] = otherwise if value is None else value
    found: T = st.session_state[box]
    return found


def warn(complaint: str) -> None:
    """Say that the address asks for something that does not exist.

    The address's own text is not part of `complaint`: a link must not put a stranger's words on the page.
    """
    st.warning(complaint, icon=":material/link_off:")


def _written(page: str) -> str:
    return f"{page}_written"

"""Address parameters: a visitor's choices stand in the address as `?name=value`, so that a link leads back to them, and
so does a reload of the page.

A choice of one widget is a `Parameter`: `adopt` before the widget is drawn, `keep` after it. What only the browser
knows (the position of a slider, the epoch of a film) is written by `setAddress` of `ui/components/shared/dom.js`, under
a name that the page reads here. `check_names` refuses parameters that a page does not know.

Streamlit's own `bind="query-params"` is not used: with a widget bound to the address it refuses to switch pages.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

import streamlit as st

T = TypeVar("T")

REFUSED, AGAIN = "address_refused", "address_again"
"""Session-state keys: sentences about what was refused, and whether the next run of the page says them again."""

LOOK = "pixels"
"""Parameter of every page, written and read by the browser alone: "1" draws enlarged pictures with square pixels
(`ui/components/page/copy_link.js`)."""

OWN = "address_own"
"""Session-state key: the newest text that pages themselves wrote into each parameter."""


def get(name: str) -> str | None:
    """The text of a parameter; None where the address does not have it."""
    return st.query_params.get(name)


def put(name: str, text: str | None) -> None:
    """Write one parameter into the address, or remove it with None. An unchanged one sends nothing to the browser."""
    if text is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != text:
        st.query_params[name] = text
        st.session_state.setdefault(OWN, {})[name] = text


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


def drop(page: str, name: str) -> None:
    """Remove one of a page's parameters from the address, and from what the page is remembered to have written."""
    put(name, None)
    st.session_state.get(_written(page), {}).pop(name, None)


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
            refuse(name, complaint)
        st.session_state[box] = otherwise if value is None else value
    found: T = st.session_state[box]
    return found


def warn(complaint: str) -> None:
    """Say that the address asks for something that does not exist.

    The address's own text is not part of `complaint`: a link must not put a stranger's words on the page.
    """
    st.warning(complaint, icon=":material/link_off:")


def refuse(name: str, complaint: str) -> None:
    """Say why a parameter's text is not used (`warn`), and take it out of the address."""
    warn(complaint)
    put(name, None)
    st.session_state.setdefault(REFUSED, []).append(complaint)


def rerun() -> NoReturn:
    """Run the whole page anew by itself, not because of a click: what was refused before is said again."""
    st.session_state[AGAIN] = True
    st.rerun()


def check_names(known: Iterable[str]) -> None:
    """Refuse the parameters of the address that the page does not know, with one sentence each. Call it first."""
    before = st.session_state.pop(REFUSED, [])
    if st.session_state.pop(AGAIN, False):
        for complaint in before:
            warn(complaint)
        st.session_state[REFUSED] = before
    if st.query_params.get(LOOK, "1") != "1":
        refuse(LOOK, f"The address has a value for “{LOOK}” that is not possible. Allowed: 1.")
    known, own = [*known, LOOK], st.session_state.get(OWN, {})
    for name in [name for name in st.query_params if name not in known]:
        if own.get(name) == st.query_params[name]:  # of the page that the visitor left while it was still being drawn
            put(name, None)
            continue
        near = difflib.get_close_matches(name, known, 1)
        meant = f" Perhaps “{near[0]}” was meant." if near else ""
        refuse(name, f"The address has an unknown parameter. It was removed.{meant}")


@dataclass(frozen=True)
class Parameter(Generic[T]):
    """A choice that one widget makes and one parameter of the address holds.

    Attributes:
        name: of the parameter. box: session-state key of the widget, which needs no default of its own.
        read: a text from the address → the value, or None where it is not allowed.
        default: the value without a parameter; it is not written. allowed: what is allowed, in words.
        text: the value → its text.
    """

    name: str
    box: str
    read: Callable[[str], T | None]
    default: T
    allowed: str
    text: Callable[[T], str] = str

    def adopt(self) -> T:
        """Take over what a link or a visitor has newly put into the address, with a message where it is not allowed;
        else the value stays as the visitor left it. Call it before the widget is drawn."""
        state, asked = st.session_state, get(self.name)
        value = None if asked is None or asked == state.get(self._mark) else self.read(asked)
        if value is not None:
            state[self.box], state[self._mark] = value, asked
        elif asked is not None and asked != state.get(self._mark):
            refuse(
                self.name, f"The address has a value for “{self.name}” that is not possible. Allowed: {self.allowed}."
            )
        if state.get(self.box) is None:
            state[self.box] = self.default
        found: T = state[self.box]
        return found

    def keep(self) -> T:
        """Write the value into the address, or remove it there where it is the default. Call it after the widget."""
        value: T = st.session_state.get(self.box, self.default)
        text = None if value is None or value == self.default else self.text(value)
        st.session_state[self._mark] = text
        put(self.name, text)
        return value

    @property
    def _mark(self) -> str:
        return f"{self.box}_in_address"


def whole(low: int, high: int) -> Callable[[str], int | None]:
    """Reader of a whole number between two bounds, both allowed."""
    return lambda text: (
        int(text) if text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high else None
    )


def number(low: float, high: float) -> Callable[[str], float | None]:
    """Reader of a number between two bounds, both allowed."""

    def read(text: str) -> float | None:
        try:
            value = float(text) if len(text) <= 20 else math.nan
        except ValueError:
            return None
        return value if low <= value <= high else None

    return read


def one_of(*allowed: Any) -> Callable[[str], Any]:
    """Reader of one of some values, each named by its own text."""
    return {str(value): value for value in allowed}.get


def short(value: float) -> str:
    """A number in the address: without trailing zeros."""
    return f"{value:g}"


def _written(page: str) -> str:
    return f"{page}_written"

"""What a visitor has answered and predicted, kept while the lab is open: a reload of the page loses nothing.

Session state is lost when a page is loaded again; these values are kept under the visitor's name (`ui.shared.owner`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from ui.shared.owner import me

T = TypeVar("T")

MOST_VISITORS = 500
"""Visitors whose values are kept; those who came longest ago are forgotten first."""

_lock = threading.Lock()
_visitors: OrderedDict[str, dict[str, Any]] = OrderedDict()


def kept(name: str, begin: Callable[[], T]) -> T:
    """This visitor's value of that name, to be changed in place; at first what `begin` returns.

    It is also in the session state under its name.
    """
    state = st.session_state
    if name not in state:
        with _lock:
            values = _visitors.setdefault(me(), {})
            _visitors.move_to_end(me())
            while len(_visitors) > MOST_VISITORS:
                _visitors.popitem(last=False)
            state[name] = values.setdefault(name, begin())
    found: T = state[name]
    return found

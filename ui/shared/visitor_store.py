"""What a visitor has answered and predicted, kept while the lab is open: a reload of the page loses nothing.

Session state is lost when a page is loaded again; these values are kept under the visitor's name (`ui.shared.owner`).
A list of records, such as scores, can outlive the lab as well: `lasting` reads it from a file in the cache folder, and
`save` writes it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from core.system import paths
from core.system.atomic_files import read_json, write_json
from ui.shared.owner import me

T = TypeVar("T")

MOST_VISITORS = 500
"""Visitors whose values are kept; those who came longest ago are forgotten first."""

MOST_FILES = 1_000
"""Files of visitors' records; beyond it the oldest are deleted."""

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


def lasting(name: str, sound: Callable[[Any], bool]) -> list[Any]:
    """This visitor's records of that name, the oldest first, to be changed in place and then saved (`save`).

    Args:
        sound: whether a record is valid; a file may be damaged or of an older lab.
    """

    def begin() -> list[Any]:
        try:
            found = read_json(_file(name))
        except ValueError:  # none yet, or damaged
            return []
        return [record for record in found if sound(record)] if isinstance(found, list) else []

    return kept(name, begin)


def save(name: str) -> None:
    """Write this visitor's records, which are ready for JSON, to their file; where that cannot be written, they last
    only while the lab is open."""
    file = _file(name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, st.session_state[name])
        files = sorted(file.parent.glob("*.json"), key=lambda one: one.stat().st_mtime)
        for old in files[:-MOST_FILES]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _file(name: str) -> Path:
    return paths.cache_folder() / "visitors" / f"{me()}-{name}.json"

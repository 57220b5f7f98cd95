"""Deleting a set of this lab for good, after a question that says what is lost."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.data import DataError
from ui.shared.formatting import escape_markdown
from ui.shared.owner import label


def delete_button(
    key: str, name: str, owner: str, delete: Callable[[], None], what: Callable[[], str] = lambda: ""
) -> None:
    """Draw the button that deletes a set; once it is pressed, the question, and why the set could not be deleted.

    Args:
        key: begins the keys of the buttons. owner: who made the set (`ui.shared.owner`).
        delete: deletes the set; its DataError is shown.
        what: what is in the set, such as " with 3 drawings"; computed when the question stands there.
    """
    box, problem = f"{key}_sure_{name}", f"{key}_problem_{name}"
    if not st.session_state.get(box):
        st.button(
            "Delete this set …",
            key=f"{key}_{name}",
            icon=":material/delete:",
            type="tertiary",
            on_click=st.session_state.__setitem__,
            args=(box, True),
            help="Asks before it deletes anything.",
        )
        return
    whose = label(owner)
    of = "" if whose in ("", "you") else f" It belongs to {whose}."
    st.markdown(
        f"**Delete “{escape_markdown(name)}”**{what()} from this lab for good?{of} Runs that were trained on it keep "
        "their weights, but its images are gone."
    )
    with st.container(horizontal=True):
        st.button(
            "Delete for good",
            key=f"{key}_go_{name}",
            type="primary",
            on_click=_delete,
            args=(delete, box, problem),
            help="This cannot be undone.",
        )
        st.button(
            "Keep it",
            key=f"{key}_no_{name}",
            on_click=st.session_state.__setitem__,
            args=(box, False),
            help="Changes nothing.",
        )
    if why := st.session_state.pop(problem, None):
        st.error(escape_markdown(why), icon=":material/error:")


def _delete(delete: Callable[[], None], box: str, problem: str) -> None:
    try:
        delete()
    except DataError as error:
        st.session_state[problem] = str(error)
    else:
        st.session_state.pop(box, None)

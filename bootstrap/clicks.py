"""Every click acts, and acts once: a guard in front of Streamlit's sessions.

The browser side of Streamlit (seen in 1.67) holds a click back for a moment, so that several at once travel together,
and sends it with the state of all widgets. On a page whose fragments tick by themselves (`run_every`) that moment has
two traps:

- A tick in between is sent with the state of all widgets too, the held click among them; then the click itself
  follows. It would act twice: a pause is taken back, a step becomes two.
- Clicks in two fragments travel under the name of the first one, and only that one would be run: `if st.button(…)` in
  the other would not see its click. If the first has gone from the page meanwhile, Streamlit would drop both.

So a tick carries no clicks here, and clicks of several fragments run the whole page.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

CLICKS = ("trigger_value", "json_trigger_value", "string_trigger_value", "chat_input_value")
"""The kinds of widget value that last for one run: a button's, a component's, a menu's, a chat's."""

UNKNOWN = object()


def guard() -> None:
    """Put the guard in front of every session of this process, once. Another Streamlit, which keeps its sessions
    elsewhere, is left as it is."""
    try:
        from streamlit.runtime.app_session import AppSession

        asked = AppSession.request_rerun
    except (ImportError, AttributeError):
        return
    if hasattr(asked, "__wrapped__"):
        return

    @functools.wraps(asked)
    def request_rerun(session: Any, client_state: Any) -> Any:
        if client_state is not None:
            sort_out(client_state, lambda widget: _fragment_of(session, widget))
        return asked(session, client_state)

    AppSession.request_rerun = request_rerun


def sort_out(client_state: Any, fragment_of: Callable[[str], Any]) -> None:
    """Change what a browser asks for, in place, so that its clicks act once.

    Args:
        client_state: a `ClientState` message. fragment_of: the fragment that a widget stands in, by the widget's id;
            None: in none; `UNKNOWN`: there is no such widget.
    """
    widgets = client_state.widget_states.widgets
    clicks = [k for k, widget in enumerate(widgets) if widget.WhichOneof("value") in CLICKS]
    if not clicks:
        return
    if client_state.is_auto_rerun:
        for k in reversed(clicks):
            del widgets[k]
    elif client_state.fragment_id:
        homes = {fragment_of(widgets[k].id) for k in clicks} - {UNKNOWN}
        if homes - {client_state.fragment_id}:
            client_state.fragment_id = ""


def _fragment_of(session: Any, widget: str) -> Any:
    try:
        metadata = session._session_state._new_widget_state.widget_metadata.get(widget)
    except AttributeError:
        return UNKNOWN
    return UNKNOWN if metadata is None else getattr(metadata, "fragment_id", UNKNOWN)

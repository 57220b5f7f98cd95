"""What a browser asks for, sorted out before Streamlit acts on it: a guard in front of its sessions.

The browser side of Streamlit (seen in 1.67) holds a click back for a moment, so that several at once travel together,
and sends it with the state of all widgets. On a page whose fragments tick by themselves (`run_every`) that moment has
traps:

- A tick in between is sent with the state of all widgets too, the held click among them; then the click itself
  follows. It would act twice: a pause is taken back, a step becomes two.
- Clicks in two fragments travel under the name of the first one, and only that one would be run: `if st.button(…)` in
  the other would not see its click. If the first has gone from the page meanwhile, Streamlit would drop both.

And the browser goes on ticking for the page that is being left, until the next one has arrived. Streamlit would run
that fragment of the old page on top of the new one, and the browser, which finds no place for it, goes blank.

So a tick carries no clicks here, each fragment is asked for with its own, and a page that was left does not tick.
What is left as it comes: a click alone whose fragment has gone is dropped, and a click that waits while the whole page
is asked for gives way to that.
"""

from __future__ import annotations

import functools
import logging
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
    if getattr(asked, "guards_clicks", False):
        return

    @functools.wraps(asked)
    def request_rerun(session: Any, client_state: Any) -> Any:
        for message in _sorted_out(session, client_state):
            asked(session, message)

    request_rerun.guards_clicks = True
    AppSession.request_rerun = request_rerun


def _sorted_out(session: Any, client_state: Any) -> list[Any]:
    if client_state is None:
        return [None]
    try:
        page = session._pages_manager.intended_page_script_hash
        if _left(client_state, page):
            return _for(page, client_state)
        return sort_out(client_state, lambda widget: _fragment_of(session, widget))
    except Exception:  # a Streamlit of another make: better its own way than no answer at all
        logging.getLogger(__name__).exception("What the browser asked for could not be sorted out.")
        return [client_state]


def sort_out(client_state: Any, fragment_of: Callable[[str], Any]) -> list[Any]:
    """The messages to hand on in the place of one.

    Args:
        client_state: a `ClientState` message. fragment_of: the fragment that a widget stands in, by the widget's id;
            None: in none; `UNKNOWN`: there is no such widget.
    """
    own = client_state.fragment_id
    clicks = _clicks(client_state)
    if not clicks or not (own or client_state.is_auto_rerun):
        return [client_state]
    if client_state.is_auto_rerun:
        return [_only(client_state, own, set())]
    homes = {click: fragment_of(click) for click in clicks}
    if None in homes.values():  # outside all fragments: the whole page sees everything
        return [_only(client_state, "", set(clicks))]
    homes = {click: own if home is UNKNOWN else home for click, home in homes.items()}
    return [_only(client_state, home, {c for c in clicks if homes[c] == home})
            for home in dict.fromkeys([own, *homes.values()]) if home in homes.values()]


def _left(client_state: Any, page: str | None) -> bool:
    """Whether a fragment of another page is asked for than the one that the session was last sent to; both are known
    but for the first moments."""
    there = client_state.page_script_hash
    return bool(client_state.fragment_id and there and page and there != page)


def _for(page: str, client_state: Any) -> list[Any]:
    """What is left to do of a message from the page before: a tick is out of date; a button's `on_click` is heard where
    the visitor is now."""
    if client_state.is_auto_rerun or not _clicks(client_state):
        return []
    message = _only(client_state, "", set(_clicks(client_state)))
    message.page_script_hash = page
    return [message]


def _clicks(client_state: Any) -> list[str]:
    return [w.id for w in client_state.widget_states.widgets if w.WhichOneof("value") in CLICKS]


def _only(client_state: Any, fragment: str, clicks: set[str]) -> Any:
    """A copy of the message that asks for this fragment and carries, of the clicks, only these."""
    message = type(client_state)()
    message.CopyFrom(client_state)
    message.fragment_id = fragment
    widgets = message.widget_states.widgets
    for k in reversed(range(len(widgets))):
        if widgets[k].WhichOneof("value") in CLICKS and widgets[k].id not in clicks:
            del widgets[k]
    return message


def _fragment_of(session: Any, widget: str) -> Any:
    metadata = session._session_state._new_widget_state.widget_metadata.get(widget)
    return UNKNOWN if metadata is None else metadata.fragment_id

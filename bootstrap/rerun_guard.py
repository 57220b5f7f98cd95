"""Rerun guard: rewrites a browser's rerun messages before Streamlit handles them, so that each click acts exactly once.

The browser side of Streamlit (seen in 1.67) holds a click back for a moment, so that several at once travel together,
and sends it with the state of all widgets. On a page whose fragments tick by themselves (`run_every`) that moment has
traps:

- A tick in between is sent with the state of all widgets too, the held click among them; then the click itself
  follows. It would act twice: a pause is taken back, a step becomes two.
- Clicks in two fragments, or a text typed in one and a click in another, travel under the name of the first one, and
  only that one would be run: `if st.button(…)` in the other would not see its click. If the first has gone from the
  page meanwhile, Streamlit would drop both.

And the browser goes on ticking for the page that is being left, until the next one has arrived. Streamlit would run
that fragment of the old page on top of the new one, and the browser, which finds no place for it, goes blank.

So a tick carries no clicks here, each fragment is asked for with its own, a page that was left does not tick, a click
whose fragment has gone goes to the whole page, and a run of the whole page takes along the clicks that wait. What the
script's threads would lose between them is the subject of `bootstrap/script_threads.py`, values that are older than the
server's that of `bootstrap/set_values.py`.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

BUTTON = "trigger_value"
"""The kind of widget value that a button has."""

CLICKS = (BUTTON, "json_trigger_value", "string_trigger_value", "chat_input_value")
"""The kinds of widget value that last for one run: a button's, a component's, a menu's, a chat's."""


def guard() -> None:
    """Put the guard in front of every session of this process, once. Another Streamlit, which keeps its sessions
    elsewhere, is left as it is."""
    try:
        from streamlit.runtime.app_session import AppSession

        from bootstrap import script_threads, set_values

        asked = AppSession.request_rerun
    except (ImportError, AttributeError):
        return
    if getattr(asked, "guards_clicks", False):
        return
    script_threads.guard()
    set_values.guard()

    @functools.wraps(asked)
    def request_rerun(session: Any, client_state: Any) -> Any:
        _note_choices(session, client_state)
        for message in _sorted_out(session, client_state):
            asked(session, _nothing_lost(session, message))

    request_rerun.guards_clicks = True
    AppSession.request_rerun = request_rerun


def _note_choices(session: Any, client_state: Any) -> None:
    """Tell the session's state what the visitor has chosen in a message, before the message waits for its turn."""
    if client_state is None:
        return
    try:
        if (by_hand := getattr(session._session_state, "by_hand", None)) is not None:
            by_hand(client_state, getattr(session, "newest_client_state", None))
        session.newest_client_state = client_state
    except Exception:
        logging.getLogger(__name__).exception("What was chosen in the browser could not be made out.")


def _sorted_out(session: Any, client_state: Any) -> list[Any]:
    if client_state is None:
        return [None]
    try:
        widgets = session._session_state._new_widget_state.widget_metadata
        return sort_out(
            client_state,
            session._pages_manager.intended_page_script_hash,
            lambda widget, otherwise: getattr(widgets.get(widget), "fragment_id", otherwise),
        )
    except Exception:  # a Streamlit of another make: better its own way than no answer at all
        logging.getLogger(__name__).exception("What the browser asked for could not be sorted out.")
        return [client_state]


def _nothing_lost(session: Any, message: Any) -> Any:
    """The message as Streamlit has to get it so that no click is dropped on the way."""
    if message is None:
        return None
    try:
        if message.fragment_id and not message.is_auto_rerun:
            clicks = [w.id for w in message.widget_states.widgets if w.WhichOneof("value") == BUTTON]
            if clicks and not session.has_fragment(message.fragment_id):
                message = _only(clicks, message, "", message.page_script_hash)
        return message if message.fragment_id else with_clicks(message, _left(session))
    except Exception:
        logging.getLogger(__name__).exception("A click that waits could not be taken along.")
        return message


def _left(session: Any) -> Any:
    """The widget states that the session's script has not heard yet, which is stopped for the whole page."""
    runner = session._scriptrunner
    if runner is None:
        return None
    runner.request_stop()  # as Streamlit does next: what the script has not heard by now, it will not hear any more
    return getattr(runner._requests, "left", None)


def with_clicks(message: Any, left: Any) -> Any:
    """A message with the clicks of widget states that it replaces, besides its own."""
    own = {w.id for w in message.widget_states.widgets}
    clicks = [w for w in left.widgets if w.WhichOneof("value") in CLICKS and w.id not in own] if left else []
    if not clicks:
        return message
    whole = type(message)()
    whole.CopyFrom(message)
    whole.widget_states.widgets.extend(clicks)
    return whole


def sort_out(client_state: Any, page: str | None, fragment_of: Callable[[str, str], str | None]) -> list[Any]:
    """The messages to hand on in the place of one.

    Args:
        client_state: a `ClientState` message.
        page: the page that the session was last sent to; nothing in the first moments.
        fragment_of: the fragment that a widget stands in, by the widget's id; None: in none. The second argument is the
            answer for a widget that is not known.
    """
    own, there, tick = client_state.fragment_id, client_state.page_script_hash, client_state.is_auto_rerun
    clicks = [w.id for w in client_state.widget_states.widgets if w.WhichOneof("value") in CLICKS]
    if own and there and page and there != page:  # of the page before: a button's `on_click` is heard on the one of now
        return [_only(clicks, client_state, "", page)] if clicks and not tick else []
    if not clicks or not (own or tick):
        return [client_state]
    if tick:
        return [_only([], client_state, own, there)]
    homes = {click: fragment_of(click, own) for click in clicks}
    if None in homes.values():  # outside all fragments: the whole page sees everything
        return [_only(clicks, client_state, "", there)]
    # The part that the message names holds one of the clicks or a value that has changed, such as a text just typed.
    parts = sorted(dict.fromkeys([*homes.values(), own]), key=lambda home: (home not in homes.values(), home != own))
    return [_only([c for c in clicks if homes[c] == home], client_state, home, there) for home in parts]


def _only(clicks: list[str], client_state: Any, fragment: str, page: str) -> Any:
    """A copy of the message that carries, of the clicks, only these, and asks for this fragment of this page."""
    message = type(client_state)()
    message.CopyFrom(client_state)
    message.fragment_id, message.page_script_hash = fragment, page
    widgets = message.widget_states.widgets
    for k in reversed(range(len(widgets))):
        if widgets[k].WhichOneof("value") in CLICKS and widgets[k].id not in clicks:
            del widgets[k]
    return message

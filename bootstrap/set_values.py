"""Values that the server sets for widgets (`st.session_state[key] = …`), kept against older ones from the browser.

The browser side of Streamlit (seen in 1.67) sends the state of all widgets with every message. Until it has heard of a
value that the server has set, it goes on sending the former one: with the next click, the next tick of a fragment, or
the next change of another widget. Streamlit would take that for a choice of the visitor's and undo what was set: a
click on Undo takes the former class along, a choice that fills a form is half taken back.

So a value that the browser may still hold from before is dropped (`SetValues`), until the browser sends another one:
then it has heard of the new one, or the visitor has chosen since. One case looks the same and is none: the visitor sets
a widget back to the former value by hand. Such a choice makes a message of its own, in which nothing else has changed;
`by_hand` tells them apart when the message arrives.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from streamlit.runtime.state.session_state import Serialized, SessionState, WStates

from bootstrap.rerun_guard import CLICKS

MOST = 16
"""Former values remembered for a widget."""


def guard() -> None:
    """Let the sessions of this process keep what the server sets, once."""
    from streamlit.runtime import state

    setattr(state, "SessionState", SetValues)  # noqa: B010


@dataclass
class _Set:
    """What the server has set for one widget, of which the browser may not have heard.

    Attributes:
        key: of the widget. value: the newest. former: what the browser may still hold.
        repeated: an old value was dropped since, and the new one is told to the browser again. put_back: it was not the
            page that has set the value last, but this module.
        by_hand: a message that has arrived holds a former value that the visitor has chosen anew.
    """

    key: str
    value: Any
    former: list[Any] = field(default_factory=list)
    repeated: bool = False
    put_back: bool = False
    by_hand: bool = False


class SetValues(SessionState):
    """Streamlit's session state, which knows what the server has set and the browser has not confirmed.

    Attributes:
        unconfirmed: what the server has set, by the widget's id.
        turn: the lock that the session's script threads share (`bootstrap/script_threads.py`).
    """

    def __init__(self) -> None:
        super().__init__()
        self.unconfirmed: dict[str, _Set] = {}
        self.turn = threading.RLock()

    def __setitem__(self, user_key: str, value: Any) -> None:
        widget = self._key_id_mapper.get_id_from_key(user_key, None)
        before: list[Any] = []
        if widget is not None:
            with contextlib.suppress(KeyError):
                before.append(self._getitem(widget, user_key))
        super().__setitem__(user_key, value)
        if widget is not None and before and not _same(before[0], value):
            self._note(widget, user_key, before[0], value)

    def _note(self, widget: str, key: str, before: Any, value: Any) -> None:
        known = self.unconfirmed.get(widget) or _Set(key, None)
        former = [*known.former, _copied(before)][-MOST:]
        self.unconfirmed[widget] = _Set(key, _copied(value), former, known.repeated, by_hand=known.by_hand)

    def set_widgets_from_proto(self, widget_states: Any) -> None:
        """Take over what the browser has sent, but for values that are older than what the server has set."""
        super().set_widgets_from_proto(widget_states)
        for sent in widget_states.widgets:
            if (known := self.unconfirmed.get(sent.id)) is not None:
                self._weigh(sent.id, known)

    def _weigh(self, widget: str, known: _Set) -> None:
        try:
            value = self._new_widget_state[widget]
        except Exception:  # the widget is on no page at present, or Streamlit will say what is wrong with the value
            return
        held = any(_same(value, former) for former in known.former)
        if held and _same(value, known.value):
            return  # set to and fro: the browser may still come to hear of what was between
        if held and not known.by_hand:
            del self._new_widget_state[widget]
            self._new_session_state[known.key] = known.value  # told once more when the widget is drawn
            known.repeated = known.put_back = True
        elif known.repeated and not _same(value, known.value):
            # What the browser hears again comes after the visitor's choice: it is told that one, too.
            self._new_session_state[known.key] = value
            former = [*known.former, known.value][-MOST:]
            self.unconfirmed[widget] = _Set(known.key, _copied(value), former)
        else:
            del self.unconfirmed[widget]

    def __delitem__(self, key: str) -> None:
        self.unconfirmed.pop(self._get_widget_id(key), None)
        super().__delitem__(key)

    def _remove_stale_widgets(self, active_widget_ids: frozenset[str]) -> None:
        super()._remove_stale_widgets(active_widget_ids)
        for widget, known in list(self.unconfirmed.items()):
            if widget in self._old_state or widget in self._new_widget_state.states:
                continue
            if known.put_back:  # the widget is gone from the page, and its value with it
                self._new_session_state.pop(known.key, None)
            if known.key not in self._new_session_state:
                del self.unconfirmed[widget]

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self.unconfirmed.clear()

    def by_hand(self, message: Any, before: Any) -> None:
        """Note which former values in a message the visitor has chosen anew. Called when the message arrives.

        Args:
            message: a `ClientState` message of the browser. before: the one before it; None for the first.
        """
        if not self.unconfirmed or before is None or not message.HasField("widget_states"):
            return
        former = {
            sent.id: known
            for sent in message.widget_states.widgets
            if (known := self.unconfirmed.get(sent.id)) is not None and self._holds(sent, known.former)
        }
        if not former or self._has_another_cause(message, before, former):
            return
        for widget, known in former.items():
            metadata = self._new_widget_state.widget_metadata.get(widget)
            if metadata is not None and (metadata.fragment_id or "") == message.fragment_id:
                known.by_hand = True

    def _has_another_cause(self, message: Any, before: Any, former: dict[str, _Set]) -> bool:
        """Whether a message was sent for another reason than a choice of one of these widgets."""
        if message.is_auto_rerun or message.page_script_hash != before.page_script_hash:
            return True
        last = {sent.id: sent.SerializeToString() for sent in before.widget_states.widgets}
        for sent in message.widget_states.widgets:
            if sent.WhichOneof("value") in CLICKS:
                return True
            known = self.unconfirmed.get(sent.id)
            if sent.id in former or (known is not None and self._holds(sent, [known.value])):
                continue  # one of those in question, or what the server itself has set
            if sent.SerializeToString() != last.get(sent.id, sent.SerializeToString()):
                return True
        return False

    def _holds(self, sent: Any, values: list[Any]) -> bool:
        """Whether a widget's state, as sent, is one of these values."""
        metadata = self._new_widget_state.widget_metadata.get(sent.id)
        if metadata is None:
            return False
        value = WStates({sent.id: Serialized(sent)}, {sent.id: metadata})[sent.id]
        return any(_same(value, other) for other in values)


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except Exception:  # an array: values that cannot be told apart are never dropped
        return False


def _copied(value: Any) -> Any:
    """A copy, which the page cannot change meanwhile."""
    copied: Callable[[Any], Any] = copy.deepcopy
    try:
        return copied(value)
    except Exception:
        return value

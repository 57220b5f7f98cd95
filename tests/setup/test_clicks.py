"""What a browser asks for, sorted out before Streamlit sees it; with Streamlit's own messages."""

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession

from bootstrap import clicks

HOMES = {"stop": "controls", "want": "film", "start": None}


def asked(fragment: str, *fired: str, auto: bool = False) -> ClientState:
    """A message with a slider in it, and those clicks."""
    message = ClientState(fragment_id=fragment, is_auto_rerun=auto)
    message.widget_states.widgets.add(id="slider", double_value=0.5)
    for name in fired:
        value = {"json_trigger_value": '[{"event":"want"}]'} if name == "want" else {"trigger_value": True}
        message.widget_states.widgets.add(id=name, **value)
    clicks.sort_out(message, lambda widget: HOMES.get(widget, clicks.UNKNOWN))
    return message


def carried(message: ClientState) -> list[str]:
    return [widget.id for widget in message.widget_states.widgets]


def test_a_tick_carries_values_but_no_clicks():
    assert carried(asked("film", "stop", "want", auto=True)) == ["slider"]
    assert asked("film", "stop", auto=True).fragment_id == "film"


@pytest.mark.parametrize(("fragment", "fired", "runs"), [
    ("controls", ["stop"], "controls"),
    ("film", ["want"], "film"),
    ("film", ["want", "stop"], ""),  # the whole page: both see their click
    ("film", ["stop"], ""),
    ("film", ["start"], ""),
    ("film", ["gone from the page"], "film"),
    ("film", [], "film"),
    ("", ["start", "stop"], ""),
])  # fmt: skip
def test_what_is_run_sees_every_click_that_came(fragment, fired, runs):
    message = asked(fragment, *fired)
    assert message.fragment_id == runs
    assert carried(message) == ["slider", *fired]


def test_the_guard_stands_once_in_front_of_streamlits_sessions(monkeypatch):
    seen = []
    monkeypatch.setattr(AppSession, "request_rerun", lambda session, state: seen.append(state))
    clicks.guard()
    once = AppSession.request_rerun
    clicks.guard()
    assert AppSession.request_rerun is once
    once(object(), None)
    message = ClientState(fragment_id="film", is_auto_rerun=True)
    message.widget_states.widgets.add(id="stop", trigger_value=True)
    once(object(), message)
    assert seen == [None, message]
    assert not message.widget_states.widgets


def test_the_guard_knows_where_streamlit_keeps_the_fragment_of_a_widget():
    from streamlit.runtime.state.common import WidgetMetadata
    from streamlit.runtime.state.session_state import SessionState

    class Session:
        _session_state = SessionState()

    kept = WidgetMetadata("stop", lambda value: value, lambda value: value, "trigger_value", fragment_id="controls")
    Session._session_state._new_widget_state.widget_metadata["stop"] = kept
    assert clicks._fragment_of(Session, "stop") == "controls"
    assert clicks._fragment_of(Session, "other") is clicks.UNKNOWN
    assert clicks._fragment_of(object(), "stop") is clicks.UNKNOWN
    assert "_session_state" in AppSession.__init__.__code__.co_names

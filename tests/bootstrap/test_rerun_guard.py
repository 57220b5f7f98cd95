"""What a browser asks for, sorted out before Streamlit sees it; with Streamlit's own messages."""

from types import SimpleNamespace

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import SessionState

from bootstrap import rerun_guard, script_threads
from tests.bootstrap import sessions

HOMES = {"stop": "controls", "want": "film", "start": None}


def message(fragment: str, *fired: str, auto: bool = False) -> ClientState:
    """A message with a slider in it, and those clicks."""
    asked = ClientState(fragment_id=fragment, is_auto_rerun=auto, page_script_hash="train")
    asked.widget_states.widgets.add(id="slider", double_value=0.5)
    for name in fired:
        value = {"json_trigger_value": '[{"event":"want"}]'} if name == "want" else {"trigger_value": True}
        asked.widget_states.widgets.add(id=name, **value)
    return asked


def summed_up(messages: list[ClientState], page: str = "train") -> list[tuple[str, ...]]:
    """Of each message what is to be run, and the widgets whose state it brings."""
    assert all(m.page_script_hash == page for m in messages)
    return [(m.fragment_id, *(widget.id for widget in m.widget_states.widgets)) for m in messages]


def sorted_out(*args, **kwargs) -> list[tuple[str, ...]]:
    return summed_up(rerun_guard.sort_out(message(*args, **kwargs), "train", HOMES.get))


def test_a_tick_carries_values_but_no_clicks():
    assert sorted_out("film", "stop", "want", auto=True) == [("film", "slider")]
    assert sorted_out("", "stop", auto=True) == [("", "slider")]


@pytest.mark.parametrize(
    ("fragment", "fired", "runs"),
    [
        ("controls", ["stop"], [("controls", "slider", "stop")]),
        ("film", ["want", "stop"], [("film", "slider", "want"), ("controls", "slider", "stop")]),
        ("controls", ["want", "stop"], [("controls", "slider", "stop"), ("film", "slider", "want")]),
        ("film", ["stop"], [("controls", "slider", "stop"), ("film", "slider")]),  # its own value has changed
        ("film", ["start"], [("", "slider", "start")]),  # outside all fragments: the whole page
        ("film", ["want", "start"], [("", "slider", "want", "start")]),
        ("film", ["never seen"], [("film", "slider", "never seen")]),
        ("film", [], [("film", "slider")]),
        ("", ["start", "stop"], [("", "slider", "start", "stop")]),
    ],
)
def test_each_part_of_the_page_is_run_with_its_own_clicks(fragment, fired, runs):
    assert sorted_out(fragment, *fired) == runs


class Session:
    """As much of a session as the guard looks at."""

    def __init__(self):
        self._session_state, self.asked = SessionState(), []
        self._scriptrunner, self.fragments = None, {"film", "controls"}
        self._pages_manager = PagesManager("app.py")
        self._pages_manager.set_script_intent("train", "")
        for name, home in HOMES.items():
            kind = "json_trigger_value" if name == "want" else "trigger_value"
            self._session_state._new_widget_state.widget_metadata[name] = WidgetMetadata(
                name, lambda value: value, lambda value: value, kind, fragment_id=home
            )

    def has_fragment(self, name):
        return name in self.fragments

    contains = has_fragment  # as the fragments' own store is asked


@pytest.fixture
def guarded(monkeypatch):
    monkeypatch.setattr(AppSession, "request_rerun", lambda session, state: session.asked.append(state))
    sessions.guarded(monkeypatch)
    return AppSession.request_rerun


def test_the_guard_asks_streamlits_session_for_each_fragment(guarded):
    session = Session()
    guarded(session, message("film", "want", "stop"))
    assert summed_up(session.asked) == [("film", "slider", "want"), ("controls", "slider", "stop")]


def test_a_click_whose_part_of_the_page_has_gone_goes_to_the_whole_page(guarded):
    session = Session()
    session.fragments = {"film"}
    guarded(session, message("controls", "stop"))
    guarded(session, message("controls"))
    guarded(session, message("controls", "stop", auto=True))
    guarded(session, message("film", "want", "stop"))
    assert summed_up(session.asked) == [
        ("", "slider", "stop"),
        ("controls", "slider"),
        ("controls", "slider"),
        ("film", "slider", "want"),
        ("", "slider", "stop"),
    ]


def test_a_run_of_the_whole_page_takes_along_the_clicks_that_wait_or_were_taken_up_but_not_heard(guarded):
    """With the queue of a script's thread, which is busy."""
    session = Session()

    def asked_while(*clicks: str, taken_up: bool = False, heard: bool = False) -> list[tuple[str, ...]]:
        requests = script_threads.Requests(session)
        session._scriptrunner, session.asked = SimpleNamespace(_requests=requests), []
        session._scriptrunner.request_stop = requests.request_stop
        requests.request_rerun(
            RerunData(widget_states=message("controls", *clicks).widget_states, fragment_id="controls")
        )
        if taken_up:
            requests.on_scriptrunner_ready()
        if heard:
            requests.hear()
        guarded(session, message("film"))
        guarded(session, message("", "start"))
        return summed_up(session.asked)

    alone = [("film", "slider"), ("", "slider", "start")]
    assert asked_while() == alone, "nothing waits"
    assert asked_while("stop") == [alone[0], ("", "slider", "start", "stop")]
    assert asked_while("stop", taken_up=True) == [alone[0], ("", "slider", "start", "stop")]
    assert asked_while("stop", taken_up=True, heard=True) == alone


def test_a_page_that_was_left_does_not_tick_any_more_and_its_last_click_is_heard_on_the_next(guarded):
    session = Session()
    session._pages_manager.set_script_intent("home", "")
    guarded(session, message("film", auto=True))
    guarded(session, message("film"))
    assert session.asked == []
    guarded(session, message("controls", "stop"))
    assert summed_up(session.asked, page="home") == [("", "slider", "stop")]
    guarded(session, message(""))  # the whole page: the visitor goes back to it
    assert summed_up(session.asked[1:]) == [("", "slider")]


def test_a_page_that_was_opened_by_its_address_ticks_before_its_name_is_known(guarded):
    session = Session()
    session._pages_manager.set_script_intent("", "train")
    guarded(session, message("film", auto=True))
    assert summed_up(session.asked) == [("film", "slider")]


def test_the_guard_stands_there_once_and_lets_pass_what_it_does_not_understand(guarded):
    rerun_guard.guard()
    assert AppSession.request_rerun is guarded
    session = Session()
    guarded(session, None)
    assert session.asked == [None]
    session._session_state, asked = None, message("film", "want", "stop")
    guarded(session, asked)
    assert session.asked == [None, asked]


def test_streamlit_still_keeps_a_sessions_widgets_and_its_page_where_the_guard_looks():
    looked_at = {"SessionState", "_session_state", "PagesManager", "_pages_manager", "_scriptrunner"}
    assert looked_at <= set(AppSession.__init__.__code__.co_names)

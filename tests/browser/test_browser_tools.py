"""What the tests wait for: that every run of the script they asked for has begun and ended."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.browser_tools import SCRIPT_RUNS

pytestmark = pytest.mark.browser

SOCKET = """window.WebSocket = class extends EventTarget {
    send() {}
    gets(bytes) { this.dispatchEvent(Object.assign(new Event("message"), { data: new Uint8Array(bytes).buffer })); }
};"""


def asks(fragment: str = "", by_itself: bool = False) -> BackMsg:
    sent = BackMsg()
    sent.rerun_script.query_string = "model=a"
    sent.rerun_script.fragment_id = fragment
    sent.rerun_script.is_auto_rerun = by_itself
    return sent


def begins(*fragments: str) -> ForwardMsg:
    got = ForwardMsg()
    got.metadata.run.script_run_id = "1" * 200  # longer than one byte of a length can say
    got.metadata.run.fragment_ids.extend(fragments)
    got.new_session.name = "app"
    return got


def ends(how: int = ForwardMsg.FINISHED_SUCCESSFULLY) -> ForwardMsg:
    got = ForwardMsg()
    got.script_finished = how
    return got


def other() -> BackMsg:
    sent = BackMsg()
    sent.app_heartbeat = True
    return sent


@pytest.fixture
def empty(chromium):
    """A page with nothing but a socket by which the tests send and get messages."""
    page = chromium.new_page()
    page.add_script_tag(content=SOCKET)
    page.add_script_tag(path=SCRIPT_RUNS)
    page.evaluate("() => { window.socket = new WebSocket(); }")
    yield page
    page.close()


@pytest.fixture
def rest(empty):
    """Whether a page is at rest after each of some messages that it sends and gets."""

    def after(*messages: BackMsg | ForwardMsg) -> list[bool]:
        answers = []
        for message in messages:
            way = "send(new Uint8Array(bytes))" if isinstance(message, BackMsg) else "gets(bytes)"
            tells = f"bytes => {{ socket.{way}; return scriptRuns.rest(); }}"
            answers.append(empty.evaluate(tells, list(message.SerializeToString())))
        return answers

    return after


def test_a_page_is_at_rest_once_the_run_that_was_asked_for_has_ended(rest):
    assert rest(begins(), ends()) == [False, True]
    assert rest(asks(), begins(), ends()) == [False, False, True]
    # A fragment that began before the click was heard answers nothing.
    assert rest(asks(), begins("film"), ends(), begins(), ends()) == [False, False, False, False, True]
    assert rest(asks("board"), begins("film"), ends(), begins("board"), ends()) == [False, False, False, False, True]
    # What asks for itself once a second, and what asks for no run, keeps nobody waiting.
    assert rest(asks("film", by_itself=True), other(), begins("film"), ends()) == [True, True, False, True]
    # A script that begins anew has not ended.
    assert rest(begins(), ends(ForwardMsg.FINISHED_EARLY_FOR_RERUN), begins(), ends()) == [False, False, False, True]


def test_what_the_server_has_dropped_is_given_up_once_nothing_else_happens(empty):
    empty.evaluate("() => { window.now = 0; performance.now = () => now; }")
    rests = "bytes => { socket.send(new Uint8Array(bytes)); now += 19000; const early = scriptRuns.rest(); now += 2000;"
    message = list(asks("gone").SerializeToString())
    assert empty.evaluate(f"{rests} return [early, scriptRuns.rest()]; }}", message) == [False, True]
    late = f"bytes => {{ now += 90000; return ({rests} return early; }})(bytes); }}"
    assert empty.evaluate(late, message) is False, "the time counts from what was sent or heard last"

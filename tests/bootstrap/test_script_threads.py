"""Clicks and messages that Streamlit's script threads would lose between them; with Streamlit's own sessions."""

import functools

import pytest

from tests.bootstrap.sessions import Session, guarded


@pytest.fixture
def page(tmp_path, monkeypatch):
    guarded(monkeypatch)
    return functools.partial(Session, folder=tmp_path)


COUNTING = """
    import streamlit as st
    import the_test

    for name in ("runs", "begun", "heard", "seen"):
        st.session_state.setdefault(name, 0)
    st.session_state.runs += 1

    def heard():
        st.session_state.begun += 1
        the_test.in_callback()
        st.session_state.heard += 1

    @st.fragment(key="part")
    def part():
        if st.button("Add", key="add", on_click=heard):
            st.session_state.seen += 1

    part()
"""


def counted(session: Session) -> tuple[int, int, int]:
    return tuple(session.state[name] for name in ("begun", "heard", "seen"))


def test_a_click_is_heard_and_seen_once(page):
    with page(COUNTING) as session:
        session.in_callback = lambda: None
        session.asks()
        session.asks("part", click="add")
        assert counted(session) == (1, 1, 1)
        session.asks("part")
        assert counted(session) == (1, 1, 1)


def test_a_click_that_was_taken_up_when_the_whole_page_is_asked_for_is_heard_by_the_next_thread(page):
    with page(COUNTING) as session:
        session.in_callback = lambda: None
        session.asks()
        asked = []

        def at(event: str) -> None:
            if event == "SCRIPT_STARTED" and not asked:
                asked.append(session.message())
                session.meanwhile(asked[0])

        session.during = at
        session.asks("part", click="add")
        assert asked and counted(session) == (1, 1, 1)


def test_a_callback_that_has_begun_is_carried_through(page):
    with page(COUNTING) as session:
        session.in_callback = lambda: session.meanwhile(session.message())
        session.asks()
        session.asks("part", click="add")
        assert counted(session)[:2] == (1, 1)


def test_a_click_whose_fragment_has_gone_when_its_turn_comes_is_seen_by_the_whole_page(page):
    script = """
        import streamlit as st
        import the_test

        st.session_state.setdefault("runs", 0)
        st.session_state.setdefault("seen", 0)
        st.session_state.runs += 1

        def add():
            if st.button("Add", key="add"):
                st.session_state.seen += 1

        if st.session_state.runs == 1:
            st.fragment(add, key="first")()
        else:
            the_test.in_run()
            st.text("The page is another one now")
            st.fragment(add, key="second")()
    """
    with page(script) as session:
        session.asks()
        click = session.message("first", click="add")
        sent = []

        def in_run() -> None:
            if not sent:
                sent.append(click)
                session.meanwhile(click)

        session.in_run = in_run
        session.asks()
        assert sent and session.state["seen"] == 1


def test_what_a_thread_that_has_ended_by_itself_still_had_to_say_is_delivered(page):
    script = """
        import streamlit as st

        @st.fragment(key="clock", run_every=1)
        def clock():
            st.text("It ticks")

        @st.fragment(key="other")
        def other():
            st.text("Another part")

        clock()
        other()
    """
    with page(script) as session:
        session.send_before_the_loop_hears(session.message(), lambda: session.message("other"))
        kinds = [message.WhichOneof("type") for message in session.delivered]
        texts = [m.delta.new_element.text.body for m in session.delivered if m.WhichOneof("type") == "delta"]
        assert "auto_rerun" in kinds and "It ticks" in texts
        finished = [m.script_finished for m in session.delivered if m.WhichOneof("type") == "script_finished"]
        assert len(finished) == 2

"""Values that the server sets and the browser has not heard of; with crafted messages to Streamlit's own sessions."""

import pytest

from tests.bootstrap.sessions import Session, guarded

PAGE = """
    import streamlit as st

    st.session_state.setdefault("name", "old")
    st.session_state.setdefault("changes", [])

    def sets(value):
        st.session_state["name"] = value

    def changed():
        st.session_state.changes.append(st.session_state["name"])

    st.button("Set", key="set", on_click=sets, args=("new",))
    st.button("Reset", key="reset", on_click=sets, args=("old",))
    st.button("Other", key="other")
    st.checkbox("Flag", key="flag")

    @st.fragment(key="part")
    def part():
        st.text_input("Name", key="name", on_change=changed)

    part()

    @st.fragment(key="clock", run_every=60)
    def clock():
        st.button("In the clock", key="inside")

    clock()
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    guarded(monkeypatch)
    with Session(PAGE, tmp_path) as session:
        session.asks()
        session.asks(click="set", name="old", flag=False)
        assert name_and_changes(session) == ("new", [])
        yield session


def name_and_changes(session: Session) -> tuple[str, list[str]]:
    return session.state["name"], session.state["changes"]


def told(session: Session) -> list[str]:
    """The values of the text box that the browser was told to take over, in order."""
    boxes = [
        message.delta.new_element.text_input
        for message in session.delivered
        if message.WhichOneof("type") == "delta" and message.delta.new_element.WhichOneof("type") == "text_input"
    ]
    return [box.value for box in boxes if box.set_value]


@pytest.mark.parametrize(
    "because",
    [
        {"click": "other"},
        {"fragment": "clock", "click": "inside"},
        {"fragment": "clock", "tick": True},
        {"fragment": "part", "tick": True},
        {"flag": True},
    ],
    ids=["a click", "a click in a fragment", "a tick", "a tick of its own fragment", "a change elsewhere"],
)
def test_an_older_value_that_comes_along_with_something_else_does_not_undo_what_was_set(page, because):
    page.asks(**{"flag": False, **because}, name="old")
    assert name_and_changes(page) == ("new", [])
    page.asks(fragment="part", name="newer")
    assert name_and_changes(page) == ("newer", ["newer"])


def test_it_is_dropped_each_time_until_the_browser_has_heard_of_the_new_one(page):
    page.asks(click="other", name="old")
    page.asks(click="other", name="old")
    assert name_and_changes(page) == ("new", [])
    page.asks(click="other", name="new")
    assert not page.app.session_state.unconfirmed
    page.asks(click="other", name="old")  # a choice of the visitor's, whatever else has come with it
    assert name_and_changes(page) == ("old", ["old"])


def test_a_visitor_may_set_the_former_value_again_at_once(page):
    page.asks("part", name="old", flag=False)
    assert name_and_changes(page) == ("old", ["old"])
    page.asks(click="set", name="old")
    assert page.state["name"] == "new", "and the server may set its own again"


def test_setting_it_back_by_hand_counts_although_a_click_follows_before_it_is_heard(page):
    page.send(page.message("part", name="old", flag=False), page.message(click="other", name="old", flag=False))
    assert name_and_changes(page) == ("old", ["old"])


def test_setting_it_back_by_hand_counts_although_a_tick_has_just_carried_it_along(page):
    """The browser sets the value, a timer sends it with a tick, and only then comes the message of the choice."""
    page.asks("clock", tick=True, name="old", flag=False)
    page.asks("part", name="old", flag=False)
    assert page.state["name"] == "old"
    page.asks(click="other", name="new", flag=False)  # the browser was told of the new one once more meanwhile
    assert page.state["name"] == "old"
    assert told(page)[-1] == "old"


def test_a_browser_that_has_not_heard_is_told_again(page):
    page.asks("part", tick=True, name="old")
    assert told(page)[-1] == "new"


def test_values_set_one_upon_the_other(page):
    page.asks(click="reset", name="old")
    assert page.state["name"] == "old"
    page.asks(click="other", name="new")  # heard of the first, not yet of the second
    assert name_and_changes(page) == ("old", [])
    page.asks(click="other", name="old")
    assert name_and_changes(page) == ("old", [])


def test_a_value_that_is_no_former_one_is_the_visitors(page):
    page.asks(click="other", name="typed")
    assert name_and_changes(page) == ("typed", ["typed"])


def test_a_value_that_the_page_sets_in_each_run_is_kept_against_none(tmp_path, monkeypatch):
    script = """
        import streamlit as st

        st.session_state.setdefault("kept", "one")
        st.session_state["choice"] = st.session_state["kept"]

        def take():
            st.session_state["kept"] = st.session_state["choice"]

        st.text_input("Choice", key="choice", on_change=take)
    """
    guarded(monkeypatch)
    with Session(script, tmp_path) as session:
        session.asks()
        for chosen in ("two", "one", "two"):
            session.asks(choice=chosen)
            assert session.state["kept"] == session.state["choice"] == chosen


def test_a_widget_that_left_the_page_and_came_back_begins_anew(tmp_path, monkeypatch):
    script = """
        import streamlit as st

        def sets():
            st.session_state["name"] = "new"

        st.button("Set", key="set", on_click=sets)
        if st.checkbox("Shown", key="shown", value=True):
            st.text_input("Name", key="name", value=None)
    """
    guarded(monkeypatch)
    with Session(script, tmp_path) as session:
        session.asks()
        session.asks(name="old", shown=True)
        session.asks(click="set", name="old", shown=True)
        assert session.app.session_state.unconfirmed
        session.asks(shown=False, name="old")
        assert not session.app.session_state.unconfirmed

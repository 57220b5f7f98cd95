"""Address parameters, in a page that Streamlit runs."""

from streamlit.testing.v1 import AppTest


def script():
    import streamlit as st

    from ui.shared import address

    st.session_state["seen"] = address.requested("here", "a", "b")
    st.session_state["value"] = address.adopt("n", "n_box", lambda t: int(t) if t.isdigit() else None, 7, "No number.")
    address.write("here", st.session_state.get("next", {"a": "1", "b": None}))


def visit(**query):
    page = AppTest.from_function(script)
    for name, text in query.items():
        page.query_params[name] = text
    return page.run()


def test_what_the_page_wrote_itself_is_no_request_and_what_a_visitor_wrote_is_one():
    page = visit(a="5", other="x")
    assert page.session_state["seen"] == {"a": "5"} and page.query_params["a"] in ("1", ["1"])
    assert page.run().session_state["seen"] == {}
    page.query_params["b"] = "9"
    assert page.run().session_state["seen"] == {"a": "1", "b": "9"} and "b" not in page.query_params


def test_a_value_begins_as_the_address_says_and_then_stays_as_it_is_set():
    page = visit(n="12")
    assert page.session_state["value"] == 12 and not page.warning
    page.query_params["n"] = "30"
    assert page.run().session_state["value"] == 12


def test_what_is_not_allowed_is_refused_with_a_sentence_that_does_not_repeat_it():
    page = visit(n="<b>stranger's words</b>")
    assert page.session_state["value"] == 7
    assert [w.value for w in page.warning] == ["No number."]

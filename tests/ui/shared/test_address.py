"""Address parameters, in a page that Streamlit runs."""

import pytest
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


def choices():
    import streamlit as st

    from ui.shared import address
    from ui.shared.address import Parameter, number, short, whole

    address.check_names(["seed", "warmth", "other"])
    seed = Parameter("seed", "seed_box", whole(0, 99), 1, "a whole number from 0 to 99")
    warmth = Parameter("warmth", "warmth_box", number(0, 2), 1.0, "a number from 0 to 2", short)
    for parameter in (seed, warmth):
        parameter.adopt()
    st.number_input("Seed", 0, 99, step=1, key="seed_box", persist_state="session")
    st.slider("Warmth", 0.0, 2.0, step=0.05, key="warmth_box", persist_state="session")
    for parameter in (seed, warmth):
        parameter.keep()


def written(page) -> dict[str, str]:
    return {name: text[0] if isinstance(text, list) else text for name, text in page.query_params.items()}


def test_the_look_of_pictures_is_a_parameter_of_every_page():
    for text, complaints in (("1", []), ("7", ["The address has a value for “pixels” that is not possible."])):
        page = AppTest.from_function(choices)
        page.query_params["pixels"] = text
        page.run()
        assert [w.value.split(" Allowed")[0] for w in page.warning] == complaints
        assert written(page) == ({} if complaints else {"pixels": "1"})


def test_a_choice_goes_into_the_address_and_a_reload_brings_it_back():
    page = AppTest.from_function(choices).run()
    assert written(page) == {} and not page.warning, "defaults need no place in the address"
    page.number_input[0].set_value(7)
    page.slider[0].set_value(0.35).run()
    assert written(page) == {"seed": "7", "warmth": "0.35"}
    again = AppTest.from_function(choices)  # another session, as after a reload
    for name, text in written(page).items():
        again.query_params[name] = text
    again.run()
    assert (again.number_input[0].value, again.slider[0].value) == (7, 0.35)
    again.number_input[0].set_value(1).run()
    assert written(again) == {"warmth": "0.35"}


def test_a_link_that_is_opened_later_is_taken_over_and_what_was_set_since_is_kept():
    page = AppTest.from_function(choices)
    page.query_params["seed"] = "5"
    page.run()
    page.number_input[0].set_value(9).run()
    assert page.number_input[0].value == 9
    page.query_params["seed"] = "12"
    assert page.run().number_input[0].value == 12


BAD = ["-1", "100", "1.5", "1e1", "", "x", "²", "٣", "9" * 40, "nan", "<b>words</b>"]


@pytest.mark.parametrize("text", BAD)
def test_a_bad_value_gets_one_sentence_and_leaves_the_address(text):
    page = AppTest.from_function(choices)
    page.query_params["seed"] = text
    page.run()
    assert len(page.warning) == 1 and "a whole number from 0 to 99" in page.warning[0].value
    assert "words" not in page.warning[0].value and written(page) == {} and page.number_input[0].value == 1
    assert not page.run().warning


def test_a_parameter_that_the_page_does_not_know_gets_one_sentence_each_and_leaves_the_address():
    page = AppTest.from_function(choices)
    for name, text in {"sed": "5", "<i>": "6", "seed": "7"}.items():
        page.query_params[name] = text
    page.run()
    said = [warning.value for warning in page.warning]
    assert (
        len(said) == 2
        and "“seed”" in said[0]
        and all("unknown parameter" in text and "<i>" not in text for text in said)
    )
    assert written(page) == {"seed": "7"}


def strict():
    import streamlit as st

    from ui.shared import address

    address.check_names(["n"])
    address.adopt("n", "n_box", lambda t: None, 7, "No number.")
    if not st.session_state.setdefault("ran_anew", False):  # as a page does whose job has ended
        st.session_state["ran_anew"] = True
        address.rerun()


def test_a_refusal_is_said_again_when_the_page_runs_anew_by_itself_and_not_after_a_visitors_action():
    page = AppTest.from_function(strict)
    page.query_params["n"] = "x"
    assert [w.value for w in page.run().warning] == ["No number."] and "n" not in page.query_params
    assert page.session_state["ran_anew"] and not page.run().warning


def two_pages():
    import streamlit as st

    from ui.shared import address

    if st.session_state.get("page") == "second":
        address.check_names(["n"])
    else:
        address.put("recipe", "mlp-vae")


@pytest.mark.parametrize(("there", "said"), [("mlp-vae", 0), ("conv-vae", 1)])
def test_what_the_page_before_wrote_in_the_moment_of_leaving_is_removed_without_a_word(there, said):
    page = AppTest.from_function(two_pages).run()
    page.session_state["page"] = "second"
    page.query_params["recipe"] = there
    page.run()
    assert "recipe" not in page.query_params and len(page.warning) == said

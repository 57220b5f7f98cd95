"""The run that a page opens at first, and whose it is."""

from __future__ import annotations

import hashlib
import itertools
import random

import pytest
from streamlit.testing.v1 import AppTest

from core import data, runs
from tests.pages.page_tools import open_page
from tests.tiny_runs import tiny
from ui.embedding import inputs as map_inputs
from ui.planes import inputs as planes_inputs
from ui.reconstruct import inputs as reconstruct_inputs
from ui.shared import default_run, owner

ME, OTHER = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Makes runs with (empty) weights, each newer than the one before; this visitor is ME."""
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path))
    monkeypatch.setattr(owner, "me", lambda: ME)
    clock = itertools.count(1_000)

    def make(name: str, whose: str = "", preset: str = "mlp-vae") -> runs.Run:
        run = runs.create(tiny(preset), name, whose)
        run.update_status(created=float(next(clock)))
        (run.path / "best.safetensors").touch()
        return run

    return make


def names(found: list[runs.Run]) -> list[str]:
    return [run.name for run in found]


def test_my_newest_comes_first_then_the_best_example_then_the_newest_of_everybody(made):
    made("mine-1", ME)
    made("example-mlp-vae")
    made("example-conv-vae")
    made("example-other")
    made("theirs-1", OTHER)
    made("mine-2", ME)
    made("nobodys")
    made("theirs-2", OTHER)

    assert names(default_run.preferred(runs.list_runs())) == [
        *("mine-2", "mine-1", "example-conv-vae", "example-mlp-vae", "example-other"),
        *("theirs-2", "nobodys", "theirs-1"),
    ]


def test_a_page_of_images_begins_with_an_example_whose_images_are_here_and_keeps_my_run_first(made, monkeypatch):
    mnist = runs.create(tiny("mlp-vae").with_(dataset="mnist"), "example-mnist-vae")
    (mnist.path / "best.safetensors").touch()
    made("example-mlp-vae")
    made("mine", ME)
    ready = {"digits": True, "mnist": False}
    monkeypatch.setattr(
        default_run.data, "status", lambda: {n: data.loading.Status(r, "", "") for n, r in ready.items()}
    )
    found = runs.list_runs()
    assert names(default_run.preferred(found)) == ["mine", "example-mnist-vae", "example-mlp-vae"]
    assert names(default_run.preferred(found, images=True)) == ["mine", "example-mlp-vae", "example-mnist-vae"]
    assert names(default_run.preferred(found, images=True, best="example-mlp-vae"))[1] == "example-mlp-vae"
    ready["mnist"] = True
    assert names(default_run.preferred(found, best="example-mlp-vae"))[1] == "example-mlp-vae"
    assert names(default_run.preferred(found, images=True)) == ["mine", "example-mnist-vae", "example-mlp-vae"]


def test_the_default_never_is_another_visitors_while_there_is_an_example_that_fits(made):
    order = [("example-conv-vae", ""), ("theirs", OTHER), ("nobodys", "")]
    random.Random(3).shuffle(order)
    for name, whose in order:
        made(name, whose)

    assert default_run.default_run().name == "example-conv-vae"
    assert default_run.default_run(lambda run: run.name == "theirs").name == "theirs", "where nothing else fits"
    assert default_run.default_run(lambda run: False) is None
    made("mine", ME)
    assert default_run.default_run().name == "mine"
    assert default_run.best_example().name == "example-conv-vae"


def test_a_run_that_only_has_an_examples_name_is_its_owners(made):
    made("example-of-mine", OTHER)
    made("example-conv-vae")

    assert default_run.default_run().name == "example-conv-vae"
    assert not runs.open_run("example-of-mine").example


def test_every_page_with_its_own_choice_of_runs_asks_the_same_place(made):
    made("mine", ME)
    made("theirs", OTHER)
    found = [run for run in runs.list_runs() if run.has_weights]

    assert names(reconstruct_inputs.one_of_each(found)) == ["mine"]
    assert names(planes_inputs.flat_runs()) == ["mine", "theirs"]
    assert list(map_inputs._usable()) == ["mine", "theirs"]
    assert names(default_run.preferred_sources("digits")) == ["mine", "theirs"]


def test_the_box_of_runs_opens_my_newest_and_names_the_owner_of_a_foreign_run(made):
    made("mine", ME)
    made("theirs", OTHER)

    def script():
        from ui.shared.run_picker import pick_run

        pick_run()

    box = open_page(script).selectbox(key="run_box")
    summary = runs.open_run("mine").recipe.summary()
    assert box.value == "mine"
    assert box.options == [f"mine · {summary}", f"theirs · {summary} · another visitor (BBBB)"]


def test_a_run_trained_since_takes_the_place_of_the_one_kept_once(made):
    made("before", ME)
    made("another", ME)

    def script():
        import streamlit as st

        from ui.shared.run_picker import pick_run

        if st.session_state["open"]:
            pick_run()

    page = AppTest.from_function(script)
    page.session_state["open"] = True
    page.run().selectbox[0].select("before").run()

    def opened_anew() -> str:
        for shown in (False, True):
            page.session_state["open"] = shown
            page.query_params.clear()  # as a click on the menu does
            page.run()
        return page.selectbox[0].value

    assert opened_anew() == "before"
    made("example-mlp-vae")
    made("theirs", OTHER)
    assert opened_anew() == "before", "trained by another visitor"
    made("newer", ME)
    assert page.run().selectbox[0].value == "before", "nothing changes under the visitor's hands"
    assert opened_anew() == "newer"
    page.selectbox[0].select("before").run()
    assert opened_anew() == "before", "its turn has been"


def test_a_visitor_is_known_by_the_digest_of_a_secret_and_keeps_it():
    def script():
        import streamlit as st

        from ui.shared import owner

        st.text(owner.me())

    test = AppTest.from_function(script)
    test.session_state["visitor_token"] = "secret"
    first = test.run().text[0].value
    assert first == test.run().text[0].value == hashlib.sha256(b"secret").hexdigest()[:12]
    fresh = [AppTest.from_function(script).run().text[0].value for _ in range(2)]
    assert len({first, *fresh}) == 3, "two browsers are two visitors"

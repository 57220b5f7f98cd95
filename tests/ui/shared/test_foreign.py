"""What belongs to another visitor is changed only after a question that says whose it is."""

from __future__ import annotations

import hashlib

import pytest
from streamlit.testing.v1 import AppTest

from core import runs
from core.jobs.queue import JobQueue
from core.jobs.training_job import TrainingJob
from tests.fake_executor import FakeExecutor
from tests.pages.page_tools import open_page, text_of
from tests.tiny_runs import tiny
from ui.shared.run_buttons import CHANGES

MINE, OTHER = "my token", "another token"


def public(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:12]


@pytest.fixture(autouse=True)
def own_runs(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))


def buttons(verbs: tuple[str, ...], job=None):
    """A page with a button for each verb on the run `one`, or on a job."""
    import streamlit as st

    from core import runs
    from ui.shared.run_buttons import job_button, run_button

    done = st.session_state.setdefault("done", [])
    for verb in verbs:
        if job is not None:
            job_button("Do it", verb, job, done.append, (verb,))
        elif run_button("Do it", verb, runs.open_run("one")):
            done.append(verb)


def visit(token: str, *verbs: str, job: TrainingJob | None = None) -> AppTest:
    return open_page(buttons, {"visitor_token": token}, kwargs={"verbs": verbs, "job": job})


@pytest.mark.parametrize("verb", CHANGES)
def test_a_run_of_another_visitor_is_changed_only_after_the_question(verb):
    runs.create(tiny(), "one", public(OTHER))
    page = visit(MINE, verb)
    page.button(key=f"{verb}_one").click().run()
    assert page.session_state["done"] == []
    said = text_of(page).replace("*", "")
    assert (
        f"one is not yours: this run belongs to another visitor ({public(OTHER)[:4].upper()}). Do it all the same?"
        in said
    )
    page.button(key=f"{verb}_one_leave").click().run()
    assert page.session_state["done"] == [] and "not yours" not in text_of(page)
    page.button(key=f"{verb}_one").click().run()
    page.button(key=f"{verb}_one_anyway").click().run()
    assert page.session_state["done"] == [verb]
    page.button(key=f"{verb}_one").click().run()
    assert page.session_state["done"] == [verb, verb], "it is asked once"


@pytest.mark.parametrize("owner", ["", public(MINE)], ids=["nobody's", "mine"])
def test_my_own_run_and_nobodys_need_no_question(owner):
    runs.create(tiny(), "one", owner)
    page = visit(MINE, *CHANGES)
    for verb in CHANGES:
        page.button(key=f"{verb}_one").click().run()
    assert page.session_state["done"] == list(CHANGES)


def test_what_changes_nothing_is_never_asked_and_one_answer_does_not_allow_another_change():
    runs.create(tiny(), "one", public(OTHER))
    page = visit(MINE, "generate", "rename", "delete")
    page.button(key="generate_one").click().run()
    page.button(key="rename_one").click().run()
    page.button(key="rename_one_anyway").click().run()
    page.button(key="delete_one").click().run()
    assert page.session_state["done"] == ["generate", "rename"] and "not yours" in text_of(page)


def test_a_run_that_is_gone_when_the_question_is_answered_is_not_acted_on():
    run = runs.create(tiny(), "one", public(OTHER))
    page = visit(MINE, "delete")
    page.button(key="delete_one").click().run()
    run.delete()
    runs.create(tiny(), "one", public(OTHER))
    page.button(key="delete_one_anyway").click().run()
    assert page.session_state["done"] == [] and len(page.toast) == 1


@pytest.mark.parametrize(("owner", "asks"), [("", False), (public(MINE), False), (public(OTHER), True)])
def test_a_training_of_another_visitor_is_touched_only_after_the_question_and_its_owner_can_tell(owner, asks):
    queue = JobQueue(FakeExecutor())
    job = queue.submit(TrainingJob(runs.create(tiny(), "one", owner), owner=owner))
    page = visit(MINE, "stop", "pause", job=job)
    page.button(key=f"stop_one_{job.id}").click().run()
    assert page.session_state["done"] == ([] if asks else ["stop"])
    if asks:
        assert job.touched_by == "" and "one is not yours: this training belongs to" in text_of(page).replace("*", "")
        page.button(key=f"stop_one_{job.id}_anyway").click().run()
        assert page.session_state["done"] == ["stop"] and job.touched_by == public(MINE)
    page.button(key=f"pause_one_{job.id}").click().run()
    assert page.session_state["done"] == ["stop", "pause"], "one answer is enough for a training"
    queue.close()

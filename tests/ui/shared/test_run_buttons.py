"""Buttons of runs and jobs: a click acts on what the button was drawn for, or on nothing, and says so."""

from collections.abc import Callable

import pytest

from core import runs
from core.jobs.queue import JobQueue
from core.jobs.training_job import TrainingJob
from tests.fake_executor import FakeExecutor
from tests.pages.page_tools import open_page
from tests.tiny_runs import tiny
from ui.shared.run_buttons import gone_sentence, identity, still_there


def newest_first():
    """A page as the end of a training is: one button for each run, the newest in the first place."""
    import streamlit as st

    from core import runs
    from ui.shared.run_buttons import run_button

    for run in runs.list_runs():
        if run_button("Open", "open", run):
            st.session_state["opened"] = run.name


def one_dialog(known: tuple):
    """A dialog on one run, drawn again after the run has changed."""
    import streamlit as st

    from core.runs import Run
    from core.system import paths
    from ui.shared.run_buttons import run_button

    if run_button("Delete", "delete", Run(paths.runs_folder() / "one"), known=known):
        st.session_state["deleted"] = True


@pytest.fixture(autouse=True)
def own_runs(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))


def renamed(run: runs.Run) -> None:
    run.rename("another name")


def replaced(run: runs.Run) -> None:
    run.delete()
    runs.create(tiny(), run.name)


@pytest.mark.parametrize("change", [runs.Run.delete, renamed, replaced])
def test_a_click_on_a_run_that_is_gone_opens_no_other_and_says_so(change: Callable[[runs.Run], None]):
    older, newer = (runs.create(tiny(), name) for name in ("older", "newer"))
    page = open_page(newest_first)
    change(newer)
    page.button(key="open_newer").click().run()
    assert "opened" not in page.session_state and page.toast[0].value == gone_sentence("newer")
    page.button(key="open_older").click().run()
    assert page.session_state["opened"] == older.name, "the click before costs the next one nothing"


def test_a_dialog_acts_on_the_run_that_it_was_opened_for_however_often_it_is_drawn_again():
    run = runs.create(tiny(), "one")
    known = identity(run)
    page = open_page(one_dialog, kwargs={"known": known})
    replaced(run)
    page.run()
    page.button(key="delete_one").click().run()
    assert "deleted" not in page.session_state and len(page.toast) == 1


def test_a_run_without_a_readable_time_of_creation_can_still_be_acted_on():
    run = runs.create(tiny(), "one")
    known = identity(run)
    (run.path / "status.json").write_text("{")
    assert still_there(run, known) and still_there(run, identity(run))


def one_job(job):
    import streamlit as st

    from ui.shared.run_buttons import job_button

    job_button("Stop", "stop", job, lambda: st.session_state.__setitem__("stopped", True))


def test_a_click_on_a_job_that_has_ended_does_nothing_and_says_so():
    job = JobQueue(FakeExecutor()).submit(TrainingJob(runs.create(tiny(), "one")))
    page = open_page(one_job, kwargs={"job": job})
    job.set_state("finished")
    page.button[0].click().run()
    assert "stopped" not in page.session_state and "has ended" in page.toast[0].value


def test_two_jobs_of_one_run_have_buttons_of_their_own():
    queue, run = JobQueue(FakeExecutor()), runs.create(tiny(), "one")
    first = queue.submit(TrainingJob(run))
    first.set_state("stopped")
    second = queue.submit(TrainingJob(run))
    keys = {open_page(one_job, kwargs={"job": job}).button[0].key for job in (first, second)}
    assert len(keys) == 2

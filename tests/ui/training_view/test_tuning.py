"""New values of settings while a model trains: the training is told what a visitor chooses, no more and no less."""

import pytest

from core import runs
from core.jobs.training_job import TrainingJob
from tests.pages.page_tools import open_page
from tests.tiny_runs import tiny


@pytest.fixture
def job(monkeypatch):
    """A paused training, which takes up no change: it only notes what it is told."""
    job = TrainingJob(runs.create(tiny(beta=1.0)))
    job.told = []
    monkeypatch.setattr(job, "_command", lambda verb, values: job.told.append(values))
    return job


def script(job):
    from ui.training_view import controls

    controls._tuning(job)


def choose(page, job, **values):
    for field, value in values.items():
        page.number_input(key=f"tune_{field}_{job.id}").set_value(value)
    page.run()


def apply(page):
    next(button for button in page.button if button.label == "Apply").click().run()
    assert not page.exception


def test_each_weight_of_the_family_can_be_changed(monkeypatch):
    job = TrainingJob(runs.create(tiny("info-vae", beta=0.0, mmd_weight=20.0)))
    told = []
    monkeypatch.setattr(job, "_command", lambda verb, values: told.append(values))
    page = open_page(script, args=(job,))
    assert [box.label for box in page.number_input] == [
        "Learning rate, exactly",
        "β, weight of the KL, exactly",
        "λ, weight of the MMD², exactly",
    ]
    choose(page, job, mmd_weight=35.0)
    apply(page)
    assert told == [{"mmd_weight": 35.0}] and job.setting("mmd_weight") == 35.0
    choose(page, job, mmd_weight=-1.0)
    apply(page)
    assert told == [{"mmd_weight": 35.0}] and page.error[0].value.startswith("λ, weight of the MMD²")


def test_what_is_taken_back_before_the_next_batch_is_taken_back(job):
    page = open_page(script, args=(job,))
    for value in (4.0, 1.0):
        choose(page, job, beta=value)
        apply(page)
    apply(page)
    assert job.told == [{"beta": 4.0}, {"beta": 1.0}] and job.setting("beta") == 1.0


def test_a_change_made_in_another_window_is_shown_and_not_taken_back(job):
    pages = [open_page(script, args=(job,)) for _ in range(3)]
    first, second, third = pages
    choose(third, job, beta=7.0)
    choose(first, job, beta=4.0)
    apply(first)
    apply(second)  # drawn before the change
    for page in pages:
        page.run()
    assert [page.number_input(key=f"tune_beta_{job.id}").value for page in pages] == [4.0, 4.0, 7.0]
    choose(second, job, lr=0.0005)
    apply(second)
    assert job.told == [{"beta": 4.0}, {"lr": 0.0005}]
    apply(third)
    assert job.told[-1] == {"beta": 7.0}

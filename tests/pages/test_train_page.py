"""The Train page in each of its states, with the real worker and tiny runs on the digits."""

import os
import re
import signal

import pytest
from streamlit.testing.v1 import AppTest

from core import runs
from core.jobs import training_queue, waiting
from core.jobs.queue import JobQueue, use_queue
from core.jobs.speed_estimates import SpeedEstimates
from core.recipes import adaptation, duration, presets
from tests.pages.page_tools import button_of, keys_of, open_page, speeds, text_of

pytestmark = pytest.mark.slow

TINY = adaptation.for_digits(presets.preset("mlp-vae")).with_(
    hidden=(16,), latent_dim=2, train_images=64, validation=20, epochs=1
)
LONG = TINY.with_(epochs=10_000)


@pytest.fixture(scope="module", autouse=True)
def lab(tmp_path_factory):
    """A lab of its own: empty folders of runs and data, and a board whose worker was started with them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(tmp_path_factory.mktemp("runs")))
        patch.setenv("LATENT_LAB_DATA", str(tmp_path_factory.mktemp("data")))
        patch.setenv("LATENT_LAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        with use_queue(JobQueue()):
            yield


@pytest.fixture(autouse=True)
def tidy(lab):
    """Every test begins with no job and no run."""
    yield
    board = training_queue.training_queue()
    for job in board.jobs()[::-1]:
        if job.active:
            job.stop()
            assert job.wait(lambda j: not j.active, 60)
    board.queue.forget_ended()
    for run in runs.list_runs():
        run.delete()


@pytest.fixture
def board():
    return training_queue.training_queue()


def visit(**session) -> AppTest:
    return open_page("train", session)


def buttons(page) -> dict:
    return {button.label: button for button in page.button}


def train(board, recipe=TINY, name=None):
    job = board.submit(recipe, name)
    assert job.wait(lambda j: not j.active, 120)
    return job


def start(board, recipe=LONG, state="running"):
    job = board.submit(recipe)
    assert job.wait(lambda j: j.state == state, 120)
    return job


def test_a_fresh_lab_offers_the_form_and_one_primary_action():
    page = visit()
    assert not buttons(page)["Start training"].disabled
    assert [b.label for b in page.button if b.proto.type == "primary"] == ["Start training"]
    assert "Nothing has been trained here yet" in text_of(page) and "train_all_runs" not in keys_of(page, "button")


def test_the_fast_recipe_is_offered_first_and_both_times_are_there_once_the_worker_has_tried(board, monkeypatch):
    monkeypatch.setattr(waiting, "slowdown", lambda: 1.0)  # however busy this computer is
    page = visit()
    assert page.selectbox(key="recipe_name").value == "mlp-vae-fast"
    assert page.button_group(key="recipe_speed").value == "fast" and speeds(page)[0].startswith("Fast")
    both = [adaptation.for_digits(presets.preset(name)) for name in ("mlp-vae-fast", "mlp-vae")]
    assert all(test.wait(timeout=120) for test in board.speeds.tests())
    page.run()
    rates = [board.speeds.known(recipe) for recipe in both]
    wanted = [duration.rough_duration(duration.seconds(recipe, rate)) for recipe, rate in zip(both, rates, strict=True)]
    assert speeds(page) == [f"Fast · {wanted[0]}", f"Classic · {wanted[1]}"]
    page.button_group(key="recipe_speed").set_value("classic").run()
    buttons(page)["Start training"].click().run()
    assert not page.exception and board.jobs()[0].recipe == both[1]


def test_while_something_trains_the_form_names_what_is_known_and_tries_nothing(board):
    start(board)
    board.speeds = SpeedEstimates(board.queue)
    board.speeds.note(duration.speed_key(adaptation.for_digits(presets.preset("mlp-vae"))), 1_000.0)
    page = visit()
    assert speeds(page) == ["Fast", "Classic · about 3 min"] and not board.speeds.tests()


def test_a_link_to_an_unknown_recipe_is_met_with_a_message():
    page = open_page("train", recipe="no-such")
    assert "does not exist" in page.warning[0].value


def test_a_recipe_that_cannot_be_trained_disables_start_and_says_why():
    page = visit()
    page.text_input(key="recipe_hidden").set_value("lots").run()
    assert buttons(page)["Start training"].disabled and "Hidden layers" in page.error[0].value


@pytest.mark.parametrize("field, value", [("epochs", 0), ("epochs", -3), ("latent_dim", 100_000), ("beta", -1.0)])
def test_a_number_out_of_bounds_never_starts_with_the_number_before(board, field, value):
    page = visit()
    page.number_input(key=f"recipe_{field}").set_value(value)
    buttons(page)["Start training"].click().run()  # the browser sends both at once
    assert not board.jobs() and not runs.list_runs()
    assert buttons(page)["Start training"].disabled and "is not allowed. Allowed: from" in text_of(page)


def test_a_name_that_cannot_be_used_is_refused_in_a_sentence():
    page = visit()
    page.text_input(key="train_name").set_value("../up").run()
    buttons(page)["Start training"].click().run()
    assert not page.exception and "cannot be a run's name" in text_of(page)


def test_from_the_form_to_a_trained_run_and_what_to_do_next(board):
    page = visit()
    for key, value in {"epochs": 1, "train_images": 64, "latent_dim": 2}.items():
        page.number_input(key=f"recipe_{key}").set_value(value)
    page.text_input(key="recipe_hidden").set_value("16")
    page.text_input(key="train_name").set_value("mine").run()
    buttons(page)["Start training"].click().run()
    assert not page.exception
    job = board.job("mine")
    assert job.recipe.with_(hidden=(16,), latent_dim=2, epochs=1, train_images=64) == job.recipe
    assert job.wait(lambda j: not j.active, 120) and job.state == "finished"
    assert job.run.status["state"] == "finished", "what is on the disk is what the page says"
    page.run()
    assert "Finished." in page.success[0].value
    assert [b.label for b in page.button if b.proto.type == "primary"] == ["Generate images"]
    buttons(page)["Train another"].click().run()
    assert "Start training" in buttons(page) and "mine" in text_of(page)


def test_pause_step_resume_and_stop_from_the_page(board):
    job = start(board)
    page = visit()
    assert {"Pause", "Step", "Epoch", "Stop"} <= set(buttons(page))
    buttons(page)["Pause"].click().run()
    assert job.wait(lambda j: j.state == "paused", 30)
    page.run()
    assert "Paused" in page.get("progress")[0].proto.text
    buttons(page)["Step"].click().run()  # also brings the count of steps up to date
    assert job.wait(lambda j: j.state == "paused", 30)
    before = job.snapshot().step
    buttons(page)["Step"].click().run()
    assert job.wait(lambda j: j.state == "paused" and j.snapshot().step == before + 1, 30)
    page.run()
    assert f", step {before + 1:,} ·" in page.get("progress")[0].proto.text, "an epoch of many would hide it"
    buttons(page)["Epoch"].click().run()
    assert job.wait(lambda j: j.state == "paused" and j.snapshot().epoch == int(j.snapshot().epoch), 30)
    page.run()
    buttons(page)["Resume"].click().run()
    assert job.wait(lambda j: j.state == "running", 30)
    buttons(page)["Stop"].click().run()
    assert job.wait(lambda j: j.state == "stopped", 30)
    page.run()
    assert not page.exception and re.search("Stopped (in|after) epoch", page.info[0].value)
    buttons(page)["Resume"].click().run()
    again = board.job(job.name)
    assert again is not job and again.wait(lambda j: j.state == "running", 60)
    page.run()
    buttons(page)["Reset"].click().run()
    assert again.wait(lambda j: not j.active, 60) and again.state == "stopped"
    new = next(job for job in board.jobs() if job.active)
    assert new.name != job.name and new.recipe == job.recipe and new.wait(lambda j: j.state == "running", 60)
    new.stop()
    assert new.wait(lambda j: not j.active, 60)
    page.run()
    button_of(page, f"train_again_{new.name}").click().run()
    third = next(job for job in board.jobs() if job.active)
    assert third.recipe == job.recipe and third.name not in (job.name, new.name)


def test_learning_rate_and_beta_change_in_mid_run_and_leave_marks(board):
    job = start(board)
    page = visit()
    page.number_input(key=f"tune_lr_{job.id}").set_value(0.0005)
    page.select_slider(key=f"tune_beta_{job.id}_slider").set_value(4.0).run()
    assert page.number_input(key=f"tune_beta_{job.id}").value == 4.0
    assert not job.snapshot().changes, "nothing changes before Apply"
    buttons(page)["Apply"].click().run()
    assert job.wait(lambda j: len(j.snapshot().changes) == 2, 30)
    assert [(c["field"], c["new"]) for c in job.snapshot().changes] == [("lr", 0.0005), ("beta", 4.0)]


def test_a_second_job_waits_in_the_queue_that_every_visitor_sees(board):
    running = start(board)
    page = visit()
    page.text_input(key="train_name").set_value("second").run()
    buttons(page)["Add to the queue"].click().run()
    second = board.job("second")
    assert (second.state, second.position) == ("queued", 1)
    other = visit()
    assert "In the queue, place 1" in text_of(other) and "second" in text_of(other)
    assert running.name in other.markdown[0].value.replace("\\", ""), "the running job is the one that is shown"
    button_of(other, "cancel_second").click().run()
    assert second.state == "queued"
    assert "second is not yours: this training belongs to another visitor" in text_of(other).replace("**", "")
    other.button(key=f"cancel_second_{second.id}_leave").click().run()
    assert second.state == "queued" and "is not yours" not in text_of(other)
    button_of(other, "cancel_second").click().run()
    other.button(key=f"cancel_second_{second.id}_anyway").click().run()
    assert second.state == "cancelled" and running.state == "running"
    assert second.run.status["state"] == "cancelled" and second.run.resumable
    page.run()
    assert (
        f"Your run second was taken out of the queue by another visitor ({second.touched_by[:4].upper()})"
        in text_of(page).replace("**", "")
    )
    assert "was taken out" not in text_of(visit()), "only its owner is told"
    button_of(page, "train_put_back").click().run()
    assert board.job("second").state == "queued" and board.job("second").owner == second.owner


def test_a_diverged_run_says_so_and_goes_on_with_a_tenth_of_the_learning_rate(board):
    job = train(board, TINY.with_(optimizer="sgd", lr=10.0, epochs=3))
    assert job.state == "diverged"
    page = visit(train_followed=[job.name])
    assert "The best weights" in page.warning[0].value.replace("\\", "")
    buttons(page)["Continue from the last good epoch with learning rate 1"].click().run()
    again = board.job(job.name)
    assert again is not job and again.wait(lambda j: len(j.snapshot().changes) == 1, 60)
    assert again.snapshot().changes[0]["new"] == 1.0


def test_a_worker_that_dies_is_a_sentence_and_its_run_can_be_resumed(board):
    job = start(board)
    assert job.wait(lambda j: j.snapshot().epoch >= 1, 60)
    os.kill(board.queue.executor.processes()[0], signal.SIGTERM)
    assert job.wait(lambda j: not j.active, 60) and job.state == "failed"
    page = visit(train_followed=[job.name])
    assert "resume" in page.error[0].value
    buttons(page)["Resume"].click().run()
    assert board.job(job.name).wait(lambda j: j.state == "running", 120)


def test_every_end_that_was_not_closed_is_shown_and_a_crash_of_the_second_run_is_not_hidden_by_the_first(board):
    page = visit()
    page.number_input(key="recipe_epochs").set_value(LONG.epochs)
    page.text_input(key="train_name").set_value("first").run()
    buttons(page)["Start training"].click().run()
    page.text_input(key="train_name").set_value("second").run()
    buttons(page)["Add to the queue"].click().run()
    assert "second" in page.toast[0].value and page.text_input(key="train_name").value == ""
    first, second = board.job("first"), board.job("second")
    assert first.wait(lambda j: j.state == "running", 120)
    first.stop()
    assert second.wait(lambda j: j.state == "running", 120)
    page.run()
    assert "**first** · Stopped" in text_of(page) and not page.info, "a line below the one that trains"
    assert {"Pause", "Stop"} <= set(buttons(page))
    assert second.wait(lambda j: j.snapshot().epoch >= 1, 120)
    os.kill(board.queue.executor.processes()[0], signal.SIGKILL)
    assert second.wait(lambda j: not j.active, 60)
    page.run()
    assert "resume" in page.error[0].value and not button_of(page, "train_resume_second").disabled
    assert "**first** · Stopped" in text_of(page) and button_of(page, "train_open_first")
    button_of(page, "train_close_first").click().run()
    assert "first" not in text_of(page, "markdown") and page.error
    button_of(page, "train_resume_second").click().run()
    assert board.job("second").wait(lambda j: j.state == "running", 120)


def test_what_is_typed_while_a_run_trains_is_still_there_when_it_has_ended(board):
    job = start(board)
    page = visit()
    page.number_input(key="recipe_latent_dim").set_value(7)
    page.text_input(key="train_name").set_value("next").run()
    job.stop()
    assert job.wait(lambda j: not j.active, 60)
    page.run()
    assert page.number_input(key="recipe_latent_dim").value == 7 and page.text_input(key="train_name").value == "next"
    assert "Start training" in buttons(page) and "Stopped" in page.info[0].value


def test_a_new_beta_out_of_bounds_is_refused_and_one_within_stands_in_the_title(board):
    job = start(board)
    page = visit()
    page.number_input(key=f"tune_beta_{job.id}").set_value(-1.0).run()
    buttons(page)["Apply"].click().run()
    assert "is not allowed" in page.error[0].value and not job.snapshot().changes
    page.number_input(key=f"tune_beta_{job.id}").set_value(4.0).run()
    buttons(page)["Apply"].click().run()
    assert not page.error and job.wait(lambda j: len(j.snapshot().changes) == 1, 30)
    page.run()
    assert "β 1 → 4" in text_of(page)


def test_a_run_deleted_behind_the_page_leads_back_to_the_form(board):
    job = train(board)
    job.run.delete()
    page = visit(train_followed=[job.name])
    assert "Start training" in buttons(page)


def test_several_messages_of_ended_runs_close_at_once_but_for_the_newest(board):
    ended = [train(board, name=name).name for name in ("one", "two", "three")]
    page = visit(train_followed=ended)
    assert "**one** · Finished" in text_of(page) and "**two** · Finished" in text_of(page)
    button_of(page, "train_close_all_one two").click().run()
    assert not page.exception and page.session_state["train_followed"] == ["three"]
    assert "**one**" not in text_of(page) and "three" in text_of(page)
    assert not [key for key in keys_of(page, "button") if key.startswith("train_close_all")]

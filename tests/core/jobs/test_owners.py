"""Trainings and their owners: how many one may have, and what becomes of one that is taken out of the queue."""

from __future__ import annotations

import pytest

from core import runs
from core.jobs import training_queue
from core.jobs.queue import JobQueue
from core.jobs.training_queue import TrainingQueue
from core.runs import RunError
from tests.fake_executor import FakeExecutor
from tests.tiny_runs import tiny


@pytest.fixture
def board(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path))
    queue = JobQueue(FakeExecutor())
    yield TrainingQueue(queue=queue)
    queue.close()


def test_a_visitor_has_at_most_so_many_trainings_and_everybody_together_too(board, monkeypatch):
    monkeypatch.setattr(training_queue, "MOST_OF_ONE", 2)
    monkeypatch.setattr(training_queue, "MOST_OF_ALL", 4)
    first, second = (board.submit(tiny(), owner="mine") for _ in range(2))
    before = sorted(run.name for run in runs.list_runs())
    with pytest.raises(RunError, match="^You have 2 trainings that run or wait, the most one visitor may have. Wait "):
        board.submit(tiny(), owner="mine")
    assert sorted(run.name for run in runs.list_runs()) == before, "a refusal leaves no folder"
    board.submit(tiny(), owner="another")
    board.submit(tiny())
    with pytest.raises(RunError, match="^The queue is full: 4 trainings run or wait"):
        board.submit(tiny(), owner="a third")
    second.cancel()
    assert board.resume(second.name, owner="another").owner == "mine", "it stays its owner's"
    assert first.run.owner == "mine" and runs.open_run(first.name).owner == "mine"


def test_a_run_taken_out_of_the_queue_says_so_and_can_be_continued(board):
    board.submit(tiny())
    second = board.submit(tiny(), owner="mine")
    second.cancel()
    status = second.run.status
    assert (status["state"], status["owner"]) == ("cancelled", "mine") and second.run.resumable
    assert status["message"] == "Cancelled before it began. You can continue it."
    again = board.resume(second.name)
    assert again.state == "queued" and again.owner == "mine"


def test_what_waits_when_the_lab_is_closed_says_so_too(board):
    board.submit(tiny())
    second = board.submit(tiny())
    board.close()
    assert second.run.status["state"] == "cancelled"
    assert second.run.status["message"] == "The lab was closed before it began. You can continue it."


def test_a_run_that_has_been_trained_keeps_its_state_when_its_continuation_is_taken_out(board):
    run = runs.create(tiny(), "old")
    run.update_status(state="stopped", epoch=1.0)
    board.submit(tiny())
    board.resume("old").cancel()
    assert run.status["state"] == "stopped"

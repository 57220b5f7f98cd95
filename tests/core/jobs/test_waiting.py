"""Waiting times: what comes before a training, and how long it takes on a machine that is as busy as this one."""

from __future__ import annotations

import os

import pytest

from core.jobs import waiting
from core.jobs.queue import JobQueue
from core.jobs.training_queue import TrainingQueue
from core.training.events import Report
from tests.fake_executor import FakeExecutor
from tests.tiny_runs import tiny


@pytest.fixture
def executor():
    return FakeExecutor()


@pytest.fixture
def board(monkeypatch, tmp_path, executor):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path))
    queue = JobQueue(executor)
    yield TrainingQueue(queue=queue)
    queue.close()


def report(epoch: float, seconds: float, rate: float) -> Report:
    return Report(rows=[], now=None, step=int(100 * epoch), epoch=epoch, seconds=seconds, images_per_second=rate)


def test_the_wait_is_what_runs_still_needs_and_the_whole_of_what_waits(board, executor):
    recipe = tiny(epochs=10)  # 64 images an epoch and 20 of validation at three quarters: 79
    running, second, third = (board.submit(recipe) for _ in range(3))
    queue = board.queue
    assert waiting.wait(queue, third) == waiting.Wait(2, None), "nothing is measured yet"
    work = executor.started(running)
    work.send(report(1.0, 2.0, 50.0), report(3.0, 6.0, 50.0))
    assert running.wait(lambda job: job.snapshot().epoch == 3.0, 60)

    left = (10 - 3) * 2.0  # two seconds an epoch
    assert waiting.wait(queue, running) == waiting.Wait(0, 0.0)
    assert waiting.wait(queue, second) == waiting.Wait(1, pytest.approx(left))
    whole = 10 * (64 + 20 * 3 / 4) / 50.0
    assert waiting.wait(queue, third) == waiting.Wait(2, pytest.approx(left + whole))
    assert waiting.wait_of_new(queue) == waiting.Wait(3, pytest.approx(left + 2 * whole))
    assert waiting.wait_of_new(queue, "cuda") == waiting.Wait(0, 0)


def test_a_network_that_was_not_measured_leaves_the_time_open(board, executor):
    running, other = board.submit(tiny(epochs=10)), board.submit(tiny(epochs=10, hidden=(32,)))
    third = board.submit(tiny())
    executor.started(running).send(report(1.0, 2.0, 50.0), report(3.0, 6.0, 50.0))
    assert running.wait(lambda job: job.snapshot().epoch == 3.0, 60)
    assert waiting.wait(board.queue, other).seconds == pytest.approx(14.0)
    assert waiting.wait(board.queue, third) == waiting.Wait(2, None)


@pytest.mark.parametrize(
    ("load", "cores", "slower"), [(0.0, 2, 1.0), (1.0, 2, 1.0), (3.0, 2, 2.0), (7.0, 2, 4.0), (7.0, 16, 1.0)]
)
def test_a_busy_machine_is_slower_by_the_share_that_a_new_process_gets(monkeypatch, load, cores, slower):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0), raising=False)
    monkeypatch.setattr(waiting, "cores", lambda: cores)
    assert waiting.slowdown() == slower


def test_a_system_without_that_figure_counts_as_idle(monkeypatch):
    monkeypatch.delattr(os, "getloadavg", raising=False)
    assert waiting.slowdown() == 1.0

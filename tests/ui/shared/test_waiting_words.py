"""What a page says about waiting."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from core.jobs.speed_estimates import SpeedEstimates
from core.jobs.waiting import Wait
from core.recipes import duration
from core.recipes.adaptation import first_model
from ui.shared import jobs


@pytest.mark.parametrize(
    ("slower", "found", "said"),
    [
        (1.0, Wait(0, 0.0), "about 15 s"),
        (4.0, Wait(0, 0.0), "about 1 min (this computer is busy)"),
        (1.0, Wait(1, 30.0), "about 45 s (1 other training comes first)"),
        (3.0, Wait(19, 855.0), "about 15 min (19 other trainings come first, and this computer is busy)"),
        (1.0, Wait(2, None), "about 15 s once 2 other trainings have ended"),
    ],
)
def test_homes_first_model_names_what_comes_before_it_and_how_busy_the_computer_is(monkeypatch, slower, found, said):
    monkeypatch.setattr(jobs.waiting, "slowdown", lambda: slower)
    monkeypatch.setattr(jobs.waiting, "wait_of_new", lambda queue: found)
    monkeypatch.setattr(jobs.waiting, "expected", lambda recipe, queue: None)
    monkeypatch.setattr(
        jobs.training_queue, "training_queue", lambda device: SimpleNamespace(speeds=SpeedEstimates(None))
    )
    assert jobs.first_model_takes() == said


@pytest.mark.parametrize(
    ("measured", "rate", "said"),
    [
        (42.0, None, "about 40 s"),  # the newest training of this network, as busy as then
        (None, 1_056.0, "about 2 min"),  # 80 epochs of 1,320 + ¾ · 180 images: 110 s
        (None, 1e6, "about 15 s"),  # a speed test leaves out pictures and saving
    ],
)
def test_homes_first_model_takes_as_long_as_measured_on_this_computer(monkeypatch, measured, rate, said):
    speeds = SpeedEstimates(None)
    speeds.note(duration.speed_key(first_model()), rate)
    monkeypatch.setattr(jobs.waiting, "slowdown", lambda: 1.0)
    monkeypatch.setattr(jobs.waiting, "wait_of_new", lambda queue: Wait(0, 0.0))
    monkeypatch.setattr(jobs.waiting, "expected", lambda recipe, queue: measured)
    monkeypatch.setattr(jobs.training_queue, "training_queue", lambda device: SimpleNamespace(speeds=speeds))
    assert jobs.first_model_takes() == said


@pytest.mark.parametrize(
    ("found", "said"), [(Wait(2, 100.0), "2 jobs before yours, about 2 min"), (Wait(2, None), "2 jobs before yours")]
)
def test_the_queue_names_a_time_only_where_it_is_known(monkeypatch, found, said):
    monkeypatch.setattr(jobs.waiting, "wait", lambda queue, job: found)
    job = type("Job", (), {"position": 2})()
    assert jobs.waits(job, "yours") == said

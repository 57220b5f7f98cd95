"""How long trainings take, in words: a sum of what is known, and nothing where something is not."""

import pytest

from core.jobs import training_queue, waiting
from core.recipes import duration
from core.recipes.adaptation import for_digits
from core.recipes.presets import preset
from ui.shared import jobs

FAST, SLOW = for_digits(preset("mlp-vae-fast")), for_digits(preset("conv-vae"))


class Speeds:
    def __init__(self, known):
        self.found, self.requested = known, []

    def known(self, recipe):
        return self.found.get(recipe.name)

    def request(self, recipes):
        self.requested += [recipe.name for recipe in recipes]


@pytest.fixture
def speeds(monkeypatch):
    one = Speeds({FAST.name: 20_000.0})
    monkeypatch.setattr(training_queue, "training_queue", lambda device="auto": type("Board", (), {"speeds": one}))
    monkeypatch.setattr(waiting, "expected", lambda recipe, queue: None)
    monkeypatch.setattr(waiting, "wait_of_new", lambda queue: waiting.Wait(0, 0.0))
    return one


def test_the_times_of_all_are_added(speeds):
    twice = 2 * duration.seconds(FAST, 20_000.0)
    assert jobs.takes([FAST, FAST]) == duration.rough_duration(twice)


def test_where_one_speed_is_not_known_nothing_is_said_and_it_is_measured_if_asked_for(speeds):
    assert jobs.takes([FAST, SLOW]) == "" and not speeds.requested
    assert jobs.takes([FAST, SLOW], measure=True) == "" and speeds.requested == [SLOW.name]


def test_what_waits_before_is_added_and_named(speeds, monkeypatch):
    monkeypatch.setattr(waiting, "wait_of_new", lambda queue: waiting.Wait(2, 600.0))
    whole = 600 + duration.seconds(FAST, 20_000.0)
    assert jobs.takes([FAST]) == f"{duration.rough_duration(whole)} (2 other trainings come first)"

"""What Compare says while it measures: which run, which part of the work, how many of how many, and the time left."""

from types import SimpleNamespace

import pytest

from core.evaluation.augmentation import GENERATING, SEEDS
from ui.compare import augmentation, table


def job(state="running", progress=0.0, phase="", left=None, name="vae"):
    run = SimpleNamespace(name=name)
    return SimpleNamespace(state=state, progress=progress, phase=phase, seconds_left=left, run=run)


def test_the_table_names_the_run_that_is_measured_and_the_part():
    waiting, running = SimpleNamespace(job=job("queued")), SimpleNamespace(job=job(phase="The samples", left=40.0))
    assert table._now([running, waiting]) == ["Now vae, the samples, 40 s left."]
    assert table._now([waiting]) == ["Waiting for its turn."]


@pytest.mark.parametrize(
    ("pair", "words"),
    [(0, f"1 of {2 * SEEDS} times: 10 real"), (SEEDS, f"{SEEDS + 1} of {2 * SEEDS} times: 100 real")],
)
def test_the_curve_says_how_many_classifiers_of_how_many(pair, words):
    share = GENERATING + (1 - GENERATING) * pair / (2 * SEEDS)
    assert words in augmentation.doing(job(progress=share), (10, 100))
    assert "100 real" in augmentation.doing(job(progress=1.0), (10, 100))
    assert augmentation.doing(job(), (10, 100)) == "Generating images …"
    assert augmentation.doing(job("queued"), (10, 100)) == "Waiting for its turn."

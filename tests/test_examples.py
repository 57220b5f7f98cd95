"""The examples that travel with every clone: complete, small, and as good as their own record says."""

import pytest

from core import data, metrics, paths, runs, weights
from core.presets import CLASSIC, PRESETS, for_digits

EXAMPLES = paths.ROOT / "models_ckpt"


@pytest.mark.parametrize("name", CLASSIC)
def test_each_recipe_has_an_example_that_loads_and_scores_what_its_record_says(name):
    run = runs.Run(EXAMPLES / f"example-{name}")
    assert run.error is None and run.status["state"] == "finished"
    assert run.recipe == for_digits(PRESETS[name]), "recipe changed: run models_ckpt/make_examples.py"
    found = metrics.evaluate(weights.load_model(run), data.load("digits").test_images)
    assert found["total"] == pytest.approx(run.evaluation()["total"], rel=1e-4)
    assert run.frames()[0] == 0 and run.frames()[-1] == run.epochs
    assert len(run.history()["step"]) > 100


def test_the_examples_take_no_more_than_eight_megabytes_together():
    files = [f for example in EXAMPLES.glob("example-*") for f in example.rglob("*") if f.is_file()]
    assert 0 < sum(f.stat().st_size for f in files) <= 8_000_000

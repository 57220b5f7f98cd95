"""The examples that travel with every clone: complete, small, and as good as their own record says."""

import pytest

from core import data, runs
from core.evaluation import metrics, sample_quality
from core.recipes.presets import CLASSIC, PRESETS, for_digits
from core.runs import weights
from core.system import paths
from core.system.progress import Steps

EXAMPLES = paths.ROOT / "models_ckpt"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CLASSIC if PRESETS[name].model != "gan"])
def test_each_recipe_has_an_example_that_loads_and_scores_what_its_record_says(name):
    run = runs.Run(EXAMPLES / f"example-{name}")
    assert run.error is None and run.status["state"] == "finished"
    assert run.recipe == for_digits(PRESETS[name]), "recipe changed: run models_ckpt/make_examples.py"
    found = metrics.evaluate(weights.load_model(run), data.load("digits").test_images)
    assert found["total"] == pytest.approx(run.evaluation()["total"], rel=1e-4)
    assert run.frames()[0] == 0 and run.frames()[-1] == run.epochs
    assert len(run.history()["step"]) > 100


@pytest.mark.slow
def test_the_gan_among_them_carries_what_it_came_from_and_scores_what_its_record_says():
    run = runs.Run(EXAMPLES / "example-decoder-gan")
    recipe = run.recipe
    assert run.error is None and run.status["state"] == "finished" and recipe.source == "example-mlp-vae"
    source = runs.Run(EXAMPLES / recipe.source).recipe
    assert (recipe.hidden, recipe.latent_dim, recipe.source_model) == (source.hidden, source.latent_dim, "vae")
    own = {name: getattr(for_digits(PRESETS["decoder-gan"]), name) for name in ("lr", "d_lr", "r1", "ema", "epochs")}
    assert {name: getattr(recipe, name) for name in own} == own, "recipe changed: run models_ckpt/make_examples.py"
    found = Steps(sample_quality.evaluation_steps(weights.load_model(run), data.load("digits"))).end()
    assert found["frechet"] == pytest.approx(run.evaluation()["frechet"], rel=0.05)
    assert found["frechet"] < found["before"]["frechet"] and found["modes"] == 10


def test_the_examples_take_no_more_than_eight_megabytes_together():
    files = [f for example in EXAMPLES.glob("example-*") for f in example.rglob("*") if f.is_file()]
    assert 0 < sum(f.stat().st_size for f in files) <= 8_000_000

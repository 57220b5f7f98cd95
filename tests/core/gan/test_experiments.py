"""The experiments: arms that differ in what the title names, runs that are found again, and figures that decide."""

import dataclasses

import numpy as np
import pytest

from core import runs
from core.gan import experiments as lab
from core.gan.experiments import EXPERIMENTS, GanMeasures
from core.runs import history
from tests.tiny_runs import tiny, trained


@pytest.fixture
def source():
    return trained(tiny(latent_dim=3, epochs=1), "a-vae")


def by_key(key: str) -> lab.Experiment:
    return next(e for e in EXPERIMENTS if e.key == key)


def ended(arm: lab.Arm, source: runs.Run, seed: int = 0, state: str = "finished") -> runs.Run:
    run = runs.create(lab.recipe_for(arm, source, seed))
    run.update_status(flush=True, state=state)
    return run


def at(frechet: float = 50.0, modes: float = 10.0, d_real: float = 0.5, d_fake: float = 0.5) -> GanMeasures:
    return GanMeasures(frechet, modes, 1.0, 1.0, d_real, d_fake, 10)


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda e: e.key)
def test_both_arms_are_recipes_from_the_same_source_and_differ(experiment, source):
    one, other = (lab.recipe_for(arm, source) for arm in experiment.arms)
    assert one != other and one.name != other.name
    for recipe in (one, other):
        assert (recipe.model, recipe.source, recipe.latent_dim, recipe.dataset) == ("gan", "a-vae", 3, "digits")
        assert runs.create(recipe).recipe == recipe, "a run says what was asked for"


@pytest.mark.parametrize(
    "key, fields",
    [("collapse", {"g_steps"}), ("scratch", {"generator"}), ("frozen-d", {"freeze"}), ("frozen-g", {"freeze"})],
)
def test_where_one_thing_is_claimed_to_differ_it_is_the_only_one(key, fields, source):
    one, other = (lab.recipe_for(arm, source).to_dict() for arm in by_key(key).arms)
    assert {name for name in one if one[name] != other[name]} == fields | {"name"}


def test_a_strong_discriminator_meets_a_generator_that_takes_as_many_steps(source):
    """A step is one of G: images of a round over images of a step, rounded up."""
    strong, equal = (lab.recipe_for(arm, source) for arm in by_key("strong").arms)
    images = 1_500 - strong.validation
    steps = [r.epochs * -(-images // (r.batch_size * r.d_steps)) for r in (strong, equal)]
    assert abs(steps[0] / steps[1] - 1) < 0.05 and strong.lr == equal.lr


def test_an_arm_that_two_experiments_share_is_trained_once(source):
    shared = by_key("frozen-d").arms[1]
    assert shared == by_key("frozen-g").arms[1]
    assert [r.name for r in lab.missing_recipes(by_key("frozen-d"), source, 0)] == ["try-frozen-d", "try-balanced"]
    ended(shared, source)
    assert [r.name for r in lab.missing_recipes(by_key("frozen-g"), source, 0)] == ["try-frozen-g"]
    assert len(lab.missing_recipes(by_key("frozen-g"), source, 1)) == 2, "another seed is another training"


def test_runs_that_failed_or_were_stopped_are_trained_anew(source):
    arm = by_key("collapse").arms[0]
    for state in ("failed", "stopped", "diverged"):
        ended(arm, source, state=state)
    assert "try-collapse" in [r.name for r in lab.missing_recipes(by_key("collapse"), source, 0)]
    assert len(lab.runs_of(arm, source)) == 3 and lab.finished_pairs(by_key("collapse"), source) == []


def test_pairs_share_a_seed_and_the_newest_comes_first(source):
    first, second = by_key("collapse").arms
    for seed in (0, 1, 2):
        ended(first, source, seed)
    for seed in (1, 2):
        ended(second, source, seed)
    found = lab.finished_pairs(by_key("collapse"), source)
    assert [(a.recipe.seed, b.recipe.seed) for a, b in found] == [(2, 2), (1, 1)]


def test_a_run_with_other_settings_or_another_source_is_not_taken_for_an_arm(source):
    arm = by_key("collapse").arms[0]
    runs.create(lab.recipe_for(arm, source).with_(lr=0.123))
    other = trained(tiny(latent_dim=3, epochs=1), "another-vae")
    ended(arm, other)
    assert lab.runs_of(arm, source) == [] and len(lab.runs_of(arm, other)) == 1


@pytest.mark.parametrize(
    "key, start, end, other, wanted",
    [
        ("strong", at(100), at(40), at(50), 0),
        ("strong", at(100), at(50), at(50), 1),
        ("strong", at(100), at(90), at(50), 2),
        ("collapse", at(), at(modes=10), at(), 0),
        ("collapse", at(), at(modes=5), at(), 1),
        ("collapse", at(), at(modes=3), at(), 2),
        ("collapse", at(), at(modes=9), at(), 1),
        ("collapse", at(), at(modes=1), at(), 2),
        ("collapse", at(), at(modes=0), at(), 2),
        ("collapse", at(), dataclasses.replace(at(modes=0), classes=0), at(), 2),
        ("scratch", at(), at(30), at(60), 0),
        ("scratch", at(), at(60), at(60), 1),
        ("scratch", at(), at(90), at(60), 2),
        ("frozen-d", at(100), at(50), at(), 0),
        ("frozen-d", at(100), at(110), at(), 1),
        ("frozen-d", at(100), at(900), at(), 2),
        ("frozen-g", at(), at(d_real=0.6, d_fake=0.4), at(), 0),
        ("frozen-g", at(), at(d_real=0.7, d_fake=0.6), at(), 1),
        ("frozen-g", at(), at(d_real=0.9, d_fake=0.8), at(), 2),
    ],
)
def test_the_figures_decide_which_choice_came_true(key, start, end, other, wanted):
    assert by_key(key).verdict(start, end, other) == wanted


def test_figures_are_the_first_and_last_measures_and_mean_accuracies_at_the_ends():
    table = {c: np.full(40, np.nan) for c in history.columns("gan")}
    for name, first, last in (("frechet", 130, 60), ("modes", 10, 4), ("sharpness", 0.7, 1.1), ("diversity", 0.6, 0.9)):
        table[f"val_{name}"][[0, 20, 39]] = first, -1, last
    table["d_real"][:], table["d_fake"][:] = np.linspace(0, 1, 40), 0.25
    start, end = lab.measures_from_history(table, 10, end=False), lab.measures_from_history(table, 10)
    assert dataclasses.astuple(start)[:4] == (130, 10, 0.7, 0.6) and dataclasses.astuple(end)[:4] == (60, 4, 1.1, 0.9)
    assert start.d_real == pytest.approx(np.linspace(0, 1, 40)[:4].mean()) and end.d_real == 1 - start.d_real
    assert end.accuracy == pytest.approx((end.d_real + 0.25) / 2)
    empty = lab.measures_from_history({c: np.zeros(0) for c in history.columns("gan")}, 10)
    assert np.isnan(empty.frechet) and np.isnan(empty.accuracy)


def test_the_usual_source_is_a_small_vae_on_the_digits(source):
    conv = trained(tiny("conv-vae", latent_dim=4, epochs=1), "conv")
    plane = trained(tiny("plane-vae", epochs=1), "plane")
    ae = trained(tiny("deep-ae", latent_dim=8, epochs=1), "ae")
    assert lab.default_source([conv, plane, ae, source]).name == "a-vae"
    assert lab.default_source([ae, plane]).name == "plane" and lab.default_source([]) is None

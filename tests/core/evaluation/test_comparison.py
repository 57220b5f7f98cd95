"""The table that compares runs: its records, sorting, seeds, and what is marked as best, against hand computations."""

import math
from dataclasses import replace

import numpy as np
import pytest

from core.evaluation import comparison
from core.evaluation.comparison import NONE, Entry, Row
from core.evaluation.comparison_measures import BY_KEY, FROM_EVALUATION, MEASURES, Value
from core.recipes.family import FAMILIES
from core.recipes.presets import PRESETS, preset

MSE, ELBO, MODES, PROBE = (BY_KEY[key] for key in ("mse", "negative_elbo", "modes", "probe"))


def entry(name: str, recipe: str = "mlp-vae", seed: int = 0, **values: float | Value) -> Entry:
    made = {key: value if isinstance(value, Value) else Value(value) for key, value in values.items()}
    return Entry(name, preset(recipe).with_(seed=seed), made)


def names(table: list[Row]) -> list[str]:
    return [row.name for row in table]


def test_every_record_is_complete():
    assert len({measure.key for measure in MEASURES}) == len({measure.name for measure in MEASURES}) == len(MEASURES)
    for measure in MEASURES:
        assert measure.name and measure.better in ("lower", "higher", ""), measure.key
        assert measure.about.endswith(".") and measure.noise.endswith("."), measure.key
        assert ". " not in measure.about.replace("et al. ", ""), f"{measure.key}: one sentence"
    assert set(FROM_EVALUATION) < set(BY_KEY)


@pytest.mark.parametrize("name", PRESETS)
def test_what_does_not_apply_says_why_in_a_sentence(name):
    recipe = preset(name)
    for measure in MEASURES:
        reason = measure.absent(recipe)
        assert not reason or (reason[0].isupper() and reason.endswith(".")), measure.key
    assert bool(ELBO.absent(recipe)) == (not recipe.family.variational)
    assert recipe.likelihood == "logistic" or BY_KEY["bits_per_dim"].absent(recipe)
    assert FAMILIES[recipe.model] is recipe.family


def test_numbers_have_three_digits_and_their_spread_as_many_decimals():
    assert MSE.text(0.01332) == "0.0133" and MSE.spread_text(0.00012, 0.0133) == "0.0001"
    assert MSE.text(1234.5) == "1,234" and MSE.text(0.0) == "0.00"
    assert ELBO.text(100.515) == "100.5" and ELBO.spread_text(0.34, 100.5) == "0.3"
    assert PROBE.text(0.9163) == "91.6" and PROBE.spread_text(0.0088, 0.9163) == "0.9"
    assert MODES.text(10.0) == "10" and MODES.text(9.667) == "9.7" and MODES.spread_text(0.577, 9.667) == "0.6"
    assert MSE.spread_text(0.000015, 0.0254) == "0.00001" or MSE.spread_text(0.000015, 0.0254) == "0.00002"


def test_rows_are_sorted_both_ways_and_those_without_a_value_come_last():
    table = comparison.rows([entry("c", mse=3.0), entry("none"), entry("a", mse=1.0), entry("b", mse=2.0)])
    assert names(comparison.sort(table, "mse")) == ["a", "b", "c", "none"]
    assert names(comparison.sort(table, "mse", descending=True)) == ["c", "b", "a", "none"]
    assert names(comparison.sort(table, "name")) == ["a", "b", "c", "none"]
    assert names(comparison.sort(table, "name", descending=True)) == ["none", "c", "b", "a"]
    equal = comparison.rows([entry("x", mse=1.0), entry("y", mse=1.0)])
    assert names(comparison.sort(equal, "mse", descending=True)) == ["x", "y"], "equal rows stay"


def test_runs_that_differ_in_the_seed_alone_share_a_row():
    entries = [entry("a", seed=0, mse=0.010), entry("b", seed=1, mse=0.012), entry("c", seed=2, mse=0.017)]
    entries.append(entry("other", "conv-vae", mse=0.02))
    assert comparison.has_seeds(entries) and not comparison.has_seeds(entries[2:])
    table = comparison.rows(entries, by_seed=True)
    assert names(table) == ["a and 2 more seeds", "other"]
    cell = table[0].cell(MSE)
    assert (cell.value, cell.spread, cell.n) == pytest.approx((0.013, np.std([0.010, 0.012, 0.017], ddof=1), 3))
    assert len(comparison.rows(entries)) == 4


def test_a_cell_without_a_value_says_why_or_waits():
    waiting = Entry("w", preset("mlp-vae"), {}, pending=True)
    assert Row((waiting,)).cell(MSE).text(MSE) == "…"
    assert Row((waiting,)).cell(BY_KEY["bits_per_dim"]).text(MSE) == NONE, "it will never apply"
    given = Entry("g", preset("mlp-vae"), {}, {"mse": "The set has no test images."})
    cell = Row((given,)).cell(MSE)
    assert cell.text(MSE) == NONE and cell.reason == "The set has no test images."


def test_the_best_is_marked_only_beyond_twice_the_error_of_the_difference():
    a, b = entry("a", mse=Value(0.010, 0.001, 100)), entry("b", mse=Value(0.014, 0.001, 100))
    table = comparison.rows([a, b])
    assert comparison.error_of_difference(*table, MSE) == pytest.approx(math.sqrt(2) * 0.001)
    assert comparison.best(table, MSE) is table[0], "4 against 2 · 1.41 thousandths"
    near = comparison.rows([a, entry("near", mse=Value(0.012, 0.001, 100))])
    assert comparison.best(near, MSE) is None
    assert comparison.best(comparison.rows([a]), MSE) is None, "one row has no rival"
    assert comparison.best(comparison.rows([a, entry("exact", mse=0.5)]), MSE) is None, "its noise is not known"
    more = comparison.rows([entry("p", probe=Value(0.9, 0.001, 9)), entry("q", probe=Value(0.8, 0.001, 9))])
    assert comparison.best(more, PROBE) is more[0], "higher is better"


def test_nothing_is_the_best_of_a_column_before_all_of_it_is_measured():
    a, b = entry("a", mse=Value(0.010, 0.001, 100)), entry("b", mse=Value(0.014, 0.001, 100))
    for state in ({"pending": True}, {"complete": False}):  # being measured, or stopped
        late = Entry("late", preset("mlp-vae"), {}, **state)
        assert comparison.best(comparison.rows([a, b, late]), MSE) is None
        table = comparison.rows([a, b, replace(late, values={"mse": Value(0.02, 0.001, 100)})])
        assert comparison.best(table, MSE) is table[0], "of this measure there is a value"
        table = comparison.rows([a, b, replace(late, reasons={"mse": "There are no test images."})])
        assert comparison.best(table, MSE) is table[0], "of this measure there will be none"


@pytest.mark.parametrize("key", ["negative_elbo", "bound"])
def test_a_model_that_is_told_the_class_is_not_ranked_by_its_elbo_with_others(key):
    measure = BY_KEY[key]
    told = [entry(name, "cvae", **{key: Value(value, 0.1, 100)}) for name, value in (("told", 90.0), ("told-2", 95.0))]
    plain = [entry(name, **{key: Value(value, 0.1, 100)}) for name, value in (("vae", 100.0), ("vae-2", 105.0))]
    table = comparison.rows([*told, *plain])
    assert comparison.best(table, measure) is table[2], "the lowest of −log p(x), not of −log p(x | y)"
    assert "log p(x | y)" in comparison.unranked(table[0], table, measure)
    assert not comparison.unranked(table[2], table, measure) and not comparison.unranked(table[0], table, MSE)
    among = comparison.rows(told)
    assert comparison.best(among, measure) is among[0], "among themselves they are ranked"


def test_errors_of_the_same_images_cancel():
    """Two runs whose errors rise and fall with the images: their difference is much surer than either."""
    rng = np.random.default_rng(0)
    hard, own = rng.gamma(2.0, 0.01, 200), rng.normal(0, 1e-5, 200)
    one, two = hard, hard + 0.0005 + own

    def of(name: str, each: np.ndarray, images: str = "same", n: int = 200) -> Entry:
        value = Value(float(each.mean()), float(each.std(ddof=1) / math.sqrt(len(each))), n)
        return Entry(name, preset("mlp-vae"), {"mse": value}, each={"mse": each}, images=images)

    table = comparison.rows([of("a", one), of("b", two)])
    error = comparison.error_of_difference(*table, MSE)
    assert error == pytest.approx(own.std(ddof=1) / math.sqrt(200)) and comparison.best(table, MSE) is table[0]
    for other in (of("b", two, images="others"), of("b", two, n=10_000)):
        apart = comparison.rows([of("a", one), other])
        assert comparison.error_of_difference(*apart, MSE) > 10 * error and comparison.best(apart, MSE) is None


def test_several_seeds_bring_the_noise_of_the_seed():
    seeds = [entry(name, seed=k, mse=value) for k, (name, value) in enumerate([("a", 1.0), ("b", 1.2), ("c", 1.1)])]
    far, near = entry("far", "conv-vae", mse=Value(2.0, 1e-9)), entry("near", "conv-vae", mse=Value(1.25, 1e-9))
    table = comparison.rows([*seeds, far], by_seed=True)
    assert comparison.error_of_difference(*table, MSE) == pytest.approx(math.hypot(0.1 / math.sqrt(3), 0.1))
    assert comparison.best(table, MSE) is table[0]
    assert comparison.best(comparison.rows([*seeds, near], by_seed=True), MSE) is None, "within the spread of seeds"


def test_different_likelihoods_are_not_on_one_scale():
    values = {"negative_elbo": Value(100.0, 0.1), "mse": Value(0.01, 1e-5)}
    binary = Entry("a", preset("mlp-vae"), values)
    levels = Entry(
        "b", preset("conv-vae-32"), {key: Value(2 * value.value, value.error) for key, value in values.items()}
    )
    assert binary.recipe.likelihood != levels.recipe.likelihood
    table = comparison.rows([binary, levels])
    assert comparison.best(table, ELBO) is None and comparison.best(table, MSE) is table[0]

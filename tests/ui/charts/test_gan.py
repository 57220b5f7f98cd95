"""What is drawn of a GAN's training, and what is said of it."""

import json

import numpy as np
import pytest

from core.models.adversarial_losses import LOSSES
from core.recipes.recipe import Recipe
from core.runs.history import columns
from ui.charts import gan
from ui.shared.source_code import source_of
from ui.training_view import controls, gan_explain, gan_losses, gan_view

SHARES = np.array([0.3, 0.25, 0.2, 0.15, 0.05, 0.05, 0.0, 0.0, 0.0, 0.0])
GAN = Recipe(model="gan", source_model="vae")


def history(n: int = 400, rounds: int = 10) -> dict[str, np.ndarray]:
    """A made-up game: rows within rounds, and the yardstick's figures at the end of each."""
    t = np.arange(1, n + 1)
    points = {column: np.full(n, np.nan) for column in columns("gan")}
    ends = t % (n // rounds) == 0
    points |= {
        "step": t,
        "epoch": t * rounds / n,
        "seconds": t * 0.01,
        "lr": np.full(n, 2e-4),
        "d_lr": np.full(n, 3e-4),
        "d_loss": 1.39 - 0.2 * t / n,
        "g_loss": 0.7 + 0.2 * t / n,
        "d_real": np.full(n, 0.7),
        "d_fake": np.full(n, 0.6),
    }
    for name, values in (
        ("frechet", 40 - 20 * t / n),
        ("sharpness", 0.6 + 0.5 * t / n),
        ("modes", np.full(n, 10.0)),
        ("diversity", np.full(n, 0.9)),
    ):
        points[f"val_{name}"] = np.where(ends, values, np.nan)
    return points


def names(panel) -> set[str]:
    return {curve["name"] for curve in panel["curves"]}


def test_losses_stand_above_ds_accuracy_on_both_kinds_with_one_half_marked():
    losses, accuracy = gan.game_chart(history())["panels"]
    assert names(losses) == {"D's loss", "G's loss"} and names(accuracy) == {"D on real", "D on generated"}
    assert accuracy["level"]["at"] == 0.5 and accuracy["range"][0] < 0 < 1 < accuracy["range"][1]
    for panel in (losses, accuracy):
        styles = [(c["colour"], json.dumps(c["dash"])) for c in panel["curves"]]
        assert len({colour for colour, _ in styles}) == len({dash for _, dash in styles}) == 2


def test_an_accuracy_is_never_drawn_on_a_logarithm_and_smoothing_leaves_the_raw_curve_behind():
    losses, accuracy = gan.game_chart(history(), log=True, smoothing=0.9)["panels"]
    assert (losses["log"], accuracy["log"]) == (True, False)
    assert [bool(c["label"]) for c in losses["curves"]] == [False, True, False, True]


def test_the_measures_have_a_panel_each_and_what_real_images_have_is_marked_where_there_is_such_a_value():
    chart = gan.measure_chart(history(), 10)
    frechet, sharpness, modes = chart["panels"]
    assert "Fréchet distance in the classifier's features" in names(frechet) and "level" not in frechet
    assert sharpness["level"]["at"] == 1.0 and modes["level"]["at"] == 10
    assert sharpness["range"][0] <= 0.6 and sharpness["range"][1] >= 1.1
    assert sum(panel["share"] for panel in chart["panels"]) == pytest.approx(1)
    assert len(frechet["curves"][0]["x"]) == 10


def test_without_classes_there_are_no_modes():
    chart = gan.measure_chart(history(), 0)
    assert len(chart["panels"]) == 2 and sum(panel["share"] for panel in chart["panels"]) == pytest.approx(1)


def test_a_learning_rate_changed_in_mid_run_is_marked_on_both_charts():
    change = [{"step": 200, "epoch": 5.0, "field": "lr", "old": 2e-4, "new": 1e-4}]
    for chart in (gan.game_chart(history(), changes=change), gan.measure_chart(history(), 10, changes=change)):
        assert chart["marks"] == [{"x": 5.0, "text": "lr → 0.0001"}]


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_game_that_has_hardly_begun_can_be_drawn(rows):
    points = {column: values[:rows] for column, values in history().items()}
    game = gan.game_chart(points, x="seconds", log=True, smoothing=0.5)
    measures = gan.measure_chart(points, 10, x="step", log=True)
    overlays = {column: gan.overlay_chart({"a": points, "b": points}, column) for column in gan.COLUMNS}
    assert json.loads(json.dumps([game, measures, overlays], allow_nan=False))
    count = {column: int(np.isfinite(points[column]).sum()) for column in gan.COLUMNS}
    speaking = [c for panel in game["panels"] for c in panel["curves"] if c["label"]]
    assert [len(c["x"]) for c in speaking] == [count[column] for column in ("d_loss", "g_loss", "d_real", "d_fake")]
    assert [len(panel["curves"][0]["x"]) for panel in measures["panels"]] == [
        count[column] for column in ("val_frechet", "val_sharpness", "val_modes")
    ]
    for column, chart in overlays.items():
        assert [c["name"] for c in chart["panels"][0]["curves"]] == ["a", "b"], column
        assert [c["y"] for c in chart["panels"][0]["curves"]] == [
            pytest.approx(points[column][np.isfinite(points[column])].tolist(), rel=1e-5)
        ] * 2
    for panel in [*game["panels"], *measures["panels"]]:
        shown = [value for curve in panel["curves"] for value in curve["y"]]
        low, high = panel["range"] or (-np.inf, np.inf)
        assert all(low <= value <= high for value in shown) and low < high, panel["title"]


def test_bars_are_per_cent_with_the_even_share_and_a_missing_class_is_marked():
    bars = gan.share_bars(SHARES, tuple("abcdefghij"))
    assert bars["values"] == pytest.approx(100 * SHARES) and bars["even"] == pytest.approx(10)
    assert bars["dead"] == [False] * 6 + [True] * 4
    said = gan.share_caption(SHARES, tuple("abcdefghij"))
    assert said.startswith("Hardly generated: g, h, i, j.") and "most frequent is a with 30 %" in said
    assert gan.share_caption(np.full(10, 0.1), ()).startswith("All classes are generated.")


def test_runs_laid_over_each_other_differ_in_colour_and_line():
    chart = gan.overlay_chart({f"run {i}": history(40, 4) for i in range(8)}, "val_sharpness")
    styles = {(c["colour"], c["width"], json.dumps(c["dash"])) for c in chart["panels"][0]["curves"]}
    assert len(styles) == 8 and chart["panels"][0]["level"]["at"] == 1.0


def test_a_collapse_and_a_discriminator_that_is_never_wrong_raise_the_alarm_and_a_sound_game_does_not():
    even, points = np.full(10, 0.1), history()
    assert gan_view.problem_of(GAN, points, even) == ""
    points["d_real"][-40:] = points["d_fake"][-40:] = 1.0
    assert "hardly ever wrong" in gan_view.problem_of(GAN, points, even)
    points["d_real"][-40:-20] = 0.5  # in the same round: a moment of certainty is none of the game
    assert gan_view.problem_of(GAN, points, even) == ""
    assert "collapsed" in gan_view.problem_of(GAN, points, np.array([0.9, *[0.1 / 9] * 9]))
    assert gan_view.problem_of(GAN, {column: values[:0] for column, values in points.items()}, np.zeros(0)) == ""


def test_a_generator_from_scratch_has_not_collapsed_before_it_has_opened_up():
    scratch, one_class = GAN.with_(generator="scratch"), np.eye(10)[3]
    points = {column: values[:120] for column, values in history().items()}
    modes = points["val_modes"]
    for found, said in (((1.0, 1.0, 3.0), ""), ((1.0, 4.0, 3.0), "collapsed")):
        modes[np.isfinite(modes)] = found
        assert (said in gan_view.problem_of(scratch, points, one_class)) and bool(said) == bool(
            gan_view.problem_of(scratch, points, one_class)
        )
        assert "collapsed" in gan_view.problem_of(GAN, points, one_class)
    late = history()
    late["val_modes"][np.isfinite(late["val_modes"])] = 1.0
    assert "collapsed" in gan_view.problem_of(scratch, late, one_class)


def test_a_step_of_one_player_is_told_with_its_figures_and_a_frozen_one_as_frozen():
    d = {"player": "d", "row": {"d_real": 0.75, "d_fake": 0.5, "d_loss": 1.25, "penalty": 0.0}}
    g = {"player": "g", "row": {"g_loss": 0.693}}
    said = controls.single_step_text(GAN, d)
    assert (
        "right about 75 % of the real and 50 % of the generated ones; its loss was 1.25" in said and "G stayed" in said
    )
    assert "0.693" in controls.single_step_text(GAN, g) and "D stayed" in controls.single_step_text(GAN, g)
    assert "D is frozen" in controls.single_step_text(GAN.with_(freeze="discriminator"), d)
    assert "G is frozen" in controls.single_step_text(GAN.with_(freeze="generator"), g)


@pytest.mark.parametrize("kind", LOSSES)
def test_every_loss_has_its_formula_its_words_and_live_numbers(kind):
    recipe = GAN.with_(adversarial=kind, r1=0.0 if kind == "wgan-gp" else 2.0)
    d, g = gan_losses.formulas(kind, ("1.25", "2.5", "3.75"), "4.5")
    assert gan_losses.LOSSES[kind].words and gan_losses.penalties(recipe)
    assert [d.count(number) for number in ("_{1.25}", "_{2.5}", "={}& 3.75")] == [1, 1, 1] and g.endswith("= 4.5")
    assert [formula.count("=") for formula in gan_losses.formulas(kind)] == [1, 1], "no numbers yet"
    said = gan_explain.numbers(recipe, history())
    assert "1.19" in said and "0.900" in said and gan_explain.numbers(recipe, {}) == ""


def test_the_code_shown_is_the_code_that_runs():
    losses, steps = source_of(*gan_losses.loss_code()), source_of(*gan_losses.step_code())
    assert "softplus" in losses and "def g_loss" in losses
    assert steps.startswith("def d_step") and "def g_step" in steps


def test_the_films_rows_say_how_an_image_got_there():
    assert "VAE's encoder" in gan_view.film_rows(GAN)[1]
    assert "search" in gan_view.film_rows(GAN.with_(source_model="ad"))[1]
    assert "search" in gan_view.film_rows(GAN.with_(generator="scratch"))[1]

"""Figures of a run: which quantity has which name and unit, whatever β was and whatever changed in mid-run."""

import math

import pytest

from core import data, runs
from core.evaluation import metrics
from core.models import build
from core.runs import figures, weights
from tests.pages.page_tools import untrained
from tests.tiny_gans import gan_run
from tests.tiny_runs import tiny

TEST = data.load("digits").test_images[:30]


def with_evaluation(name: str, **changes) -> runs.Run:
    """An untrained run whose evaluation.json is that of its weights."""
    import json

    run = untrained(name, latent_dim=2, **changes)
    found = metrics.evaluate(weights.load_model(run), TEST) | {"epoch": 1}
    (run.path / "evaluation.json").write_text(json.dumps(found))
    return run


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 4.0])
def test_the_objective_at_the_run_s_beta_and_the_elbo_at_one_have_their_own_names(beta):
    found = metrics.evaluate(build(tiny(beta=beta)), TEST)
    assert found["total"] == pytest.approx(found["recon"] + beta * found["kl"])
    assert found["negative_elbo"] == pytest.approx(found["recon"] + found["kl"])
    shown = figures.by_key(figures.of_test(with_evaluation("run", beta=beta)))
    assert shown["negative_elbo"].name == "−ELBO" and shown["negative_elbo"].unit == "nats per image"
    assert shown["negative_elbo"].value == pytest.approx(shown["recon"].value + shown["kl"].value)
    if beta == 1:
        assert "total" not in shown, "one number, one name"
    else:
        assert shown["total"].name == f"β-objective (β = {beta:g})"
        assert shown["total"].value == pytest.approx(shown["recon"].value + beta * shown["kl"].value)


@pytest.mark.parametrize(
    "preset_name, changes, name, unit",
    [
        ("mlp-vae", {}, "−ELBO", "nats per image"),
        ("mlp-vae", {"beta": 4.0, "likelihood": "gaussian"}, "β-objective (β = 4)", "nats per image"),
        ("variational-auto-decoder", {"beta": 2.0}, "β-objective (β = 2)", "nats per image"),
        ("deep-ae", {}, "Reconstruction loss", "squared error per image"),
        ("plane-ae", {}, "Reconstruction loss", "nats per image"),
        ("plane-ad", {"beta": 1.0}, "β-objective (β = 1)", "nats per image"),
    ],
)
def test_the_best_figure_has_the_name_of_its_objective_and_its_unit(preset_name, changes, name, unit):
    run = untrained("run", preset_name, latent_dim=2, **changes)
    assert figures.best(run) is None
    run.update_status(best_total=94.1, best_epoch=3)
    found = figures.best(run)
    assert (found.name, found.unit, found.value, found.about) == (name, unit, 94.1, "in epoch 3")


def test_a_gan_s_best_figure_is_a_distance_without_a_unit():
    run = gan_run("game", "none")
    run.update_status(best_total=52.7, best_epoch=37)
    assert figures.best(run) == figures.Figure("best_total", "Fréchet distance", 52.7, "", "in epoch 37")
    assert figures.of_test(run) == []


def test_a_beta_that_was_changed_in_mid_run_counts_from_then_on():
    run = with_evaluation("run", beta=4.0)
    change = {"step": 90, "epoch": 3.5, "field": "beta", "old": 4.0, "new": 20.0}
    rate = {"step": 95, "epoch": 3.7, "field": "lr", "old": 0.1, "new": 0.01}
    run.update_status(changes=[change, rate], best_total=203.2, best_epoch=7.0)
    assert figures.weights_at(run) == {"beta": 20.0} and figures.weights_at(run, 3.0) == {"beta": 4.0}
    assert figures.best(run).name == "β-objective (β = 20)"
    assert figures.by_key(figures.of_test(run))["total"].name == "β-objective (β = 4)", "those weights are of epoch 1"
    weights.save(run.path / "best.safetensors", weights.load_model(run).state_dict(), {"epoch": 7.0})
    assert float(weights.load_model(run).beta) == 20, "a search minimises what was trained"
    run.update_status(best_epoch=2.0)
    assert figures.best(run).name == "β-objective (β = 4)"


def test_an_evaluation_of_an_older_lab_gets_the_same_names():
    run = untrained("old", "variational-auto-decoder", latent_dim=2, beta=2.0)
    old = {"images": 297, "recon": 84.08, "kl": 14.57, "total": 98.65, "mse": 0.01, "epoch": 7, "active_units": "many"}
    shown = figures.by_key(figures.test_figures(run.recipe, old, figures.weights_at(run)))
    assert shown["total"].value == pytest.approx(84.08 + 2 * 14.57)
    assert shown["negative_elbo"].value == pytest.approx(98.65)
    assert "active_units" not in shown and all(math.isfinite(figure.value) for figure in shown.values())


def test_nothing_but_nats_stands_in_nats():
    for preset_name in ("deep-ae", "auto-decoder"):
        shown = figures.of_test(with_evaluation_of(preset_name))
        assert shown and not [figure.name for figure in shown if "nats" in figure.unit]


def with_evaluation_of(preset_name: str) -> runs.Run:
    import json

    run = untrained(preset_name, preset_name, latent_dim=2)
    found = metrics.evaluate(weights.load_model(run), TEST[:3])
    (run.path / "evaluation.json").write_text(json.dumps(found))
    return run

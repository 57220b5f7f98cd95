"""How a training is explained: the objective in numbers that add up, and the code of every family."""

import math

import pytest

from core.recipes import presets
from core.recipes.family import FAMILIES
from ui.shared.source_code import loss_code, source_of
from ui.training_view import explain

TRAINED = [key for key, family in FAMILIES.items() if family.terms]
PLANES = {key: presets.preset(f"plane-{key}") for key in TRAINED if f"plane-{key}" in presets.PRESETS}


@pytest.mark.parametrize("kind", PLANES)
def test_the_terms_of_the_objective_add_up_to_the_total(kind):
    recipe = PLANES[kind]
    terms = recipe.family.terms
    values = {term.name: 100.0 + 10 * k for k, term in enumerate(terms)}
    weights = {term.name: 0.5 if term.weight else 1.0 for term in terms}
    row = {"epoch": 3.0, "val_total": sum(values[n] * weights[n] for n in values)}
    row |= {f"val_{name}": value for name, value in values.items()} | dict.fromkeys(recipe.family.weights, 0.5)
    sentence = explain.numbers(recipe, row)
    assert f"**{row['val_total']:.2f}**" in sentence and sentence.count("+") == len(terms) - 1
    assert sentence.count("0.5 × ") == sum(bool(term.weight) for term in terms)


def test_a_row_without_all_terms_gives_the_total_alone():
    row = {"epoch": 1.0, "val_total": 7.0, "val_recon": 5.0, "val_kl": math.nan}
    sentence = explain.numbers(PLANES["vae"], row)
    assert "**7.00**" in sentence and "×" not in sentence


def test_the_discretised_logistic_is_told_in_bits_per_dimension_too():
    recipe = PLANES["vae"].with_(likelihood="logistic", beta=2.0)
    row = {"epoch": 1.0, "val_total": 500.0, "val_recon": 300.0, "val_kl": 100.0, "beta": 2.0}
    bits = 400.0 / (recipe.shape.values * math.log(2))
    assert f"**{bits:.3f}** bits per dimension" in explain.numbers(recipe, row)
    assert "bits" not in explain.numbers(PLANES["vae"], row)


@pytest.mark.parametrize("kind", TRAINED)
def test_every_familys_loss_and_training_step_can_be_shown(kind):
    family = FAMILIES[kind]
    assert "def " in source_of(*loss_code(family))
    assert source_of(family.trainer_class().step).startswith("def step")

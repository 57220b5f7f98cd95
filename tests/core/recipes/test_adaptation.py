"""Presets adapted to data sets: small versions, a few pictures of one's own, and which preset suits a set."""

import pytest

from core.data.registry import SOURCES
from core.recipes import adaptation, presets
from core.recipes.recipe_fields import DATASETS


def test_the_small_sisters_keep_the_kind_of_model():
    for recipe in presets.PRESETS.values():
        small = adaptation.for_digits(recipe)
        assert small.dataset == "digits" in DATASETS
        assert (small.model, small.network, small.latent_dim, small.likelihood) == (
            recipe.model,
            recipe.network,
            recipe.latent_dim,
            recipe.likelihood,
        )


def test_every_preset_has_a_small_version_on_each_set_that_is_on_every_machine():
    assert set(adaptation.SMALL) == {name for name, source in SOURCES.items() if source.maker}
    for recipe in presets.PRESETS.values():
        small = adaptation.adapted(recipe, "shapes")
        shape = recipe.shape if recipe.shape.colour else SOURCES["shapes"].shape
        assert (small.dataset, small.shape, small.model) == ("shapes", shape, recipe.model)
        assert small.network == recipe.network
        if not recipe.family.codes:  # else it follows from the image shape
            assert small.latent_dim == recipe.latent_dim
        assert adaptation.adapted(recipe, "mnist") is recipe
    assert adaptation.adapted(presets.preset("shapes-vae"), "shapes") == presets.preset("shapes-vae")


@pytest.mark.parametrize(("images", "epochs"), [(1, 300), (49, 300), (1_500, 20), (5_000, 6), (5_001, 23), (60_000, 2)])
def test_a_small_set_of_one_s_own_gets_as_many_epochs_as_make_some_nine_hundred_steps(images, epochs):
    recipe = adaptation.for_few(presets.preset("mlp-vae-fast"), images)
    assert recipe.epochs == epochs and recipe.batch_size == (
        32 if images <= 5_000 else presets.preset("mlp-vae-fast").batch_size
    )


def test_a_set_that_a_recipe_was_made_for_names_it_and_its_fast_sister_first():
    assert adaptation.made_for("shapes", "vae") == "shapes-vae"
    assert adaptation.made_for("cifar-10", "vae") == "conv-vae-32-fast"
    assert adaptation.made_for("fashion-mnist", "vae") is None

"""The time a recipe takes: counted by hand."""

import json

import pytest

from core import data
from core.recipes import adaptation, duration, presets
from core.recipes.recipe import Recipe, fields


@pytest.mark.parametrize("name", ["digits", "shapes", "mnist"])
def test_the_images_of_an_epoch_are_those_of_the_real_split(name):
    if not data.status()[name].ready:
        pytest.skip("needs the real MNIST files: set LATENT_LAB_DATA to a folder that holds them")
    images = data.load(name)
    assert data.SOURCES[name].train == len(images.train_images)
    for changes in ({}, {"validation": 20_000}, {"train_images": 500}, {"train_images": 10**6}):
        recipe = Recipe(dataset=name, **changes)
        train, held = data.split(images, recipe.validation, recipe.train_images)
        assert duration.images_of(recipe) == (len(train), len(held))


@pytest.mark.parametrize(
    "recipe, epoch, held",
    [
        (presets.PRESETS["mlp-vae"], 59_000, 1_000),
        (presets.PRESETS["auto-decoder"], 59_750, 250),
        (presets.PRESETS["decoder-gan"], 6_000, 1_000),
        (adaptation.for_digits(presets.PRESETS["decoder-gan"]), 1_320, 180),
    ],
)
def test_a_gans_epoch_is_a_round_and_all_others_are_the_training_images(recipe, epoch, held):
    assert duration.images_of(recipe) == (epoch, held)


def test_the_time_is_what_the_images_of_all_epochs_take_at_the_rate():
    vae = Recipe(epochs=10)
    assert duration.seconds(vae, 1_000.0) == pytest.approx(10 * (59_000 + 0.75 * 1_000) / 1_000)
    assert duration.seconds(vae.with_(epochs=20), 1_000.0) == pytest.approx(2 * duration.seconds(vae, 1_000.0))
    assert duration.seconds(vae, 2_000.0) == pytest.approx(duration.seconds(vae, 1_000.0) / 2)
    # Held out: 250 images, 20 steps each, and 12 pictured ones of 60; the regression: 10,000 images, 60 µs each.
    table = Recipe(model="ad", likelihood="mse", validation=250, epochs=3)
    assert duration.seconds(table, 1_000.0) == pytest.approx(3 * ((59_750 + 0.6 * (250 * 20 + 720)) / 1_000 + 0.6))
    gan = presets.PRESETS["decoder-gan"].with_(epochs=2)
    assert duration.seconds(gan, 500.0) == pytest.approx(2 * (6_000 + 2_000 / 15) / 500)


def test_a_limit_in_minutes_is_the_longest_a_training_takes_and_a_folders_time_is_not_known():
    assert duration.seconds(Recipe(epochs=1_000, max_minutes=2.0), 1_000.0) == 120
    assert duration.seconds(Recipe(epochs=1, max_minutes=200.0), 1_000.0) < 120
    assert duration.seconds(Recipe(dataset="folder", folder="/mine"), 1_000.0) is None
    with pytest.raises(ValueError, match="not a rate"):
        duration.seconds(Recipe(), 0.0)


@pytest.mark.parametrize(
    "seconds, said",
    [
        (0.2, "1 s"),
        (7.4, "7 s"),
        (9.6, "10 s"),
        (42, "40 s"),
        (57, "55 s"),
        (58, "1 min"),
        (130, "2 min"),
        (9.4 * 60, "9 min"),
        (17.6 * 60, "20 min"),
        (57 * 60, "55 min"),
        (58 * 60, "1 h"),
        (95 * 60, "1 h 30 min"),
        (5.3 * 3600, "5 h 30 min"),
        (11.6 * 3600, "12 h"),
    ],
)
def test_a_time_is_said_as_roughly_as_it_is_known(seconds, said):
    assert duration.rough_duration(seconds) == f"about {said}"


def test_a_rate_is_one_for_recipes_that_differ_in_what_costs_nothing_and_another_for_those_that_do_not():
    vae = Recipe()
    same = {
        "name": "x",
        "dataset": "digits",
        "train_images": 9,
        "validation": 9,
        "beta": 3.0,
        "beta_warmup": 2.0,
        "lr": 0.1,
        "schedule": "one-cycle",
        "beta2": 0.9,
        "seed": 4,
        "epochs": 99,
        "max_minutes": 1.0,
        "patience": 3,
        "channels": (8, 8),
        "sigma": 0.1,
    }
    for name, value in same.items():
        assert duration.speed_key(vae.with_(**{name: value})) == duration.speed_key(vae), name
    other = {
        "model": "ae",
        "network": "conv",
        "hidden": (7,),
        "latent_dim": 3,
        "batch_size": 64,
        "activation": "silu",
        "likelihood": "gaussian",
        "optimizer": "sgd",
        "precision": "mixed",
    }
    for name, value in other.items():
        assert duration.speed_key(vae.with_(**{name: value})) != duration.speed_key(vae), name
    gan = presets.PRESETS["decoder-gan"]
    assert (
        duration.speed_key(gan.with_(r1=7.0, d_lr=1.0))
        == duration.speed_key(gan)
        != duration.speed_key(gan.with_(r1=0.0))
    )
    rough = gan.with_(r1_noise=0.1)
    assert duration.speed_key(rough.with_(r1_noise=0.2)) == duration.speed_key(rough) != duration.speed_key(gan)
    for name, value in {
        "d_channels": (8, 8),
        "d_network": "mlp",
        "d_norm": "spectral",
        "d_steps": 2,
        "g_steps": 2,
        "generator": "map",
        "source_model": "ad",
    }.items():
        assert duration.speed_key(gan.with_(**{name: value})) != duration.speed_key(gan), name


def test_what_is_said_to_make_no_difference_are_fields_that_there_are():
    assert {*duration._WITHOUT_EFFECT, *duration._ONLY_WHETHER} <= {f.name for f in fields()}


def test_every_preset_and_its_small_sister_has_a_shape_and_a_time():
    for recipe in presets.PRESETS.values():
        for whole in (recipe, adaptation.for_digits(recipe)):
            settings = json.loads(duration.speed_key(whole))
            assert duration.seconds(whole, 1e4) > 0
            assert settings.get("hidden") == (None if whole.family.codes else list(whole.hidden))

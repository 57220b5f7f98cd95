"""One definition behind form, flags and files: a bad value is refused with its field, itself and what is allowed."""

import dataclasses
import json
import math

import pytest

from core.recipes import adaptation, presets
from core.recipes.family import FAMILIES
from core.recipes.recipe import Recipe, RecipeError, applies, fields
from core.recipes.recipe_fields import GROUPS

BOUNDED = [f for f in fields() if f.metadata["low"] is not None and not str(f.type).startswith("tuple")]
CHOSEN = [f for f in fields() if f.metadata["choices"]]
LISTS = [f for f in fields() if str(f.type).startswith("tuple")]


def ids(found):
    return [f.name for f in found]


def test_a_recipe_survives_its_journey_through_json():
    classic = list(presets.PRESETS.values())
    for recipe in [
        *classic,
        adaptation.first_model(),
        *map(adaptation.for_digits, classic),
        *map(adaptation.for_shapes, classic),
    ]:
        assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_every_field_says_what_it_is_for_and_belongs_to_a_group():
    for f in fields():
        assert f.metadata["help"].endswith(".") and f.metadata["group"] in GROUPS


def test_the_bounds_themselves_are_allowed_and_defaults_lie_within():
    Recipe()
    for f in BOUNDED:
        for bound in (f.metadata["low"], f.metadata["high"]):
            assert getattr(Recipe().with_(**{f.name: bound}), f.name) == bound


@pytest.mark.parametrize("f", BOUNDED, ids=ids(BOUNDED))
def test_a_number_outside_its_bounds_is_refused_by_name_value_and_range(f):
    low, high = f.metadata["low"], f.metadata["high"]
    step = 1 if str(f.type) == "int" else max(abs(low), 1e-9)
    for bad in (low - step, high + max(1, high) * 0.5 if str(f.type) == "float" else high + 1):
        with pytest.raises(RecipeError) as caught:
            Recipe().with_(**{f.name: bad})
        text = str(caught.value)
        assert text.startswith(f"{f.name}: ") and repr(bad)[:8] in text and f"from {low:g} to {high:g}" in text


@pytest.mark.parametrize("f", BOUNDED, ids=ids(BOUNDED))
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None, True, "many", "", [], {}, 10**400], ids=repr)
def test_what_is_no_number_is_refused(f, bad):
    with pytest.raises(RecipeError, match=f"^{f.name}: "):
        Recipe().with_(**{f.name: bad})


def test_a_fraction_is_no_whole_number_but_a_whole_float_is():
    with pytest.raises(RecipeError, match=r"epochs: 1\.5 is not a whole number"):
        Recipe(epochs=1.5)
    assert Recipe(epochs=3.0).epochs == 3 and isinstance(Recipe(epochs=3.0).epochs, int)
    assert Recipe(epochs="3", lr="1e-4") == Recipe(epochs=3, lr=1e-4)  # as the flags of a command line arrive


@pytest.mark.parametrize("f", CHOSEN, ids=ids(CHOSEN))
@pytest.mark.parametrize("bad", ["", "VAE ", "no-such-thing", None, 3, ["vae"]], ids=repr)
def test_a_choice_lists_what_can_be_chosen(f, bad):
    with pytest.raises(RecipeError) as caught:
        Recipe().with_(**{f.name: bad})
    assert all(choice in str(caught.value) for choice in f.metadata["choices"])


@pytest.mark.parametrize("f", LISTS, ids=ids(LISTS))
@pytest.mark.parametrize(
    "bad",
    [
        [],
        "",
        "a-b",
        [0],
        [-1],
        [10**9],
        [1.5],
        [math.nan],
        [math.inf],
        [None],
        [[1]],
        None,
        [8] * 9,
        {"a": 1},
        [10**400],
        1.5,
        "-5",
        "64,-32",
        "64 -32",
        "64--32",
        "-64-32",
        "64.5",
        [True],
    ],
    ids=lambda b: repr(b)[:20],
)
def test_a_list_of_widths_is_refused_when_it_is_none(f, bad):
    with pytest.raises(RecipeError, match=f"^{f.name}: "):
        Recipe().with_(**{f.name: bad})


@pytest.mark.parametrize(
    "text", ["64-32", "64,32", "64, 32", "64 32", " 64 - 32 ", [64, 32], (64, 32), ["64", "32"]], ids=repr
)
def test_widths_can_be_written_in_many_ways(text):
    assert Recipe(hidden=text).hidden == (64, 32)


def test_one_width_may_stand_alone():
    assert Recipe(hidden=64).hidden == (64,) == Recipe(hidden="64").hidden


@pytest.mark.parametrize(
    "values, field",
    [
        ({"model": "vae", "likelihood": "mse"}, "likelihood"),
        ({"dataset": "folder"}, "folder"),
        ({"dataset": "folder", "folder": "  "}, "folder"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(values, field):
    with pytest.raises(RecipeError, match=f"^{field}: "):
        Recipe(**values)


def test_a_convolutional_recipe_needs_no_more_channels_than_one():
    """The last number repeats until the image is halved (`networks.channel_counts`)."""
    assert Recipe(network="conv", channels=8).channels == (8,)


def test_a_data_set_of_one_shape_fills_in_the_image_shape():
    assert Recipe(dataset="mnist", image_shape=(3, 32, 32)).image_shape == (1, 28, 28)
    assert Recipe(dataset="digits", image_shape=(3, 32, 32)).image_shape == (3, 32, 32)


def test_an_unknown_field_is_refused_by_name_with_those_there_are():
    for make in (lambda: Recipe().with_(learning_rate=1), lambda: Recipe.from_dict({"learning_rate": 1})):
        with pytest.raises(RecipeError, match="^learning_rate: there is no such field.*lr"):
            make()


@pytest.mark.parametrize("foreign", [None, [], "vae", 3, [{"model": "vae"}]], ids=repr)
def test_what_is_no_dictionary_is_no_recipe(foreign):
    with pytest.raises(RecipeError, match="set of named fields"):
        Recipe.from_dict(foreign)


def test_a_recipe_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().lr = 1.0


def test_a_message_never_repeats_a_whole_novel():
    with pytest.raises(RecipeError) as caught:
        Recipe(model="x" * 100_000)
    assert len(str(caught.value)) < 300


def test_a_field_applies_only_where_it_matters():
    by_name = {f.name: f for f in fields()}
    assert not applies(by_name["sigma"], Recipe().to_dict())
    assert applies(by_name["sigma"], Recipe(likelihood="gaussian").to_dict())
    assert not applies(by_name["beta2"], Recipe(optimizer="sgd").to_dict())
    assert not applies(by_name["beta2"], presets.preset("decoder-gan").to_dict()), "nor what depends on what does not"
    assert not applies(by_name["beta"], presets.preset("deep-ae").to_dict())
    assert all(applies(by_name[name], Recipe().to_dict()) for name in ("lr", "epochs", "hidden"))
    for network, own, other in (("conv", "d_channels", "d_hidden"), ("mlp", "d_hidden", "d_channels")):
        gan = presets.preset("decoder-gan").with_(d_network=network, d_hidden=(7,), d_channels=(3, 4))
        assert applies(by_name[own], gan.to_dict()) and not applies(by_name[other], gan.to_dict())
        assert gan.d_widths == gan.value(own) and not applies(by_name[own], Recipe(d_network=network).to_dict())


def test_a_gan_from_before_dense_discriminators_keeps_its_convolutions_and_the_exact_penalty():
    recipe = presets.preset("decoder-gan").with_(r1=2.0, d_channels=(5,))
    old = {k: v for k, v in recipe.to_dict().items() if k not in ("d_network", "d_hidden", "r1_noise")}
    found = Recipe.from_dict(old)
    assert found == recipe and found.d_widths == (5,) and found.d_network == "conv" and not found.r1_estimated
    assert found.with_(r1_noise=0.1).r1_estimated and not found.with_(r1=0.0, r1_noise=0.1).r1_estimated


def test_the_presets_are_the_classic_setups():
    conv, mlp, plane, deep = (presets.preset(n) for n in ("conv-vae", "mlp-vae", "plane-vae", "deep-ae"))
    assert (conv.channels, conv.hidden, conv.latent_dim) == ((32, 64, 128), (500,), 20)
    assert (conv.epochs, conv.batch_size) == (30, 128)
    assert (mlp.hidden, mlp.latent_dim, mlp.dataset, mlp.likelihood, mlp.beta) == ((200,), 20, "mnist", "bernoulli", 1)
    assert (plane.latent_dim, plane.epochs, plane.lr, plane.optimizer) == (2, 50, 1e-3, "adam")
    assert (deep.model, deep.likelihood, deep.dataset, deep.epochs) == ("ae", "mse", "fashion-mnist", 10)
    assert set(presets.ABOUT) == set(presets.PRESETS)
    assert all(name == recipe.name for name, recipe in presets.PRESETS.items())


def test_a_fast_sister_is_of_the_same_family_latent_size_and_images():
    assert [name for name in presets.CLASSIC if presets.fast_of(name)] == [
        "mlp-vae",
        "conv-vae",
        "cvae",
        "plane-vae",
        "deep-ae",
        "auto-decoder",
        "variational-auto-decoder",
        "decoder-gan",
        "conv-ae-32",
        "conv-vae-32",
        "vq-vae",
        "vq-vae-32",
        "denoising-ae",
        "wae",
        "info-vae",
        "tc-vae",
        "iwae",
    ]
    for name in presets.CLASSIC:
        assert presets.classic_of(name) == name
        if fast := presets.fast_of(name):
            one, two = presets.preset(name), presets.preset(fast)
            assert (presets.classic_of(fast), presets.fast_of(fast)) == (name, fast)
            # Where the figure is nats at a β, these two make it; a squared error is one whatever loss led to it.
            asked = ("likelihood", "beta") if one.variational else ()
            for same in ("model", "latent_dim", "dataset", "train_images", *asked):
                assert getattr(one, same) == getattr(two, same), same


def test_an_unknown_preset_lists_those_there_are():
    with pytest.raises(RecipeError, match="no recipe 'gpt'.*mlp-vae"):
        presets.preset("gpt")


def test_a_summary_tells_runs_apart_at_a_glance():
    assert Recipe(hidden=(400, 200), beta=4, latent_dim=2).summary() == "VAE · mnist · 400-200 · 2-d · β 4"
    changes = [{"field": field, "new": new} for field, new in (("beta", 4.0), ("lr", 1e-4), ("beta", 20.0))]
    assert Recipe().summary(changes).endswith(" · β 1 → 4 → 20")
    changes = [{"field": "mmd_weight", "new": 50.0}]
    assert presets.preset("info-vae").summary(changes).endswith(" · β 0 · λ 20 → 50")
    assert presets.preset("deep-ae").summary() == "AE · fashion-mnist · 256 · 32-d"


def test_the_image_shape_is_three_numbers_that_an_image_can_have():
    colour = Recipe(dataset="digits", image_shape=(3, 20, 36))
    assert (colour.shape.channels, colour.shape.height, colour.shape.width) == (3, 20, 36)
    assert Recipe.from_dict({"dataset": "digits"}).image_shape == (1, 28, 28)  # as before recipes had a shape
    for shape in ((28, 28), (2, 28, 28), (1, 4, 28), (1, 28, 129)):
        with pytest.raises(RecipeError, match="image_shape"):
            Recipe(dataset="digits", image_shape=shape)


def test_a_recipe_gives_the_record_of_its_family_and_of_the_latent_space_it_has():
    assert Recipe(model="vad").family.abbreviation == "VAD"
    assert Recipe(model="vad").latent_family is Recipe(model="vad").family
    gan = Recipe(model="gan", source_model="ae")
    assert gan.family.adversarial and gan.latent_family.key == "ae"
    assert Recipe(model="gan").latent_family is None


def test_pixel_choices_are_part_of_a_recipe_and_old_folder_runs_keep_what_they_saw():
    from core.images.pixel_choices import PixelChoices

    own = {"dataset": "folder", "folder": "/x"}
    recipe = Recipe(**own, levels="0-4095", ground="black", polarity="light-on-dark")
    assert recipe.levels == "0 to 4095" and recipe.pixels == PixelChoices("0 to 4095", "black", "light-on-dark")
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    old = {k: v for k, v in recipe.to_dict().items() if k not in ("levels", "ground", "polarity")}
    assert Recipe.from_dict(old).pixels == PixelChoices("each", "each", "as-is"), "each picture by itself, as then"
    assert Recipe(**own).pixels == PixelChoices() == Recipe.from_dict({"dataset": "digits"}).pixels
    assert recipe.source_of_images != recipe.with_(polarity="as-is").source_of_images
    with pytest.raises(RecipeError, match="levels: 'dark' is not a range of values"):
        Recipe(**own, levels="dark")


def test_names_of_families_within_a_sentence():
    names = {key: family.name_in_sentence for key, family in FAMILIES.items()}
    assert names["ad"] == "auto-decoder" and names["wae"] == "Wasserstein autoencoder"
    assert names["infovae"] == "InfoVAE" and names["tcvae"] == "β-TCVAE" and names["gan"].startswith("GAN")

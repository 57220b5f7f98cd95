"""Attributes: their groups of images counted by hand, their text in an address, and which latents they are made of."""

from dataclasses import replace

import numpy as np
import pytest

from core import data
from core.data.factors import NOT_KNOWN, Factor, Factors
from core.images.shape import ImageShape
from core.latent import attributes, codec
from core.latent.attributes import OTHERS, Attribute
from core.models import build
from core.runs import weights
from tests.tiny_runs import tiny, trained

SCALE = Factor("scale", "ordinal", tuple("abcdef"))
HUE = Factor("hue", "circular", tuple("0123456789"))
KIND = Factor("kind", "categorical", ("x", "y", "z"))


def groups(attribute: Attribute, factor: Factor | None, count: int) -> tuple[set[int], set[int]]:
    values = np.arange(-1, count)
    a, b = attributes.members(attribute, factor, values)
    return set(values[a].tolist()), set(values[b].tolist())


def test_classes_and_categories_are_their_own_groups_and_one_can_stand_against_all_others():
    assert groups(Attribute("class", 3, 8), None, 10) == ({3}, {8})
    assert groups(Attribute("class", OTHERS, 2), None, 4) == ({0, 1, 3}, {2}), "an image without a class is in neither"
    assert groups(Attribute("factor", 0, 2), KIND, 3) == ({0}, {2})


@pytest.mark.parametrize(("count", "low", "high"), [(6, {0, 1}, {4, 5}), (3, {0}, {2}), (2, {0}, {1})])
def test_an_ordinal_factor_sets_its_lowest_third_against_its_highest(count, low, high):
    factor = Factor("scale", "ordinal", SCALE.values[:count])
    assert groups(Attribute("factor"), factor, count) == (low, high)


def test_a_circular_factor_takes_in_neighbours_round_the_circle():
    assert groups(Attribute("factor", 0, 5), HUE, 10) == ({9, 0, 1}, {4, 5, 6})
    assert groups(Attribute("factor", 0, 2), HUE, 10) == ({9, 0}, {2, 3}), "1 is as near to both"
    assert groups(Attribute("factor", OTHERS, 2), HUE, 10)[1] == {2}


def test_an_image_whose_attribute_is_not_known_is_in_neither_group():
    smiling = Factor("smiling", "categorical", ("no", "yes", NOT_KNOWN))
    assert groups(Attribute("factor", OTHERS, 1), smiling, 3) == ({0}, {1})
    assert groups(Attribute("factor", 1, 0), smiling, 3) == ({1}, {0})
    assert groups(Attribute("factor", OTHERS, 0), smiling, 3) == ({1}, {0})


def test_not_known_is_no_group(shapes):
    values = np.zeros((len(shapes.train_images), 1), np.int64), np.zeros((len(shapes.test_images), 1), np.int64)
    smiling = Factor("smiling", "categorical", ("no", "yes", NOT_KNOWN))
    photos = replace(shapes, factors=Factors((smiling,), *values, ()))
    assert attributes.parse("f0-0-1", photos) == Attribute("factor", 0, 1)
    assert attributes.parse("f0-0-2", photos) is None and attributes.parse("f0-2-1", photos) is None


@pytest.fixture(scope="module")
def shapes() -> data.ImageSet:
    return data.load("shapes", ImageShape(3, 32, 32))


@pytest.mark.parametrize(
    "attribute",
    [
        Attribute("class", 0, 3),
        Attribute("class", OTHERS, 2),
        Attribute("factor", factor=2),
        Attribute("factor", 0, 5, 1),
        Attribute("factor", OTHERS, 5, 1),
        Attribute("images", images_a=(0, 17), images_b=(1999,)),
    ],
)
def test_an_attribute_is_read_from_its_own_text(attribute, shapes):
    assert attributes.parse(attribute.text(), shapes) == attribute
    assert set(attribute.text()) <= set("0123456789-.cfg"), "an address takes it as it is"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c",
        "c3",
        "c3-3",
        "c0-4",
        "c--1",
        "c-1-2",
        "c1.5-2",
        "f2-0-1",
        "f9",
        "f1",
        "f1-0-10",
        "f1-0",
        "g",
        "g-",
        "g1-2-3",
    ]
    + ["g1-2000", "g.-1", "g²-1", "x1-2", "g" + ".".join(["1"] * 25) + "-2"],
)
def test_what_is_no_attribute_of_the_set_is_none(text, shapes):
    assert attributes.parse(text, shapes) is None


def test_an_encoder_gives_directions_from_training_images_and_their_measure_on_test_images():
    recipe = tiny("mlp-vae")
    images, model = data.load("digits", recipe.shape), build(recipe).eval()
    known = attributes.known_latents(model, recipe, images, 40)
    assert known.unseen and len(known.check.z) == 40 and known.fit.values is None
    a, b = known.check.groups(Attribute("class", 3, 8), ())
    assert len(a) == (known.check.labels == 3).sum() > 0
    own = codec.encode(model, images.test_images[data.spread(images.test_labels, 40)])
    assert b == pytest.approx(own[known.check.labels == 8], abs=1e-5)


def test_without_an_encoder_half_of_the_rows_are_kept_apart():
    run = trained(tiny("plane-ad", latent_lr=0.05))
    model = weights.load_model(run)
    known = attributes.known_latents(model, run.recipe, data.load("digits", run.recipe.shape), 1000)
    assert not known.unseen and len(known.fit.z) + len(known.check.z) == 64
    both = np.concatenate([known.fit.z, known.check.z])
    assert len(np.unique(both, axis=0)) == 64, "no row is in both"


def test_factors_divide_the_latents(shapes):
    recipe = tiny("mlp-vae").with_(dataset="shapes", image_shape=(3, 32, 32))
    known = attributes.known_latents(build(recipe).eval(), recipe, shapes, 300)
    assert shapes.factors is not None and known.check.values is not None
    a, b = known.check.groups(Attribute("factor", factor=2), shapes.factors.about)
    values = known.check.values[:, 2]
    assert (len(a), len(b)) == ((values < 2).sum(), (values > 3).sum())

"""Classes that a recipe leaves out, counted by hand on the digits and on a small folder."""

import numpy as np
import pytest
from PIL import Image

from core import data
from core.data import leaving_out
from core.data.registry import SOURCES
from core.evaluation import outlier_images
from core.recipes import duration
from core.recipes.images import load_images, settled
from core.recipes.recipe import Recipe, RecipeError


def digits(**values) -> Recipe:
    return Recipe(dataset="digits", **values)


def test_no_image_of_a_class_that_is_left_out_remains_and_all_others_keep_their_order():
    whole, images = data.load("digits"), load_images(digits(without_classes="8, 3"))
    for part in ("train", "test"):
        labels = getattr(whole, f"{part}_labels")
        kept = [i for i, label in enumerate(labels) if label not in (3, 8)]
        assert np.array_equal(getattr(images, f"{part}_images"), getattr(whole, f"{part}_images")[kept])
        assert np.array_equal(getattr(images, f"{part}_labels"), labels[kept])
    assert images.classes == whole.classes, "classes keep their numbers"
    gone = [i for i, label in enumerate(whole.test_labels) if label in (3, 8)]
    assert np.array_equal(images.left_out.images, whole.test_images[gone])
    assert np.array_equal(images.left_out.labels, whole.test_labels[gone])
    assert load_images(digits(without_classes="8,3")) is images, "left out once"
    assert load_images(digits()) is whole and whole.left_out is None


def test_images_that_were_put_aside_for_validation_stay_so():
    whole = data.load("digits")
    aside = np.flatnonzero(whole.train_labels >= 7)[:20]
    marked = data.ImageSet(**{**vars(whole), "held_out": aside})
    images = leaving_out.without(marked, ("8",))
    kept = [i for i in aside if whole.train_labels[i] != 8]
    assert np.array_equal(images.train_images[images.held_out], whole.train_images[kept])
    assert 0 < len(kept) < len(aside)


def test_a_recipe_names_what_it_leaves_out_in_one_way_and_says_so():
    recipe = digits(without_classes=" 8 ,3,, 8")
    assert recipe.without_classes == "8, 3" and recipe.left_out == ("8", "3")
    assert Recipe.from_dict(recipe.to_dict()) == recipe and "digits without 8, 3" in recipe.summary()
    assert recipe.source_of_images != digits().source_of_images
    assert Recipe.from_dict({"dataset": "digits"}).left_out == ()


@pytest.mark.parametrize(
    "values, said",
    [
        ({"dataset": "digits", "without_classes": "eight"}, "Digits has no class 'eight'. Its classes are 0, 1, 2"),
        ({"dataset": "fashion-mnist", "without_classes": "8"}, "FashionMNIST has no class '8'"),
        ({"dataset": "digits", "without_classes": "0,1,2,3,4,5,6,7,8,9"}, "all 10 classes of Digits are left out"),
    ],
)
def test_classes_that_cannot_be_left_out_are_refused_with_those_that_can(values, said):
    with pytest.raises(RecipeError, match=rf"^without_classes: {said}"):
        Recipe(**values)


def folder(path) -> dict:
    for name, level in (("cats", 60), ("dogs", 120), ("owls", 180)):
        (path / name).mkdir(parents=True)
        for i in range(6):
            Image.fromarray(np.full((12, 12), level + i, np.uint8)).save(path / name / f"{i}.png")
    return {"dataset": "folder", "folder": str(path), "image_shape": (1, 12, 12)}


def test_a_folders_classes_are_checked_when_a_run_begins_and_one_that_vanished_later_is_no_loss(tmp_path):
    mine = folder(tmp_path / "mine")
    with pytest.raises(data.DataError, match="without_classes: This folder has no class 'cows'. Its classes are cats"):
        settled(Recipe(**mine, without_classes="cows"))
    recipe = settled(Recipe(**mine, without_classes="dogs"))
    images = load_images(recipe)
    assert {images.classes[label] for label in images.train_labels} == {"cats", "owls"}
    for picture in (tmp_path / "mine" / "dogs").iterdir():
        picture.unlink()
    assert len(load_images(recipe).train_images) == len(images.train_images)


def test_the_images_of_an_epoch_are_fewer_by_the_classes_left_out():
    recipe = digits(without_classes="8")
    train, held = data.split(load_images(recipe), recipe.validation, recipe.train_images)
    found = duration.images_of(recipe)
    assert found == pytest.approx((len(train), len(held)), rel=0.01), "the classes of the digits differ by a few images"
    assert duration.images_of(digits())[0] > found[0] and len(SOURCES["digits"].classes) == 10


def test_classes_left_out_are_outliers_of_their_own_kind():
    recipe = digits(without_classes="8")
    images = load_images(recipe)
    bag = outlier_images.build(images, recipe, None, 15)
    found = bag.of("left-out")
    assert bag.outliers[0] == "left-out" and len(found) == 15 and set(bag.label[found]) == {8}
    assert np.array_equal(bag.images[found], images.left_out.images[bag.number[found]])
    assert 8 not in bag.label[bag.of("test")] and 8 not in bag.label[bag.of("validation")]
    assert "left-out" not in outlier_images.build(data.load("digits"), digits(), None, 15).outliers

"""Images that a conditional family cannot be trained on are refused in a sentence before the training starts."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from core import data, runs
from core.data import DataError
from core.recipes import conditioning
from core.recipes.presets import preset
from core.recipes.recipe import Recipe
from core.training.loop import train
from tests.tiny_runs import tiny


def with_labels(change):
    digits = data.load("digits")
    labels = digits.train_labels.copy()
    change(labels)
    return replace(digits, train_labels=labels)


def test_the_number_of_classes_is_that_of_the_set_and_follows_it():
    recipe = preset("cvae")
    assert recipe.classes == 10 and recipe.with_(dataset="shapes", image_shape=(3, 32, 32)).classes == 4
    assert recipe.with_(classes=3).classes == 10 and preset("mlp-vae").classes == 0
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    assert conditioning.resolved(tiny("mlp-vae")) == tiny("mlp-vae")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda labels: labels.fill(-1), "have no classes"),
        (lambda labels: labels.__setitem__(slice(0, 12), -1), "12 of 1,500 training images have none"),
        (lambda labels: labels.fill(4), "of one class, “4”"),
        (lambda labels: labels.__setitem__(0, 10), "label 10, but there are 10 classes, whose labels are 0 to 9"),
    ],
)
def test_labels_that_do_not_do_are_refused_by_the_trainer(change, sentence):
    recipe, images = tiny("cvae"), with_labels(change)
    assert sentence in conditioning.refusal(recipe, images)
    with pytest.raises(DataError, match=sentence.replace("“", ".").replace("”", ".")):
        recipe.family.trainer_class()(recipe, torch.device("cpu"), images)
    conditioning.check(tiny("mlp-vae"), images)  # no other family minds


def test_a_set_with_another_number_of_classes_is_refused():
    images = replace(data.load("digits"), classes=tuple("0123456789A"))
    assert "for 10 classes, and the images have 11" in conditioning.refusal(tiny("cvae"), images)


def folder_of_pictures(path, names):
    rng = np.random.default_rng(0)
    for k in range(24):
        place = path / names[k % len(names)]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (12, 12), dtype=np.uint8)).save(place / f"{k}.png")
    return str(path)


def of_folder(folder):
    return tiny("cvae", train_images=0).with_(dataset="folder", folder=folder, image_shape=(1, 12, 12))


def test_a_run_on_a_folder_gets_the_number_of_its_classes_and_can_be_trained(tmp_path):
    recipe = of_folder(folder_of_pictures(tmp_path / "pictures", ["cat", "dog", "emu"]))
    run = runs.create(recipe)
    assert run.recipe.classes == 3
    *_, last = train(run, "cpu")
    assert last.state == "finished"


def test_a_folder_without_classes_makes_no_run(tmp_path):
    with pytest.raises(DataError, match=r"no classes.*folder of its own.*labels\.csv.*VAE"):
        runs.create(of_folder(folder_of_pictures(tmp_path / "pictures", ["."])), "unlabelled")
    assert not runs.list_runs()


def test_a_class_that_is_left_out_takes_no_part_and_the_last_two_must_stay():
    nine = ", ".join("012345678")
    with pytest.raises(DataError, match="of one class"):
        runs.create(tiny("cvae", without_classes=nine))

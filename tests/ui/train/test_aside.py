"""The trained run beside the form: which one it is, and what its title says of it."""

from types import SimpleNamespace

import pytest

from tests.tiny_runs import tiny
from ui.train import page

ME = "aaaaaaaaaaaa"
FORM = {"model": "vae", "dataset": "folder", "folder": "signs.zip"}


def run(owner: str = "", example: bool = False, **recipe) -> SimpleNamespace:
    return SimpleNamespace(recipe=tiny().with_(**recipe), owner=owner, example=example)


@pytest.fixture(autouse=True)
def visitor(monkeypatch):
    monkeypatch.setattr(page, "me", lambda: ME)


def test_a_run_on_other_pictures_of_ones_own_is_not_on_the_same_images():
    fruit, signs = run(ME, dataset="folder", folder="fruit.zip"), run(ME, dataset="folder", folder="signs.zip")
    assert page._likeness(signs, FORM) == page.ALIKE > page._likeness(fruit, FORM) == page._likeness(run(), FORM)
    assert page._aside_title(signs, FORM) == "Your run of this model on these images"
    assert page._aside_title(fruit, FORM) == "Your run, trained already"


def test_the_title_says_whose_run_it_is_unless_it_is_an_example():
    form = FORM | {"dataset": "digits", "folder": ""}
    assert page._aside_title(run(example=True), form) == "What such a model can do"
    assert page._aside_title(run(example=True), FORM) == "What a trained model can do"
    assert page._aside_title(run("bbbbbbbbbbbb"), form) == "Another visitor's run of this model on these images"

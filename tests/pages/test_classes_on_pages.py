"""A model that is told the class on Interpolate, Planes and Map."""

import numpy as np
import pytest

from core import data, runs
from core.models import build
from core.runs import weights
from tests.pages.page_tools import open_page
from tests.tiny_runs import tiny
from ui.interpolate import paths
from ui.planes import inputs, place
from ui.reconstruct import cards
from ui.shared import model_cache
from ui.shared.image_choice import Pick


@pytest.fixture
def run():
    made = runs.create(tiny("cvae"), "told")
    weights.save(made.path / "best.safetensors", build(made.recipe).state_dict(), {"epoch": 1})
    return made


def test_the_way_changes_style_class_or_both_as_the_address_says(run, executor):
    page = open_page("interpolate", run="told", moves="class")
    assert not page.exception and page.session_state["interpolate_moves"] == "class"
    digits, loaded = data.load("digits"), model_cache.load(run)
    ends = paths.endpoints({"a": Pick("test", 0), "b": Pick("test", 1)}, loaded, digits)
    assert [end.z[2:].argmax() for end in ends.values()] == digits.test_labels[:2].tolist(), "their own classes"
    way = paths.paths_between(loaded, ends["a"], ends["b"], "class")["lerp"].z
    assert np.ptp(way[:, :2]) == pytest.approx(np.ptp(ends["a"].z[:2]), abs=1e-6) and (way[:, :2] == way[0, :2]).all()
    np.testing.assert_array_equal(way[-1, 2:], ends["b"].z[2:])
    page = open_page("interpolate", run="told", moves="colour")
    assert "Allowed: both, style or class" in page.warning[0].value


def test_a_plane_shows_the_class_that_is_chosen(run, executor, monkeypatch):
    page = open_page("planes", runs="told", **{"class": "3"})
    assert not page.exception and page.session_state[inputs.CLASS.box] == 3
    (box,) = [box for box in page.selectbox if box.label == "Class of the pictures"]
    assert box.options == [f"Class {k}" for k in range(10)]
    tiles = []
    for label in (3, 4):
        monkeypatch.setattr(place, "class_shown", lambda _, label=label: label)
        tiles.append(place.plane_of(run).message["tiles"])
    assert tiles[0] != tiles[1]


def test_the_map_of_a_model_that_is_told_the_class_says_that_it_is_one_of_styles(run, executor):
    page = open_page("map", run="told")
    assert not page.exception and any("one of styles" in caption.value for caption in page.caption)


def test_a_reconstruction_says_which_class_the_model_was_told(run, executor, monkeypatch):
    """A test image has its own class; a drawing gets the one that explains it best."""
    shown = []
    monkeypatch.setattr(cards, "reconstruct", lambda **given: shown.append(given["cards"][0].about))
    digits = data.load("digits")
    open_page("reconstruct", runs="told", image="5")
    assert shown[-1].endswith(f" · class {digits.classes[digits.test_labels[5]]}, its own")
    open_page("reconstruct", runs="told", image=Pick.own("drawn", digits.test_images[5]).text())
    assert shown[-1].endswith(", which explains it best")

"""Classes on the Generate page: the choice of one, and the sheet of all classes in several styles."""

import csv
import io

import numpy as np
import pytest
import torch

from core import data, runs
from core.latent import codec
from core.models import build
from core.recipes.presets import preset
from core.runs import weights
from core.runs.class_names import class_names
from tests.pages.page_tools import open_page
from tests.tiny_runs import tiny
from ui.generate import classes, downloads
from ui.shared import model_cache

D = 3


@pytest.fixture
def run():
    made = runs.create(tiny("cvae", latent_dim=D), "told")
    model = build(made.recipe)
    with torch.no_grad():
        model.encoder.class_images.normal_(generator=torch.Generator().manual_seed(1))
    model.kl_per_dim.copy_(torch.linspace(1, 2, D))
    weights.save(made.path / "best.safetensors", model.state_dict(), {"epoch": 1})
    return made


def visit(**query):
    return open_page("generate", run="told", **query)


def here(page):
    return page.session_state["latent_cursors"]["told@" + str(runs.open_run("told").weights_version())]


def picker(page):
    (found,) = [box for box in page.get("button_group") if box.label == "Class"]
    return found


def test_the_buttons_have_the_names_of_the_classes_and_keep_the_style(run):
    page = visit()
    assert not page.exception
    style = here(page).sigma_units[:D]
    assert sum(here(page).sigma_units[D:]) == pytest.approx(1), "the first point is of one class"
    picker(page).set_value(7).run()
    assert here(page).sigma_units == style + [float(k == 7) for k in range(10)]
    page = page.run()
    page.button(key="generate_zero").click().run()
    assert here(page).sigma_units == [0.0] * D + [float(k == 7) for k in range(10)], "Zero keeps the class"
    page = page.run()
    page.button(key="generate_random").click().run()
    assert here(page).sigma_units[D:] == [float(k == 7) for k in range(10)]
    assert np.abs(here(page).sigma_units[:D]).min() > 0


def test_a_link_holds_the_class_and_a_mixture_has_none(run):
    page = visit(z="_".join(["0.5"] * D + ["0", "0", "0", "1"] + ["0"] * 6))
    assert here(page).sigma_units[D + 3] == 1.0 and classes.class_of(model_cache.load(run), here(page).sigma_units) == 3
    page = visit(z="_".join(["0.5"] * D + ["0.5", "0.5"] + ["0"] * 8))
    assert classes.class_of(model_cache.load(run), here(page).sigma_units) is None and not page.exception
    page = visit(z="1_2_3")
    assert "a point that this model does not have: 13 numbers" in page.warning[0].value


def test_a_test_image_is_encoded_with_its_own_class(run):
    digits, loaded = data.load("digits"), model_cache.load(run)
    from ui.shared.encode import encode

    z = encode(loaded, digits.test_images[:4], labels=[None, 2, 2, int(digits.test_labels[3])])
    assert z[1:, D:].argmax(1).tolist() == [2, 2, digits.test_labels[3]]
    alone = codec.encode(loaded.model, digits.test_images[:1])
    np.testing.assert_allclose(z[:1], alone, atol=1e-6)


def test_the_sheet_has_a_row_for_each_class_and_its_first_column_is_the_point(run):
    loaded = model_cache.load(run)
    point = [0.5, -1.0, 2.0] + [0.0] * 9 + [1.0]
    drawn = np.float32([[1, 2, 3], [4, 5, 6]])
    row = classes.of_columns(loaded, point, drawn, 4)
    np.testing.assert_array_equal(row[:, :D], [[0.5, -1, 2], [1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(row[:, D:].argmax(1), [4, 4, 4])
    page = visit(styles="3")
    first = classes._drawn(loaded, 5, 3)
    assert page.session_state["generate_style_seed"] == 3 and first.shape == (5, D)
    page.button(key="generate_styles_other").click().run()
    assert page.session_state["generate_style_seed"] == 4
    assert not np.allclose(first, classes._drawn(loaded, 5, 4))


def test_the_table_of_the_point_names_the_classes(run):
    page = visit()
    text = downloads.point_csv(model_cache.load(run), here(page), class_names(run)).decode()
    names = [row[0] for row in csv.reader(io.StringIO(text))]
    assert names == ["dimension", "0", "1", "2", *(f"class {k}" for k in range(10))]


def test_a_model_that_is_told_nothing_has_no_classes():
    other = runs.create(tiny("mlp-vae"), "plain")
    weights.save(other.path / "best.safetensors", build(other.recipe).state_dict(), {"epoch": 1})
    page = open_page("generate", run="plain")
    assert class_names(other) == () and not [box for box in page.get("button_group") if box.label == "Class"]
    assert preset("mlp-vae").classes == 0

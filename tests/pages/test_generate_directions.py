"""Directions on the Generate page: kinds of sliders, attributes with their measure, samples of a posterior, latent
arithmetic."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from streamlit.testing.v1 import AppTest

from core import data, runs
from core.latent import codec, posterior_draws, sampling
from core.models import build
from core.recipes.adaptation import for_digits
from core.recipes.presets import preset
from core.runs import weights
from tests.pages.page_tools import open_page, text_of
from tests.tiny_runs import tiny, trained
from ui.generate import board
from ui.shared import model_cache


def make(name: str = "run", preset_name: str = "mlp-vae", **changes) -> runs.Run:
    """An untrained run with weights, whose latents have a mean and a covariance."""
    recipe = for_digits(preset(preset_name)).with_(**{"hidden": (16,)} | changes)
    run, model = runs.create(recipe, name), build(recipe)
    generator = torch.Generator().manual_seed(0)
    spread = torch.randn(model.latent_dim, model.latent_dim, generator=generator)
    model.latent_cov.copy_(spread @ spread.T / model.latent_dim)
    model.latent_mean.copy_(torch.randn(model.latent_dim, generator=generator))
    weights.save(run.path / "best.safetensors", model.state_dict(), {"epoch": 1})
    return run


@pytest.fixture
def seen(monkeypatch) -> dict:
    """What the board was last given."""
    found: dict = {}
    monkeypatch.setattr(board, "latent_board", lambda **given: found.update(given))
    return found


def here(page: AppTest):
    return list(page.session_state["latent_cursors"].values())[-1]


def kinds(page: AppTest) -> list[str]:
    groups = [group for group in page.get("button_group") if group.key.startswith("generate_sliders")]
    return [option.content for group in groups for option in group.proto.options]


def asked(page: AppTest, name: str) -> str:
    """The text of a parameter of the address."""
    value = page.query_params[name]
    return value if isinstance(value, str) else value[0]


def press(page: AppTest, key: str) -> None:
    page.button(key=key).click().run()
    assert not page.exception
    page.run()


@pytest.mark.parametrize(("d", "first"), [(5, "raw"), (33, "principal")])
def test_many_dimensions_begin_with_their_principal_directions(d, first, seen):
    make(latent_dim=d)
    page = open_page("generate")
    assert kinds(page) == ["Principal directions", "Attributes", "Raw dimensions"]
    assert seen["sliders"].name == first and "sliders" not in page.query_params
    other = open_page("generate", sliders="raw" if first == "principal" else "principal")
    assert seen["sliders"].name != first and other.query_params["sliders"]


def test_one_dimension_has_no_principal_direction():
    make(latent_dim=1)
    assert kinds(open_page("generate")) == ["Attributes", "Raw dimensions"]


def test_a_generator_from_scratch_has_no_direction_at_all(seen):
    make("scratch", "decoder-gan", generator="scratch", latent_dim=40, channels=(4, 8), d_channels=(4, 8))
    page = open_page("generate", run="scratch")
    assert kinds(page) == [] and seen["sliders"].directions is None
    assert "no directions between images" in text_of(page)


def test_the_caption_of_principal_directions_says_how_much_they_hold(seen):
    run = make(latent_dim=40)
    page = open_page("generate")
    cov = weights.load_model(run).latent_cov.numpy()
    share = np.sort(np.linalg.eigvalsh(cov))[::-1] / np.trace(cov)
    shown = share[:24][share[:24] >= 0.005]
    assert seen["sliders"].names[:3] == ("1st direction", "2nd direction", "3rd direction")
    assert seen["sliders"].notes[0] == f"{100 * share[0]:.0f} % of the variance"
    assert f"{len(shown)} of 40, with {100 * shown.sum():.0f} % of the variance" in text_of(page)


def test_attributes_are_measured_on_test_images_as_scikit_learn_does(seen):
    run = make(latent_dim=5)
    open_page("generate", sliders="attributes", attributes="c3-8_c-1")
    model, images = weights.load_model(run), data.load("digits", run.recipe.shape)
    trained, z = codec.training_latents(model, run.recipe, images, 2_000)
    labels, tests = images.train_labels[trained], codec.encode(model, images.test_images)
    areas = []
    for b, a in ((8, labels == 3), (1, labels != 1)):
        unit = z[labels == b].mean(0) - z[a].mean(0)
        chosen = (images.test_labels == b) | ((images.test_labels == 3) if b == 8 else True)
        areas.append(roc_auc_score(images.test_labels[chosen] == b, tests[chosen] @ unit))
    assert seen["sliders"].names == ("3 → 8", "others → 1")
    assert [f"AUROC {area:.2f}" in note for area, note in zip(areas, seen["sliders"].notes, strict=True)] == [True] * 2


def test_at_first_the_classes_that_lie_nearest_to_each_other_have_sliders(seen):
    run = make(latent_dim=5)
    page = open_page("generate", sliders="attributes")
    model, images = weights.load_model(run), data.load("digits", run.recipe.shape)
    trained, z = codec.training_latents(model, run.recipe, images, 2_000)
    means = [z[images.train_labels[trained] == k].mean(0) for k in range(10)]
    pairs = sorted((np.linalg.norm(means[a] - means[b]), a, b) for a in range(10) for b in range(a + 1, 10))
    assert seen["sliders"].names == tuple(f"{a} → {b}" for _, a, b in pairs[:3])
    assert "attributes" not in page.query_params and asked(page, "sliders") == "attributes"


@pytest.mark.parametrize("text", ["c3", "c3-3", "x", "c3-8_c99-1", "_".join(["c3-8"] * 13), ""])
def test_attributes_that_do_not_exist_get_one_sentence_and_leave_the_address(text, seen):
    make(latent_dim=5)
    page = open_page("generate", sliders="attributes", attributes=text)
    assert len(page.warning) == 1 and "attributes of this data set" in page.warning[0].value
    assert "attributes" not in page.query_params and len(seen["sliders"].names) == 3


def test_a_slider_is_removed_and_without_any_the_page_says_what_to_do(seen):
    make(latent_dim=5)
    page = open_page("generate", sliders="attributes", attributes="c3-8_c4-9")
    for left in ("c4-9", "none"):
        # As the message of the browser does before the script runs.
        chosen = page.session_state["generate_attributes_run"]
        page.session_state["generate_attributes_run"] = chosen[1:]
        page.run()
        assert not page.exception and asked(page, "attributes") == left
    assert "no attribute yet" in text_of(page) and not seen["sliders"].names


def test_an_attribute_is_added_in_the_popover(seen):
    make(latent_dim=5)
    page = open_page("generate", {"generate_attribute": True}, sliders="attributes", attributes="none")
    page.selectbox(key="generate_attribute_class_digits_from").set_value(7).run()
    page.selectbox(key="generate_attribute_class_digits_to").set_value(7).run()
    assert page.button(key="generate_attribute_add").disabled
    page.selectbox(key="generate_attribute_class_digits_to").set_value(2).run()
    press(page, "generate_attribute_add")
    assert seen["sliders"].names == ("7 → 2",) and asked(page, "attributes") == "c7-2"


def test_two_groups_of_picked_images_are_an_attribute_measured_by_leaving_out_pairs(seen):
    run = make(latent_dim=5)
    groups = {"generate_attribute_groups_run": {"A": [0, 5, 9], "B": [3, 4]}, "generate_attribute_kind": "images"}
    page = open_page("generate", {"generate_attribute": True, **groups}, sliders="attributes", attributes="none")
    press(page, "generate_attribute_add")
    assert seen["sliders"].names == ("your images, 3 → 2",) and asked(page, "attributes") == "g0.5.9-3.4"
    model, images = weights.load_model(run), data.load("digits", run.recipe.shape)
    a, b = (codec.encode(model, images.test_images[list(k)]) for k in ((0, 5, 9), (3, 4)))
    without = lambda points, k: np.delete(points, k, 0).mean(0)  # noqa: E731
    right = [(without(b, j) - without(a, i)) @ (b[j] - a[i]) > 0 for i in range(3) for j in range(2)]
    assert f"AUROC {np.mean(right):.2f}" in seen["sliders"].notes[0]


def test_without_an_encoder_the_measure_is_of_training_images_kept_apart(seen):
    recipe = for_digits(preset("auto-decoder")).with_(latent_dim=4, channels=(4, 8), hidden=(16,))
    run = runs.create(recipe, "ad")
    weights.save(run.path / "best.safetensors", build(recipe).state_dict(), {"epoch": 1})
    page = open_page("generate", sliders="attributes")
    assert len(seen["sliders"].names) == 3 and "training images kept apart" in text_of(page)


def test_without_its_images_attributes_say_what_is_missing_and_the_dimensions_stay(seen):
    make(latent_dim=5, dataset="mnist")
    page = open_page("generate", sliders="attributes")
    assert "MNIST is not on this machine" in page.warning[0].value and seen["sliders"].directions is None


@pytest.mark.parametrize("query", [{"sliders": "principal"}, {"sliders": "attributes"}, {}])
def test_the_pictures_at_the_ends_of_a_slider_are_those_of_the_decoded_points(query, seen, monkeypatch):
    run = make(latent_dim=5)
    loaded, sheet = model_cache.load(run), {}
    monkeypatch.setattr(board, "requested_slice", lambda key, d: (0, d))
    monkeypatch.setattr(board, "rows_for", lambda images, steps, shape: 3)
    monkeypatch.setattr(board, "traversal", lambda **given: sheet.update(given))
    page = open_page("generate", **query)
    point, found = np.array(here(page).sigma_units), seen["sliders"].directions
    steps = len(sheet["tiles"]) // 3
    for row in range(3):
        for end, place in ((-3, row * steps), (3, (row + 1) * steps - 1)):
            moved = point.copy()
            if found is None:
                moved[sheet["order"][row]] = end
            else:
                moved += (end - found.dual[row] @ point + found.offset[row]) * found.vectors[row]
            expected = codec.decode(loaded.model, loaded.axes.to_z(moved[None]))[0]
            assert np.abs(sheet["tiles"][place].astype(int) - expected).max() <= 1


@pytest.mark.parametrize("preset_name", ["mlp-vae", "plane-vad"])
def test_a_point_can_be_the_mean_or_a_sample_of_the_images_posterior(preset_name):
    run = make(preset_name=preset_name, latent_dim=3)
    images = data.load("digits", run.recipe.shape)
    page = open_page("generate", z="0_0_0", **{"from": "3"})
    loaded = model_cache.load(run)
    mean, sigma = (of(loaded.model, images.test_images[3:4]) for of in (codec.encode, posterior_draws.deviations))
    assert sigma is not None
    again = "generate_posterior_again_run"
    for seed in (1, 2):
        press(page, again)
        expected = mean[0] + sigma[0] * sampling.prior(1, 3, seed)[0]
        assert np.allclose(loaded.axes.to_z(here(page).sigma_units), expected, atol=1e-3)
        assert asked(page, "sample") == str(seed) and page.session_state["generate_posterior_run"] == "sample"
    press(page, "generate_undo")
    assert asked(page, "sample") == "1"
    back = open_page("generate", z="1_1_1", sample="1", **{"from": "3"})
    assert back.session_state["generate_posterior_run"] == "sample" and not back.warning
    bad = open_page("generate", z="1_1_1", sample="0", **{"from": "3"})
    assert "sample that does not exist" in bad.warning[0].value and "sample" not in bad.query_params


def test_an_image_that_becomes_a_point_has_no_samples():
    make(preset_name="deep-ae", latent_dim=3)
    page = open_page("generate", z="0_0_0", **{"from": "3"})
    assert here(page).original is not None and not [b for b in page.button if "posterior" in (b.key or "")]


@pytest.mark.parametrize("preset_name", ["mlp-vae", "deep-ae"])
def test_the_result_of_latent_arithmetic_is_opened_in_the_sliders(preset_name):
    run = make(preset_name=preset_name, latent_dim=4)
    page = open_page("generate", a="5", b="2", c="9")
    loaded, images = model_cache.load(run), data.load("digits", run.recipe.shape)
    z = codec.encode(loaded.model, images.test_images[[5, 2, 9]])
    press(page, "generate_arithmetic_open")
    assert np.allclose(loaded.axes.to_z(here(page).sigma_units), z[0] - z[1] + z[2], atol=1e-4)
    assert here(page).can_undo and [asked(page, name) for name in "abc"] == ["5", "2", "9"]


def test_arithmetic_begins_with_two_of_one_class_and_one_of_another_and_is_closed_at_first():
    run = make(latent_dim=4)
    closed = open_page("generate")
    assert not {"a", "b", "c"} & set(closed.query_params)
    page = open_page("generate", {"generate_arithmetic": True})
    labels = data.load("digits", run.recipe.shape).test_labels
    a, b, c = (labels[int(asked(page, name))] for name in "abc")
    assert (a, b, c) == (0, 1, 1) and asked(page, "b") != asked(page, "c")


def test_directions_and_arithmetic_of_a_model_that_is_told_the_class_are_those_of_the_style(seen):
    run = trained(tiny("cvae", latent_dim=3, epochs=1), "told")
    loaded, images = model_cache.load(run), data.load("digits", run.recipe.shape)
    page = open_page("generate", run="told", sliders="attributes", attributes="c3-8", a="5", b="2", c="9")
    assert seen["sliders"].directions.vectors.shape == (1, 13) and not seen["sliders"].directions.vectors[:, 3:].any()
    z = codec.encode(loaded.model, images.test_images[[5, 2, 9]], labels=images.test_labels[[5, 2, 9]])
    press(page, "generate_arithmetic_open")
    found = loaded.axes.to_z(here(page).sigma_units)
    assert np.allclose(found[:3], (z[0] - z[1] + z[2])[:3], atol=1e-4)
    assert found[3:].argmax() == images.test_labels[9] and found[3:].sum() == pytest.approx(1)
    open_page("generate", run="told", sliders="principal")
    assert not seen["sliders"].directions.dual[:, 3:].any()

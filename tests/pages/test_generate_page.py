"""The Generate page in each of its states, with small models on the digits."""

import csv
import io
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from core import data, runs
from core.images import convert
from core.latent import codec, encoding, mixture, planes, sampling
from core.models import build
from core.recipes.adaptation import for_digits
from core.recipes.presets import preset
from core.runs import weights
from core.system import paths
from tests.pages.page_tools import open_page
from ui.generate import downloads, latent_range, sampler, views
from ui.shared import model_cache, owner, training_points
from ui.shared.image_choice import Pick
from ui.shared.latent_cursor import LatentCursor


def make(name: str, preset_name: str = "mlp-vae", **changes) -> runs.Run:
    """An untrained run with weights: the page does not ask how good they are."""
    recipe = for_digits(preset(preset_name)).with_(hidden=(16,), **changes)
    run = runs.create(recipe, name)
    model = build(recipe)
    model.kl_per_dim.copy_(torch.linspace(0, 1, recipe.latent_dim))
    weights.save(run.path / "best.safetensors", model.state_dict(), {"epoch": 1})
    return run


def visit(**query) -> AppTest:
    return open_page("generate", **query)


def press(page: AppTest, key: str) -> None:
    """Clicks a button that reruns one fragment; AppTest then holds that fragment alone, so the page is run again."""
    page.button(key=key).click().run()
    assert not page.exception
    page.run()


def test_the_points_on_a_plane_are_of_every_class_where_a_folder_sorts_its_images(monkeypatch):
    labels = np.repeat(np.arange(5), 1000)
    images = np.broadcast_to(labels[:, None, None], (5000, 28, 28)).astype(np.uint8)
    sorted_set = data.ImageSet("folder", images, labels, images, labels, tuple("abcde"))
    monkeypatch.setattr(data, "load", lambda *place, **choices: sorted_set)
    first_pixels = lambda model, levels, chunk, labels: SimpleNamespace(mean=levels[:, 0, 0, :2].float())  # noqa: E731
    monkeypatch.setattr(encoding, "posteriors", first_pixels)
    model = SimpleNamespace(adversarial=False, latent_table=(), table_images=None, latent_mean=torch.zeros(2))
    loaded = SimpleNamespace(model=model)
    z, shown, classes = training_points._points("sorted", _run=make("sorted"), _loaded=loaded)
    assert len(shown) == 2_000 and len(classes) == 5
    assert (abs(np.bincount(shown) - 400) <= 20).all(), "in proportion, but for those held out of training"
    assert (z[:, 0] == shown).all(), "each point keeps the label of its own image"


def here(page: AppTest):
    """The point of the model looked at last."""
    return list(page.session_state["latent_cursors"].values())[-1]


def test_without_runs_it_says_what_to_do_next():
    page = visit()
    assert "Nothing has been trained yet" in page.info[0].value
    assert [b.label for b in page.button] == ["Train your first model", "Choose what to train"]


def test_a_run_without_weights_is_waited_for():
    runs.create(for_digits(preset("mlp-vae")), "young")
    assert "after the first epoch" in visit().info[0].value


def test_a_damaged_run_is_named_and_the_others_work():
    make("good")
    bad = paths.runs_folder() / "bad"
    bad.mkdir()
    (bad / "recipe.json").write_text("{oops")
    page = visit()
    assert page.selectbox(key="run_box").options[0].startswith("good")
    assert "1 run cannot be used" in [e.label for e in page.expander]
    assert any("'bad' is not a usable run" in t.value for t in page.text)


def test_weights_of_another_model_are_refused_in_a_sentence():
    run, other = make("one"), make("two", latent_dim=3)
    (run.path / "best.safetensors").write_bytes((other.path / "best.safetensors").read_bytes())
    page = visit(run="one")
    assert "do not fit its recipe" in page.error[0].value


def test_truncated_weights_are_refused_in_a_sentence():
    run = make("one")
    file = run.path / "best.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    assert "damaged" in visit().error[0].value


def test_the_address_chooses_the_run_and_a_bad_name_is_ignored_with_a_message():
    make("one")
    make("two")
    assert visit(run="one").selectbox(key="run_box").value == "one"
    page = visit(run="three")
    assert "does not exist" in page.warning[0].value and "three" not in page.warning[0].value
    assert page.selectbox(key="run_box").value in ("one", "two")


def test_a_run_that_cannot_be_opened_says_why():
    make("one")
    runs.create(for_digits(preset("mlp-vae")), "queued")
    damaged = make("damaged")
    (damaged.path / "recipe.json").write_text("{")
    assert "no weights yet" in visit(run="queued").warning[0].value
    assert "is damaged" in visit(run="damaged").warning[0].value
    chosen = make("chosen")
    page = visit(run="chosen")
    chosen.delete()
    page.run()
    assert "was deleted or renamed. You see another one" in page.warning[0].value


@pytest.mark.parametrize(("preset_name", "d"), [("mlp-vae", 1), ("plane-vae", 2), ("mlp-vae", 128), ("deep-ae", 5)])
def test_every_kind_of_model_has_its_page(preset_name, d):
    make("run", preset_name, latent_dim=d)
    page = visit()
    assert len(here(page).sigma_units) == d
    usual = "gaussian" if preset_name == "deep-ae" else "prior"
    assert [r.value for r in page.radio if r.label == "Draw from"] == [usual], "for the button and the grid"


def test_the_first_picture_is_that_of_a_training_image_among_its_own_class():
    run = make("run")
    page = visit()
    model, images = weights.load_model(run), data.load("digits", run.recipe.shape)
    index, z = codec.training_latents(model, run.recipe, images, training_points.MOST)
    at = np.flatnonzero(np.isclose(z, here(page).sigma_units, atol=1e-4).all(1))
    assert len(at) == 1, "the latent of one training image"
    labels = images.train_labels[index]
    means = np.stack([z[labels == k].mean(0) for k in range(10)])
    own = labels[at[0]]
    assert np.linalg.norm(means - z[at[0]], axis=1).argmin() == own, "nearest to the mean of its own class"
    of_its_class = np.linalg.norm(z[labels == own] - means[own], axis=1)
    assert np.isclose(np.linalg.norm(z[at[0]] - means[own]), of_its_class.min())


def test_without_its_images_the_first_picture_is_a_clear_draw_of_the_prior():
    run = make("run", dataset="mnist")
    page = visit()
    draws = sampling.prior(32, 20, seed=0)
    at = np.flatnonzero(np.isclose(draws, here(page).sigma_units, atol=1e-5).all(1))
    pictures = codec.decode(weights.load_model(run), draws).reshape(32, -1) / 255.0
    grey = [float((p * (1 - p)).sum() / p.sum()) for p in pictures]
    assert len(at) == 1 and grey[at[0]] == min(grey)


@pytest.mark.parametrize(
    ("spread", "offered", "first"),
    [(0.9, ["±3 σ (99.7 % of N(0, 1))"], 3.0), (8.0, ["±3 σ (99.7 % of N(0, 1))", "Most images (±24 σ)"], 24.0)],
)
def test_the_range_follows_the_latents(spread, offered, first, monkeypatch):
    monkeypatch.setattr(latent_range, "training_points", lambda run, loaded: (None, None, ()))
    run = make("run", latent_dim=3)
    model = build(run.recipe)
    model.latent_cov.copy_(spread**2 * torch.eye(3))
    weights.save(run.path / "best.safetensors", model.state_dict(), {"epoch": 1})
    page = visit()
    choices = [c for c in page.get("button_group") if c.key.startswith("generate_range")]
    assert [o.content for c in choices for o in c.proto.options] == (offered if len(offered) > 1 else [])
    asked = []
    monkeypatch.setattr(
        views, "_plane_tiles", lambda *a, **k: asked.append(a[3]) or np.zeros((49 * 49, 28, 28), np.uint8)
    )
    visit()
    assert asked and set(asked) == {first}, "the plane reaches as far"


def test_the_farthest_image_lies_in_the_widest_range(monkeypatch):
    run = make("run", latent_dim=3)
    z = np.array([[0.1, -3.7, 0.2], [12.3, 0.0, 1.0]], np.float32)
    monkeypatch.setattr(latent_range, "training_points", lambda run, loaded: (z, np.zeros(2, int), ("a",)))
    assert latent_range.ranges(run, model_cache.load(run))["all"] == 13.0


def test_random_draws_with_the_seed_and_counts_it_up_then_undo_goes_back():
    make("run", latent_dim=3)
    page = visit()
    start = list(here(page).sigma_units)
    page.slider(key="generate_grid_temperature").set_value(0.5).run()
    page.session_state["generate_seed"] = 41
    press(page, "generate_random")
    assert np.allclose(here(page).sigma_units, sampling.prior(1, 3, seed=41, temperature=0.5)[0])
    assert page.session_state["generate_seed"] == 42
    press(page, "generate_undo")
    assert here(page).sigma_units == start
    press(page, "generate_redo")
    assert here(page).sigma_units != start


def test_zero_goes_to_the_centre():
    make("run", latent_dim=3)
    page = visit()
    press(page, "generate_zero")
    assert here(page).sigma_units == [0.0, 0.0, 0.0]


def test_undo_and_redo_can_be_pressed_only_where_there_is_a_step():
    make("run")
    page = visit()
    usable = lambda: [not page.button(key=f"generate_{name}").disabled for name in ("undo", "redo")]  # noqa: E731
    assert usable() == [False, False]
    press(page, "generate_zero")
    assert usable() == [True, False]
    press(page, "generate_undo")
    assert usable() == [False, True]


def test_after_a_reload_steps_can_still_be_undone_and_a_link_to_another_point_has_none():
    make("run", latent_dim=3)
    visitor = {owner._TOKEN: "the same browser"}
    page = open_page("generate", visitor, z="1_2_3")
    press(page, "generate_zero")
    again = open_page("generate", visitor, z="0_0_0")
    press(again, "generate_undo")
    assert here(again).sigma_units == [1.0, 2.0, 3.0] and here(again).can_redo
    assert not here(open_page("generate", visitor, z="0.5_0_0")).can_undo


def test_a_link_leads_to_the_point_its_original_and_its_settings():
    make("run", latent_dim=3)
    picture = np.arange(784, dtype=np.uint8).reshape(28, 28)
    own = Pick.own("drawn", picture).text()
    page = visit(z="1.25_-0.5_0", next="41", seed="9", spread="0.5", draw="gaussian", **{"from": own})
    assert here(page).sigma_units == [1.25, -0.5, 0.0] and not here(page).can_undo and not page.warning
    assert (here(page).original.picture == picture).all() and here(page).original.text == own
    state = page.session_state
    assert (state["generate_seed"], state["generate_grid_seed"]) == (41, 9)
    assert state["generate_grid_temperature"] == 0.5 and [r.value for r in page.radio] == ["gaussian"]


@pytest.mark.parametrize("z", ["1_2", "1_2_3_4", "1_2_x", "nan_0_0", "1e9_0_0", "", "__"])
def test_a_point_that_the_model_does_not_have_gets_one_sentence_and_leaves_the_address(z):
    make("run", latent_dim=3)
    page = visit(z=z)
    assert "3 numbers" in page.warning[0].value and len(page.warning) == 1 and "z" not in page.query_params
    assert np.allclose(here(page).sigma_units, here(visit()).sigma_units), "where the page opens without a point"


def test_every_control_has_help():
    make("run", "deep-ae", latent_dim=5)
    page = visit()
    for kind in ("button", "selectbox", "slider", "number_input", "radio", "toggle"):
        for widget in getattr(page, kind):
            assert widget.help, f"{kind} {widget.label}"


def test_the_point_of_each_run_is_kept_apart():
    make("one", latent_dim=3)
    make("two", latent_dim=4)
    page = visit(run="one")
    press(page, "generate_zero")
    page.selectbox(key="run_box").select("two").run()
    assert len(here(page).sigma_units) == 4
    page.selectbox(key="run_box").select("one").run()
    assert here(page).sigma_units == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("source", mixture.SAMPLERS)
def test_random_draws_from_what_is_chosen(source):
    run = make("run", latent_dim=3)
    page = visit()
    page.radio(key="generate_grid_from_prior").set_value(source).run()
    page.session_state["generate_seed"] = 41
    press(page, "generate_random")
    model = weights.load_model(run)
    fitted = mixture.for_run(run, model) if source == "mixture" else None
    assert np.allclose(here(page).sigma_units, mixture.draw(model, source, 1, 41, 1.0, fitted)[0], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("preset_name", "family"), [("mlp-vae", "prior"), ("auto-decoder-fast", "fitted")])
def test_the_grid_draws_from_a_mixture_and_says_what_it_is_fitted_to(preset_name, family):
    run = make("run", preset_name, latent_dim=3)
    page = visit()
    page.radio(key=f"generate_grid_from_{family}").set_value("mixture").run()
    assert not page.exception and not page.warning
    fitted = mixture.for_run(run, weights.load_model(run))
    said = f"a mixture of {len(fitted.weights)} Gaussian"
    assert any(said in c.value and f"{fitted.latents:,} training latents" in c.value for c in page.caption)


def test_without_its_images_a_mixture_is_missed_in_a_sentence_and_something_else_is_drawn():
    make("run", latent_dim=3, dataset="mnist")
    page = visit()
    page.radio(key="generate_grid_from_prior").set_value("mixture").run()
    assert "MNIST is not on this machine" in page.warning[0].value and "is used instead" in page.warning[0].value
    page.button(key="generate_random").click().run()
    assert not page.exception and "is used instead" in page.toast[0].value


@pytest.mark.slow
def test_a_model_without_a_prior_is_told_so_whichever_it_is():
    make("run", "auto-decoder-fast", latent_dim=3)
    page = open_page("generate", {"generate_depth": True})
    assert any("This model has no prior" in m.value for m in page.markdown)
    assert "This model has no prior" in page.radio(key="generate_grid_from_fitted").help


def test_the_samples_of_a_model_without_a_prior_come_from_n_0_i_after_one_click():
    make("run", "plane-ae")
    page = visit()
    said = lambda: " ".join(c.value for c in page.caption)  # noqa: E731
    assert (
        page.radio(key="generate_grid_from_fitted").value == "gaussian" and "the mean of the training latents" in said()
    )
    page.button(key="generate_grid_other").click().run()
    page.run()
    assert page.radio(key="generate_grid_from_fitted").value == "prior" and "closer to z = 0" in said()
    assert page.radio(key="generate_grid_from_fitted").options[0] == "Standard normal N(0, I)", "it is not its prior"
    page.button(key="generate_grid_other").click().run()
    page.run()
    assert page.radio(key="generate_grid_from_fitted").value == "gaussian"


def test_the_downloads_hold_what_the_page_shows():
    run = make("run", latent_dim=3)
    loaded = model_cache.load(run)
    cursor = LatentCursor([0.5, -1.25, 7.0])
    rows = list(csv.DictReader(io.StringIO(downloads.point_csv(loaded, cursor).decode())))
    assert [float(row["sigma_units"]) for row in rows] == cursor.sigma_units == [float(row["z"]) for row in rows]
    side = loaded.shape.height
    sheet = convert.from_png(downloads.sheet_png(loaded, cursor, 2, 4.0))[::2, ::2]
    dim, step = int(loaded.axes.order[1]), 9
    point = list(cursor.sigma_units)
    point[dim] = -4.0 + 8.0 * step / 12
    expected = codec.decode(loaded.model, np.array([point], np.float32))[0]
    assert sheet.shape == (2 * side, 13 * side)
    found = sheet[side : 2 * side, step * side : (step + 1) * side]
    assert np.abs(found.astype(int) - expected).max() <= 1
    i, j = (int(k) for k in loaded.axes.order[:2])
    plane = convert.from_png(downloads.plane_png(loaded, planes.dimension_plane(i, j, 3), cursor, 5, 2.0))
    point = list(cursor.sigma_units)
    point[i], point[j] = 1.0, 2.0  # fourth column, uppermost row
    expected = codec.decode(loaded.model, np.array([point], np.float32))[0]
    assert np.abs(plane[:side, 3 * side : 4 * side].astype(int) - expected).max() <= 1


def test_plane_and_samples_are_downloaded_as_the_page_shows_them(monkeypatch):
    make("run", latent_dim=3)
    files = {}
    monkeypatch.setattr(downloads, "_button", lambda label, key, name, make, about: files.update({name: make}))
    monkeypatch.setattr(downloads, "plane_png", lambda loaded, pair, here, side, span: pair.names)
    monkeypatch.setattr(
        sampler, "grid", lambda run, loaded, *settings: (np.full((1, 28, 28), settings[0], np.uint8), "")
    )
    page = visit(seed="9", directions="main")
    # The files of the first drawing of the page, made after what only a part of it has heard of.
    plane, samples = files["run-plane.png"], files["run-samples.png"]
    assert plane() == ("PC 1", "PC 2") and convert.from_png(samples()).max() == 9
    page.number_input(key="generate_grid_seed").set_value(12).run()
    assert convert.from_png(samples()).max() == 12

"""The fast recipe is offered first, the classic beside it, with times that are those of what would be trained."""

import pytest
from streamlit.testing.v1 import AppTest

from core import data, runs
from core.data import loading
from core.jobs import waiting
from core.jobs.queue import JobQueue
from core.jobs.speed_estimates import SpeedEstimates
from core.recipes import adaptation, duration, presets
from core.recipes.recipe import Recipe
from tests.fake_executor import FakeExecutor
from tests.pages.page_tools import speeds
from ui.train import form_speed


def script(estimates, idle):
    import streamlit as st

    from ui.train.form import recipe_form

    recipe = recipe_form(estimates=estimates, idle=idle)
    st.session_state["made"] = recipe.to_dict() if recipe else None


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setattr(waiting, "slowdown", lambda: 1.0)
    monkeypatch.setattr(data, "status", lambda: {n: loading.Status(True, "somewhere", "small") for n in data.SOURCES})


@pytest.fixture
def estimates():
    queue = JobQueue(FakeExecutor())
    yield SpeedEstimates(queue)
    queue.close()


def know(estimates, rates: dict[Recipe, float]) -> None:
    for recipe, rate in rates.items():
        estimates.note(duration.speed_key(recipe), rate)


def visit(estimates, idle=False, recipe: str | None = None) -> AppTest:
    form = AppTest.from_function(script, default_timeout=120, kwargs={"estimates": estimates, "idle": idle})
    if recipe:
        form.query_params["recipe"] = recipe
    form.run()
    assert not form.exception
    return form


def made(form) -> Recipe:
    return Recipe.from_dict(form.session_state["made"])


def speed(form):
    return next((group for group in form.button_group if group.key == form_speed.KEY), None)


def said(form) -> str:
    return next(caption.value for caption in form.caption if caption.value.startswith("Fast: "))


def asked(estimates) -> list[str]:
    return [job.recipe.name for job in estimates.tests()]


FAST, CLASSIC = presets.PRESETS["mlp-vae-fast"], presets.PRESETS["mlp-vae"]
# 2 and 10 epochs of 59,000 images and 1,000 held out, which count for three quarters: 119.5 s and 1,195 s.
RATES = {FAST: 1_000.0, CLASSIC: 500.0}


def test_until_the_paces_are_known_no_time_is_named_and_both_are_asked_for_the_fast_one_first(estimates):
    form = visit(estimates, idle=True)
    assert speeds(form) == [f"{name} · {form_speed.MEASURING}" for name in ("Fast", "Classic")]
    assert speed(form).value == "fast"
    assert said(form) == "Fast: same quality." and asked(estimates) == ["mlp-vae-fast", "mlp-vae"]


def test_nothing_is_asked_while_something_trains_but_what_is_known_is_shown(estimates):
    assert speeds(visit(estimates)) == ["Fast", "Classic"] and not asked(estimates)
    know(estimates, {FAST: 1_000.0})
    assert speeds(visit(estimates)) == ["Fast · about 2 min", "Classic"] and not asked(estimates)


def test_the_times_are_epochs_times_images_over_the_pace_and_their_ratio_is_told(estimates):
    know(estimates, RATES)
    form = visit(estimates, idle=True)
    assert speeds(form) == ["Fast · about 2 min", "Classic · about 20 min"]
    assert said(form) == "Fast: 10× as fast as Classic, same quality." and not asked(estimates)
    know(estimates, {CLASSIC: 2_000.0})
    assert said(form.run()) == "Fast: 2.5× as fast as Classic, same quality."
    know(estimates, {CLASSIC: 6_000.0})
    assert said(form.run()) == "Fast: about as long as Classic, same quality."
    know(estimates, {CLASSIC: 20_000.0})
    assert said(form.run()) == "Fast: slower here, 4× as long, same quality."


def test_on_a_busy_computer_the_times_say_so(estimates, monkeypatch):
    know(estimates, RATES)
    monkeypatch.setattr(waiting, "slowdown", lambda: waiting.BUSY)
    form = visit(estimates, idle=True)
    assert speeds(form) == ["Fast · about 2 min (busy)", "Classic · about 20 min (busy)"]
    assert said(form) == "Fast: same quality.", "paces of two moments tell nothing of each other"


def test_another_number_of_epochs_is_another_time_and_no_claim(estimates):
    know(estimates, RATES)
    form = visit(estimates)
    form.number_input(key="recipe_epochs").set_value(4).run()
    assert speeds(form) == ["Fast · about 4 min", "Classic · about 20 min"]
    assert said(form) == "Fast: 5× as fast as Classic, untested with your settings."
    form.number_input(key="recipe_max_minutes").set_value(1).run()
    assert speeds(form)[0] == "Fast · about 1 min"
    form.number_input(key="recipe_patience").set_value(2).run()
    assert speeds(form) == ["Fast", "Classic · about 20 min"], "nobody knows when a plateau comes"


@pytest.mark.parametrize(
    "field, value, left",
    [("latent_dim", 7, ["Fast", "Classic"]), ("batch_size", 32, ["Fast", "Classic · about 20 min"])],
)
def test_where_the_shape_was_changed_no_time_is_named_rather_than_a_wrong_one(estimates, field, value, left):
    know(estimates, RATES)
    form = visit(estimates)
    form.number_input(key=f"recipe_{field}").set_value(value).run()
    assert speeds(form) == left and "untested" in said(form)


def test_another_seed_is_still_the_recipe(estimates):
    form = visit(estimates)
    form.number_input(key="recipe_seed").set_value(9).run()
    assert said(form) == "Fast: same quality."


def test_the_same_quality_is_claimed_only_where_it_was_measured(estimates, monkeypatch):
    monkeypatch.setattr(presets, "AS_GOOD", ("conv-vae",))
    assert said(visit(estimates)) == "Fast: quality not compared."
    assert said(visit(estimates, recipe="conv-vae-fast")) == "Fast: same quality."
    monkeypatch.setattr(presets, "NEARLY_AS_GOOD", ("mlp-vae",))
    assert said(visit(estimates)) == "Fast: nearly the same quality."
    monkeypatch.setattr(presets, "BEHIND", ("mlp-vae",))
    assert said(visit(estimates)) == "Fast: not as good."


def test_a_pair_is_as_good_or_nearly_so_or_behind():
    found = presets.AS_GOOD + presets.NEARLY_AS_GOOD + presets.BEHIND
    assert len(set(found)) == len(found) and all(presets.fast_of(name) for name in found)


@pytest.mark.parametrize(
    "source, end",
    [
        (presets.PRESETS["mlp-vae-fast"].with_(seed=5, epochs=3), "same Fréchet distance."),
        (presets.PRESETS["mlp-vae"], "untested from this decoder."),
        (presets.PRESETS["mlp-vae-fast"].with_(model="ae"), "untested from this decoder."),
    ],
)
def test_a_gan_is_said_to_be_as_good_only_from_the_decoder_that_was_tried(estimates, source, end):
    run = runs.create(source)
    (run.path / "best.safetensors").touch()
    form = visit(estimates, recipe="decoder-gan-fast")
    form.selectbox(key="recipe_source").select(run.name).run()
    assert made(form).source == run.name and said(form) == f"Fast: {end}"


def test_on_the_digits_the_times_are_those_of_the_small_sisters_and_nothing_is_claimed_that_was_not_measured(estimates):
    know(estimates, {adaptation.for_digits(FAST): 1_000.0, adaptation.for_digits(CLASSIC): 1_000.0})
    form = visit(estimates)
    form.selectbox(key="recipe_dataset").select("digits").run()
    # 40 and 120 epochs of 1,320 images and 180 held out: 58.2 s and 174.6 s.
    assert speeds(form) == ["Fast · about 1 min", "Classic · about 3 min"]
    assert said(form) == "Fast: 3× as fast as Classic, untested on these images."
    form.selectbox(key="recipe_dataset").select("kmnist").run()
    assert said(form) == "Fast: untested on these images."
    form.selectbox(key="recipe_dataset").select("folder").run()
    form.text_input(key="recipe_folder").set_value("/mine").run()
    assert speeds(form) == ["Fast", "Classic"], "nobody has counted its images"


def test_the_other_speed_fills_the_form_anew_but_keeps_what_would_be_meant_again(estimates):
    form = visit(estimates)
    form.selectbox(key="recipe_dataset").select("folder").run()
    form.text_input(key="recipe_folder").set_value("/mine")
    for field, value in {"latent_dim": 7, "beta": 3.0, "epochs": 99, "lr": 0.5}.items():
        form.number_input(key=f"recipe_{field}").set_value(value)
    form.run()
    kept = {"dataset": "folder", "folder": "/mine", "latent_dim": 7, "beta": 3.0}
    for name in ("mlp-vae", "mlp-vae-fast"):
        speed(form).set_value("fast" if name.endswith("-fast") else "classic").run()
        assert made(form) == presets.preset(name).with_(**kept)
        assert form.query_params["recipe"] in (name, [name]) and speed(form).value == (
            "fast" if name.endswith("-fast") else "classic"
        )


def test_what_was_not_changed_by_hand_is_the_other_recipes_own(estimates, monkeypatch):
    slim = presets.PRESETS["mlp-vae-fast"].with_(beta=2.0, latent_dim=10)
    monkeypatch.setitem(presets.PRESETS, "mlp-vae-fast", slim)
    form = visit(estimates)
    speed(form).set_value("classic").run()
    assert made(form) == CLASSIC


def test_another_recipe_begins_with_its_fast_sister_and_one_without_offers_no_choice(estimates):
    form = visit(estimates, idle=True, recipe="conv-vae")
    assert speed(form).value == "classic" and made(form) == presets.preset("conv-vae")
    form.selectbox(key="recipe_name").select("plane-ae").run()
    assert speed(form) is None and not any(c.value.startswith("Fast") for c in form.caption)
    assert f"Training: {form_speed.MEASURING}" in [c.value for c in form.caption]
    alone = made(form)
    know(estimates, {alone: duration.seconds(alone, 1.0) / 180})
    assert "Training takes about 3 min." in [c.value for c in form.run().caption]
    form.selectbox(key="recipe_name").select("deep-ae-fast").run()
    assert speed(form).value == "fast" and made(form) == presets.preset("deep-ae-fast")
    assert form.selectbox(key="recipe_name").options == [presets.title(name) for name in presets.CLASSIC]


def test_a_value_that_is_refused_takes_the_time_away_and_nothing_else(estimates):
    know(estimates, RATES)
    form = visit(estimates)
    form.number_input(key="recipe_epochs").set_value(0).run()
    assert form.error and speeds(form) == ["Fast", "Classic · about 20 min"]
    speed(form).set_value("classic").run()
    assert made(form) == CLASSIC and not form.error


def test_a_gans_time_is_that_of_its_sources_network_and_its_source_stays_with_the_other_speed(estimates):
    wide = adaptation.for_digits(CLASSIC).with_(hidden=(400, 200))
    for name in ("other", "wide"):
        run = runs.create(wide if name == "wide" else adaptation.for_digits(CLASSIC), name)
        (run.path / "best.safetensors").touch()
    form = visit(estimates, idle=True, recipe="decoder-gan-fast")
    form.selectbox(key="recipe_source").select("other").run()
    taken = {"hidden": (400, 200), "source_model": "vae"}
    both = [adaptation.for_digits(presets.preset(name)).with_(**taken) for name in ("decoder-gan-fast", "decoder-gan")]
    know(estimates, dict.fromkeys(both, 500.0))
    assert speeds(form.run()) == [f"{name} · {form_speed.MEASURING}" for name in ("Fast", "Classic")]
    form.selectbox(key="recipe_source").select("wide").run()
    # 30 and 100 rounds of 1,320 images and 2,000 that are judged at a fifteenth: 87.2 s and 290.7 s.
    assert speeds(form) == ["Fast · about 1 min", "Classic · about 5 min"]
    speed(form).set_value("classic").run()
    assert made(form).source == "wide" and made(form).name == "decoder-gan"


def test_a_gan_without_a_decoder_to_begin_with_has_no_time_yet(estimates):
    form = visit(estimates, idle=True, recipe="decoder-gan")
    assert speeds(form) == ["Fast", "Classic"] and not asked(estimates) and form.session_state["made"] is None
    form.button(key="recipe_to_vae").click().run()
    assert made(form) == FAST.with_(dataset=made(form).dataset) and speed(form).value == "fast"

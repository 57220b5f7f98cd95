"""The Reconstruct page in each of its states, with small models of every family on the digits."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from core import runs
from core.images import mask_spec, masks
from core.jobs.channel import Channel
from core.jobs.inpainting_sweep import InpaintingSweepJob
from core.jobs.messages import Ended, SweepErrors
from core.jobs.queue import job_queue
from core.recipes.presets import preset
from core.system import paths
from tests.pages.page_tools import keys_of, open_page, untrained
from tests.tiny_runs import contents
from ui.shared.image_choice import Pick

FAMILIES = {"ae": "deep-ae", "vae": "mlp-vae", "ad": "auto-decoder-fast", "vad": "variational-auto-decoder-fast"}


def make(name: str, preset_name: str = "mlp-vae", digits: bool = True, **changes) -> runs.Run:
    return untrained(name, preset_name, digits, latent_dim=3, **changes)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder_of_four(tmp_path_factory) -> Path:
    """A folder with one run of each family. Pages encode the training images of a run once while it stays the same."""
    folder = tmp_path_factory.mktemp("four")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(folder))
        for name, preset_name in FAMILIES.items():
            make(name, preset_name)
    return folder


@pytest.fixture
def four(folder_of_four, monkeypatch):
    """One run of each family, to be read only."""
    monkeypatch.setenv("LATENT_LAB_RUNS", str(folder_of_four))
    before = contents(folder_of_four)
    yield [runs.open_run(name) for name in FAMILIES]
    assert contents(folder_of_four) == before, "runs that tests share were changed: take own_four"


@pytest.fixture
def own_four():
    """One run of each family for a test that changes them, or that counts what is computed anew."""
    return [make(name, preset_name) for name, preset_name in FAMILIES.items()]


def visit(state: dict | None = None, **query) -> AppTest:
    return open_page("reconstruct", state, **query)


def shown(page: AppTest) -> list[tuple[str, str]]:
    """(model, way) of each result, as the fold with the numbers lists them."""
    lines = [line for m in page.markdown for line in m.value.splitlines() if line.startswith("- ")]
    return [tuple(line[2:].split(":")[0].split(", ")[:2]) for line in lines]


def here(page: AppTest) -> Pick:
    return next(iter(page.session_state["reconstruct_picks"].values()))["image"]


OPEN = {"reconstruct_depth": True}


def test_without_runs_it_says_what_to_do_next():
    page = visit()
    assert "Nothing has been trained yet" in page.info[0].value
    assert [b.label for b in page.button] == ["Train your first model", "Choose what to train"]


@pytest.mark.slow
def test_at_first_there_is_one_model_of_each_family_and_each_way_of_it(four):
    page = visit(OPEN)
    assert page.multiselect(key="reconstruct_runs").value == ["ae", "vae", "ad", "vad"]
    assert shown(page) == [
        ("ae", "encoder"),
        ("ae", "search"),
        ("vae", "encoder"),
        ("vae", "search"),
        ("ad", "search"),
        ("vad", "search"),
    ]
    assert page.query_params["runs"] == "ae,vae,ad,vad" and page.query_params["image"] == "12"
    assert any("4 searches" in c.value for c in page.caption)


@pytest.mark.slow
def test_without_refinement_an_encoder_answers_alone(four):
    page = visit(OPEN)
    page.toggle(key="reconstruct_refine").set_value(False).run()
    assert not page.exception
    assert shown(page) == [("ae", "encoder"), ("vae", "encoder"), ("ad", "search"), ("vad", "search")]


@pytest.mark.slow
def test_the_address_chooses_models_image_and_what_is_hidden(four):
    page = visit(OPEN, runs="vad,ae", image="7", hide="box-2-3-4-5")
    assert page.multiselect(key="reconstruct_runs").value == ["vad", "ae"]
    assert here(page) == Pick("test", 7)
    assert page.toggle(key="reconstruct_hiding").value and page.query_params["hide"] == "box-2-3-4-5"
    assert page.slider(key="reconstruct_rows").value == (2, 6)
    assert page.slider(key="reconstruct_columns").value == (3, 8)
    assert any("hidden pixels" in m.value for m in page.markdown if m.value.startswith("For this image"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "query, words",
    [
        ({"runs": "vae,nobody"}, "does not exist"),
        ({"run": "<b>"}, "does not exist"),
        ({"hide": "half-middle"}, "half"),
        ({"hide": "mask-xx"}, "cannot be read"),
        ({"image": "9999"}, "an image that does not exist"),
        ({"steps": "55"}, "a value for 'steps' that does not exist. Allowed: 10, 20, … 300."),
        ({"steps": "1e2"}, "steps"),
        ({"lr": "9"}, "Allowed: 0.01, 0.02, 0.05"),
        ({"restarts": "0"}, "from 1 to 8"),
        ({"restarts": "²"}, "from 1 to 8"),
        ({"start": "<b>"}, "Allowed: guess, zero, nearest"),
        ({"refine": "maybe"}, "0 or 1"),
        ({"fill": "grey"}, "zeros"),
    ],
)
def test_bad_values_in_the_address_are_ignored_with_a_message(four, query, words):
    page = visit(**query)
    assert words in page.warning[0].value and "<b>" not in page.warning[0].value
    assert page.multiselect(key="reconstruct_runs").value and not page.toggle(key="reconstruct_hiding").value


def test_bad_settings_of_the_search_leave_the_usual_ones_and_the_good_ones_count(four):
    page = visit(steps="5", lr="0.5", restarts="99", start="nowhere")
    assert len(page.warning) == 3 and page.select_slider(key="reconstruct_lr").value == 0.5
    assert page.slider(key="reconstruct_steps").value == 60 and page.slider(key="reconstruct_restarts").value == 1
    assert page.radio(key="reconstruct_start").value == "guess"
    assert {name: page.query_params.get(name) for name in ("steps", "lr", "restarts", "start")} == {
        "steps": None,
        "lr": "0.5",
        "restarts": None,
        "start": None,
    }, "the address says what is so"
    assert not page.run().warning


def test_the_address_chooses_how_to_search_and_is_kept_up_to_date(four):
    page = visit(
        OPEN,
        runs="vae,ad",
        hide="half-left",
        steps="20",
        lr="0.02",
        restarts="2",
        start="zero",
        refine="0",
        fill="mean",
    )
    assert not page.warning and shown(page) == [("vae", "encoder"), ("ad", "search")]
    assert page.slider(key="reconstruct_steps").value == 20 and page.slider(key="reconstruct_restarts").value == 2
    assert page.select_slider(key="reconstruct_lr").value == 0.02 and not page.toggle(key="reconstruct_refine").value
    assert page.radio(key="reconstruct_start").value == "zero"
    assert page.button_group(key="reconstruct_fill").value == "mean"
    page.slider(key="reconstruct_steps").set_value(30).run()
    assert page.query_params["steps"] == "30" and page.query_params["lr"] == "0.02"
    page.slider(key="reconstruct_steps").set_value(60).run()
    page.toggle(key="reconstruct_refine").set_value(True).run()
    assert "steps" not in page.query_params and "refine" not in page.query_params, "the usual needs no words"
    assert page.query_params["start"] == "zero" and page.query_params["fill"] == "mean"
    assert not page.exception and not page.warning


def test_a_link_to_one_run_opens_that_one(four):
    page = visit(run="ad")
    assert page.multiselect(key="reconstruct_runs").value == ["ad"]
    assert page.query_params["runs"] == "ad" and "run" not in page.query_params


@pytest.mark.parametrize(
    "kind, key, value, text",
    [
        ("half", "reconstruct_side", "left", "half-left"),
        ("random", "reconstruct_p", 75, "random-75-0"),
        ("box", "reconstruct_rows", (0, 9), "box-0-8-9-12"),
    ],
)
def test_presets_set_the_mask_and_the_address(four, kind, key, value, text):
    page = visit(runs="vae,vad")
    page.toggle(key="reconstruct_hiding").set_value(True).run()
    assert page.query_params["hide"] == "half-bottom"
    page.session_state["reconstruct_kind"] = kind
    page.run()
    widgets = {"half": page.button_group, "random": page.slider, "box": page.slider}[kind]
    widgets(key=key).set_value(value).run()
    assert not page.exception and page.query_params["hide"] == text
    painted = page.session_state["pads"]["reconstruct_mask"].pixels
    assert np.array_equal(masks.from_bytes(painted), mask_spec.mask_of(text))
    page.toggle(key="reconstruct_hiding").set_value(False).run()
    assert "hide" not in page.query_params
    page.toggle(key="reconstruct_hiding").set_value(True).run()
    assert page.query_params["hide"] == text, "it is still there"


def test_a_brushed_mask_is_in_the_address_and_comes_back(four):
    painted = masks.random(0.2, 5)
    text = mask_spec.text_of(painted)
    page = visit(runs="vad", hide=text)
    assert page.query_params["hide"] == text and page.session_state["reconstruct_kind"] == "brush"
    assert np.array_equal(masks.from_bytes(page.session_state["pads"]["reconstruct_mask"].pixels), painted)


def test_other_random_pixels_are_one_click(four):
    page = visit(runs="vad", hide="random-40-0")
    page.button(key="reconstruct_other_pixels").click().run()
    assert not page.exception and page.query_params["hide"] == "random-40-1"


def test_the_hole_can_be_filled_with_the_mean_only_where_an_encoder_needs_it(four):
    page = visit(runs="vae,ad", hide="half-left")
    page.button_group(key="reconstruct_fill").set_value("mean").run()
    assert not page.exception and len(page.error) == 0
    assert "reconstruct_fill" not in {g.key for g in visit(runs="ad", hide="half-left").button_group}


def test_random_and_same_class_draw_another_image(four):
    page = visit(runs="vae")
    first = here(page)
    page.button(key="reconstruct_random").click().run()
    second = here(page)
    page.button(key="reconstruct_same").click().run()
    assert len({first, second, here(page)}) == 3 and page.query_params["image"] == str(here(page).number)


def test_no_model_chosen_is_a_state_with_a_way_on(four):
    page = visit()
    page.multiselect(key="reconstruct_runs").set_value([]).run()
    assert "Choose at least one model" in page.info[0].value
    page.button(key="reconstruct_each").click().run()
    assert not page.exception and len(page.multiselect(key="reconstruct_runs").value) == 4


@pytest.mark.slow
def test_a_damaged_run_is_named_and_the_others_work(own_four):
    file = own_four[1].path / "best.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    bad = paths.runs_folder() / "bad"
    bad.mkdir()
    (bad / "recipe.json").write_text("{oops")
    page = visit(OPEN)
    assert "damaged" in page.error[0].value and {name for name, _ in shown(page)} == {"ae", "ad", "vad"}
    assert "1 run cannot be used" in [e.label for e in page.expander]
    page.multiselect(key="reconstruct_runs").set_value(["vae"]).run()
    assert "None of these models can be used" in page.info[0].value and page.button(key="reconstruct_train")


def test_without_its_data_set_a_run_reconstructs_what_it_invents():
    make("fashion", "auto-decoder-fast", digits=False)
    page = visit(OPEN)
    assert "not on this machine" in page.warning[0].value and here(page) == Pick("seed", 1)
    assert shown(page) == [("fashion", "search")] and page.button(key="reconstruct_data")
    assert any("needs the test images" in info.value for info in page.info)


def test_the_nearest_start_without_the_training_images_is_a_sentence(four):
    page = visit(runs="ad")
    page.radio(key="reconstruct_start").set_value("nearest").run()  # an untrained table has no rows
    assert not page.exception and "none of them can be the start" in page.warning[0].value


@pytest.mark.slow
def test_a_result_is_remembered_until_something_it_depends_on_changes(own_four, monkeypatch):
    from core.evaluation import search_trace

    page, made = visit(runs="vad", image="3"), []
    real = search_trace.starting_code
    monkeypatch.setattr(search_trace, "starting_code", lambda *a, **k: made.append(1) or real(*a, **k))
    page.run()
    assert not made
    page.slider(key="reconstruct_steps").set_value(20).run()
    page.session_state["reconstruct_start"] = "zero"
    page.run()
    assert len(made) == 2


@pytest.mark.slow
def test_a_stopped_search_shows_what_it_had_and_goes_on_when_asked(own_four):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Channel, "stop_requested", True)
        page = visit(OPEN, runs="vad", image="5")
    assert page.button(key="reconstruct_go_on") and any("search, 1 step:" in m.value for m in page.markdown)
    page.button(key="reconstruct_go_on").click().run()
    assert not page.exception and any("search, 60 steps:" in m.value for m in page.markdown)
    assert "reconstruct_go_on" not in keys_of(page, "button"), "it has ended"


def sweep_job() -> InpaintingSweepJob:
    (job,) = job_queue().jobs(InpaintingSweepJob)
    return job


def test_the_sweep_waits_for_its_button_and_shows_what_has_been_measured(four, executor):
    page = visit(runs="vae,vad")
    assert any("5 curves, each a mean over 50 images" in c.value for c in page.caption)
    page.button(key="reconstruct_sweep").click().run()
    assert not page.exception
    job, execution = sweep_job(), executor.next()
    assert [curve.how for curve in job.curves] == ["zeros", "mean", "search", "search", "interpolation"]
    for k in range(4):
        execution.send(*(SweepErrors(k, p / 10, np.full(4, 0.01 * (k + p))) for p in range(1, 10)))
    # Without a model: lowest while little is hidden, highest later.
    without = {p: 0.001 if p < 4 else 0.079 if p == 5 else 0.5 for p in range(1, 10)}
    execution.send(*(SweepErrors(4, p / 10, np.full(4, error)) for p, error in without.items()))
    execution.send(Ended("finished"))
    assert job.wait(timeout=60)
    page.run()
    assert any(
        "the lowest is linear interpolation, no model from 10 to 30 %, then vae · hole black from 40 to 90 % hidden"
        in c.value
        for c in page.caption
    )
    assert any(
        "vae · hole black is closest (0.0500 per pixel) and vad · search furthest (0.0800)" in c.value
        for c in page.caption
    )
    assert "reconstruct_sweep" not in {b.key for b in page.button}, "finished"


def test_a_click_draws_the_curves_although_a_run_is_trained_meanwhile(executor):
    run = make("vae")
    page = visit(runs="vae")
    os.utime(run.path / "best.safetensors")  # newer weights, while the visitor looked at the page
    page.button(key="reconstruct_sweep").click().run()
    executor.next()
    assert not page.exception and "reconstruct_sweep" not in keys_of(page, "button")
    page.button(key="reconstruct_sweep_newest").click().run()
    assert "reconstruct_sweep" in keys_of(page, "button")


@pytest.mark.parametrize("state, words", [("failed", "disk full"), ("stopped", "measured by then")])
def test_a_sweep_that_did_not_end_well_can_be_asked_for_again(four, executor, state, words):
    page = visit(runs="ad")
    page.button(key="reconstruct_sweep").click().run()
    executor.next().send(Ended(state, "disk full"))
    assert sweep_job().wait(timeout=60)
    page.run()
    assert words in "".join(part.value for part in (*page.warning, *page.caption))
    assert page.button(key="reconstruct_sweep")


def test_the_fold_has_the_formula_with_this_image_s_numbers_and_the_code_that_ran(four):
    page = visit(OPEN, runs="vae")
    assert "def search(" in page.code[0].value and "def nll(" in page.code[1].value
    line = next(m.value for m in page.markdown if m.value.startswith("For this image"))
    numbers = line.split("encoder: ")[1].split(" nats")[0].replace("**", "")
    left, total = numbers.split(" = ")
    recon, prior = left.split(" + 1 × ")
    assert float(recon) + float(prior) == pytest.approx(float(total), abs=0.011)


def test_every_control_has_help(four):
    for kind_of_hole in ("half", "box", "random"):
        page = visit({"reconstruct_kind": kind_of_hole, "reconstruct_hiding": True, "reconstruct_pick": True})
        for kind in (
            "button",
            "multiselect",
            "slider",
            "select_slider",
            "radio",
            "toggle",
            "number_input",
            "button_group",
        ):
            for widget in getattr(page, kind):
                assert widget.help, f"{kind} {widget.key}"


def test_models_of_another_image_shape_are_left_out_in_a_sentence():
    untrained("first", latent_dim=3)
    untrained("second", latent_dim=3, image_shape=(3, 20, 36))
    page = visit(OPEN, runs="second,first", image="3", hide="box-0-4-12-20")
    assert "different image shapes" in page.warning[0].value and "first" in page.warning[0].value
    assert {name for name, _ in shown(page)} == {"second"}
    assert page.slider(key="reconstruct_rows").max == 20 and page.slider(key="reconstruct_columns").max == 36
    assert page.query_params["hide"] == "box-0-4-12-20"


@pytest.mark.slow
@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_the_elbo_is_shown_at_weight_one_beside_the_objective_at_beta(beta, monkeypatch):
    from ui.reconstruct import cards

    make("vad", "variational-auto-decoder-fast", beta=beta)
    drawn = []
    monkeypatch.setattr(cards, "reconstruct", lambda **message: drawn.extend(message["cards"]))
    page = visit(OPEN, runs="vad", image="4")
    (card,), (lane,) = drawn, drawn[0].lanes
    line = next(m.value for m in page.markdown if m.value.startswith("For this image"))
    recon, rest = line.split("steps: ")[1].split(f" + {beta:.3g} × ")
    prior = float(rest.split(" = ")[0])
    assert card.what == f"β-objective (β = {beta:g})" and card.unit == "nats" and f"β {beta:g}" in card.about
    assert lane.elbo[-1] == pytest.approx(float(recon) + prior, abs=0.02)
    assert lane.objective[-1] == pytest.approx(float(recon) + beta * prior, abs=0.02)
    assert f"−ELBO {lane.elbo[-1]:.2f} nats" in line
    assert "importance-weighted bound" in card.gap and "entropy floor" in card.gap


def test_where_beta_is_one_the_objective_is_the_elbo_and_squared_errors_are_not_in_nats(monkeypatch):
    from ui.reconstruct import cards

    make("vae", beta=1.0)
    make("ae", "deep-ae")
    drawn = []
    monkeypatch.setattr(cards, "reconstruct", lambda **message: drawn.extend(message["cards"]))
    visit(runs="vae,ae", image="4")
    vae, ae = drawn
    assert vae.what == "−ELBO" and all(lane.elbo is None for lane in vae.lanes)
    assert (ae.what, ae.unit) == ("Reconstruction loss", "squared error") and "nats" not in ae.gap


def test_a_hidden_half_is_completed_several_times_and_the_address_says_by_which_model(four):
    page = visit(runs="vae,ad", hide="half-left", completions="vae", draws="3")
    words = next(m.value for m in page.markdown if "Standard deviation" in m.value)
    assert "q(z | visible pixels)" in words and "8 best of 24" in words
    page.button(key="reconstruct_new_draws").click().run()
    assert (page.query_params["completions"], page.query_params["draws"]) == ("vae", "4")
    page = visit(runs="vae,ad", hide="half-left", completions="ad")
    assert any("AD has no distribution over z" in m.value for m in page.markdown)
    page = visit(runs="vae", hide="half-left", completions="nobody")
    assert "one of the models chosen above" in page.warning[0].value and "completions" not in page.query_params


@pytest.mark.parametrize(
    ("after", "ended", "words"),
    [
        (90.0, True, "Amortisation gap 10.0 nats"),
        (100.00001, True, "ends at the encoder’s objective: the two differ by less than 0.001 %"),
        (99.99999, True, "ends at the encoder’s objective"),
        (101.0, True, "does not improve on the encoder: its objective is 1.00 higher."),
        (101.0, False, "has not improved on the encoder yet: its objective is 1.00 higher."),
        (100.0, False, "has not improved on the encoder yet."),
    ],
)
def test_the_gap_is_said_in_words_that_fit_its_size_and_whether_the_search_has_ended(after, ended, words):
    from ui.reconstruct import findings

    recipe = preset("plane-vae")
    request = SimpleNamespace(search=False, visible=np.ones((2, 2), bool))
    traces = [SimpleNamespace(objective=np.array([x]), ended=ended) for x in (100.0, after)]
    assert words in findings.gap(recipe, [(request, trace) for trace in traces])


def test_the_lowest_figures_are_named_with_what_they_are_lower_than():
    from ui.reconstruct import findings

    def result(name, mse, elbo):
        run = SimpleNamespace(name=name, recipe=preset("mlp-vae"))
        request = SimpleNamespace(run=run, search=True, visible=np.ones((2, 2), bool))
        return request, SimpleNamespace(mse=[mse], negative_elbo=[elbo], bound=elbo - 1)

    lines, won = findings.closest([result("a", 0.02, 99.0), result("a", 0.01, 98.0), result("b", 0.04, 90.0)])
    assert lines == [
        ("Lowest MSE: a", "0.0100, 75 % less than b (0.0400)."),
        ("Lowest −ELBO: b", "90.0 nats, 8.00 nats less than a."),
    ]
    assert won == {1: ["mse"], 2: ["elbo"]}
    assert findings.closest([result("a", 0.02, 99.0)]) == ([], {}), "one model has nobody to be compared with"


def test_the_elbo_of_a_model_that_is_told_the_class_is_not_the_lowest_and_it_says_why():
    from ui.reconstruct import findings

    def result(name, recipe, elbo):
        run = SimpleNamespace(name=name, recipe=preset(recipe))
        request = SimpleNamespace(run=run, search=True, visible=np.ones((2, 2), bool))
        return request, SimpleNamespace(mse=[0.01], negative_elbo=[elbo], bound=elbo - 1)

    told, plain = result("told", "cvae", 80.0), [result("a", "mlp-vae", 99.0), result("b", "mlp-vae", 90.0)]
    lines, won = findings.closest([told, *plain])
    assert ("Lowest −ELBO: b", "90.0 nats, 9.00 nats less than a.") in lines
    assert "elbo" in won[2] and "elbo" not in won[0]
    assert any(heading == "−ELBO of told" and "log p(x | y)" in why for heading, why in lines)
    assert "bound on −log p(x | y) 79.0 nats" in findings.bound(told[0].run.recipe.with_(likelihood="gaussian"), [told])
    assert "bound on −log p(x) 89.0 nats" in findings.bound(preset("mlp-vae").with_(likelihood="gaussian"), plain)
    assert findings.closest([told, result("told-2", "cvae", 85.0)])[0][-1][0] == "Lowest −ELBO: told"


def test_a_model_keeps_its_colour_wherever_it_stands_in_the_box():
    from ui.shared.run_colours import by_name, colours_of

    chosen = [make(name, preset_name) for name, preset_name in FAMILIES.items()] + [make("vae-2", "mlp-vae")]
    colours = colours_of(chosen)
    assert len(set(colours.values())) == 5 and colours_of(reversed(chosen)) == colours
    assert list(by_name(chosen).values()) == [colours[str(run.path)] for run in chosen]
    assert colours_of(chosen[1:2]) == {str(chosen[1].path): colours[str(chosen[1].path)]}

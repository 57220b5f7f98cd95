"""The VAE → GAN page in each of its states, with small models on the digits."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import data, runs
from core.gan import before_after as gan_before_after
from core.gan import experiments
from core.gan.trace import DiscriminatorAnswers
from core.jobs import training_queue
from core.runs import gan_source, weights
from core.system import paths
from core.system.atomic_files import write_json
from tests.pages.page_tools import button_of, open_page, text_of, untrained
from tests.tiny_gans import FIGURES, gan, gan_run
from tests.tiny_runs import tiny
from ui.components.gan import gan_flow as flow_component
from ui.components.gan import gan_pair as pair_component
from ui.components.gan import gan_steps as steps_component
from ui.gan import before_after, diagram, inputs, slow_motion, source, source_code
from ui.shared.formatting import format_sig
from ui.shared.model_cache import load


class Unmeasured:
    """Speeds of recipes on a computer that has tried none."""

    def known(self, recipe):
        return None

    def request(self, recipes):
        """No speed is measured."""

    def tests(self):
        return []


class Board:
    """Takes recipes and trains nothing."""

    def __init__(self):
        self.taken, self.speeds = [], Unmeasured()

    devices: tuple = ()

    def submit(self, recipe, name=None, owner=""):
        run = runs.create(recipe, name)
        self.taken.append(run.recipe)
        return type("Job", (), {"name": run.name, "position": 0})

    def jobs(self):
        return []

    def job(self, name):
        return None


@pytest.fixture(autouse=True)
def board(monkeypatch) -> Board:
    one = Board()
    monkeypatch.setattr(training_queue, "training_queue", lambda device="auto": one)
    for place in (source, inputs):
        monkeypatch.setattr(place, "training_jobs", list)
    return one


@pytest.fixture
def sent(monkeypatch) -> dict:
    """The newest data that each component of the page was given."""
    found = {}
    for component in (flow_component, pair_component, steps_component):
        name, mount = component.__name__.rsplit(".", 1)[1], component._mount

        def keep(name=name, mount=mount, **values):
            found[name] = values["data"]
            return mount(**values)

        monkeypatch.setattr(component, "_mount", keep)
    return found


def trained_vae(name: str = "a-vae", **changes) -> runs.Run:
    """An untrained VAE with weights: the page does not ask how good it is."""
    from core.models import build

    run = runs.create(tiny(**changes), name)
    weights.save(run.path / "best.safetensors", build(run.recipe).state_dict(), {"epoch": 1})
    return run


def visit(depth: bool = False, **query) -> AppTest:
    return open_page("gan", {"gan_depth": True} if depth else None, **query)


@pytest.mark.parametrize("tab", [tab.key for tab in inputs.TABS])
def test_without_any_run_every_tab_opens(tab):
    assert "Train a VAE first" in visit(tab=tab).info[0].value


def test_without_any_run_it_says_what_to_do_and_trains_a_vae(board):
    page = visit()
    assert "Train a VAE first" in page.info[0].value
    page.button(key="gan_first").click().run()
    assert not page.exception and [recipe.model for recipe in board.taken] == ["vae"]


def test_with_a_vae_alone_its_decoder_is_shown_and_a_button_starts_the_gan(board, sent):
    trained_vae()
    page = visit()
    assert set(sent["gan_flow"]["tiles"]) == {"images", "decoded", "before"}, "nothing flows through the third picture"
    assert sent["gan_flow"]["verdicts"] == {"real": None, "fake": None}
    button_of(page, "gan_start").click().run()
    assert not page.exception
    (recipe,) = board.taken
    assert (recipe.model, recipe.generator, recipe.source, recipe.source_model) == ("gan", "decoder", "a-vae", "vae")
    assert (recipe.dataset, recipe.latent_dim, recipe.hidden) == ("digits", 2, (16,)), "the source's network and images"


def test_a_vae_is_the_first_choice_among_the_decoders():
    trained_vae("the-vae")
    trained_vae("an-ae", model="ae")
    box = visit().selectbox(key="gan_decoder")
    assert box.value == "the-vae" and len(box.options) == 2


class Training:
    """A job that goes on for ever: a GAN's, the second of five epochs."""

    active, position, stopped, id, owner = True, 0, False, 1, ""
    state, progress, evaluated = "running", 0.24, None

    def __init__(self, recipe):
        self.run = runs.create(recipe, "growing")
        self.key = self.name = self.run.name
        self.recipe = recipe

    def snapshot(self):
        return type("Snapshot", (), {"step": 7, "epoch": 1.2, "epochs": 5})

    def stop(self):
        self.stopped = True


def test_while_the_first_gan_trains_its_progress_is_shown_and_it_can_be_stopped(monkeypatch):
    source = trained_vae()
    job = Training(source.recipe.with_(model="gan", source=source.name, source_model="vae"))
    monkeypatch.setattr(inputs, "training_jobs", lambda: [job])
    page = visit()
    assert button_of(page, "gan_start").disabled
    (bar,) = page.get("progress")
    assert (bar.proto.text, bar.proto.value) == ("growing: epoch 1 of 5", 24)
    job.evaluated = 0.4
    (bar,) = page.run().get("progress")
    assert bar.proto.text == "growing: the training is done. Evaluating on the test images: 40 %"
    assert bar.proto.value == 40, "a full bar would stand still"
    button_of(page, "gan_stop").click().run()
    assert not page.exception and job.stopped


def trial(name: str, source: runs.Run) -> runs.Run:
    """A run as an experiment leaves it, with weights that nobody trained."""
    run = gan_run(name)
    recipe = run.recipe.with_(name=experiments.recipe_for(experiments.EXPERIMENTS[1].arms[0], source).name)
    write_json(run.path / "recipe.json", recipe.to_dict())
    return runs.Run(run.path)


def test_a_vae_is_enough_for_the_experiments_and_the_questions_are_there_too(board):
    source = trained_vae()
    assert visit(tab="questions").radio(key="gan_answer_reparameterisation").value is None
    page = visit(experiment="collapse")
    page.radio(key="gan_predict_collapse").set_value(2).run()
    button_of(page, "gan_run_collapse").click().run()
    assert not page.exception
    assert [(recipe.name, recipe.source) for recipe in board.taken] == [
        ("try-collapse", source.name),
        ("try-cure", source.name),
    ]


def test_what_an_experiment_trains_is_no_first_gan_in_training(monkeypatch):
    source = trained_vae()
    job = Training(experiments.recipe_for(experiments.EXPERIMENTS[0].arms[0], source))
    monkeypatch.setattr(inputs, "training_jobs", lambda: [job])
    page = visit()
    assert not button_of(page, "gan_start").disabled and not page.get("progress")


def test_an_experiments_run_is_no_choice_until_the_visitor_chooses_it(sent):
    source = trained_vae()
    trial("try-1", source)
    page = visit()
    box = page.selectbox(key="gan_run_box")
    assert box.value is None and "run" not in page.query_params and not page.warning
    assert button_of(page, "gan_start"), "the page still offers a first GAN"
    box.select("try-1").run()
    assert not page.exception and page.query_params["run"] in ("try-1", ["try-1"])
    assert {"before", "after"} < set(sent["gan_flow"]["tiles"]), "the whole page for it"
    assert visit(run="try-1").selectbox(key="gan_run_box").value == "try-1", "the address is a choice too"


def test_a_newer_run_of_an_experiment_stands_last_and_is_not_the_first_choice():
    gan_run("one", evaluation=FIGURES)
    trial("try-1", trained_vae())
    box = visit().selectbox(key="gan_run_box")
    assert box.value == "one" and [option.split()[0] for option in box.options] == ["one", "try-1"]


@pytest.mark.parametrize("kind", ["ae", "vae", "ad", "vad"])
def test_every_kind_of_source_has_the_whole_page(kind, sent):
    gan_run("one", kind, evaluation=FIGURES)
    for tab in ("idea", "slow"):
        visit(tab=tab)
    page = visit(tab="compare")
    flow = sent["gan_flow"]
    assert set(flow["tiles"]) == {"images", "decoded", "before", "after"} and flow["count"] == 12
    assert ("sigma" in flow["numbers"]) == (kind in ("vae", "vad")), "a point has no width"
    assert len(flow["verdicts"]["real"]) == len(flow["verdicts"]["fake"]) == 12
    assert [lane["key"] for lane in sent["gan_pair"]["lanes"]] == ["before", "after", "real"]
    assert [m.label for m in page.metric] == [before_after.METRICS[key][0] for key in gan_before_after.METRICS]
    assert set(sent["gan_steps"]["walks"]) == {"D", "G"}
    assert ("This generator has no encoder" in text_of(page)) == (kind in ("ad", "vad"))


def test_each_card_has_the_value_of_real_images_and_a_control_says_what_contrast_alone_does(sent):
    sides = {
        "real": {"frechet": 17.8, "sure": 0.98, "sharpness": 1.0, "precision": 0.9, "recall": 0.91},
        "control": {"frechet": 30.5, "sharpness": 0.9, "precision": 0.47, "recall": 0.79, "sure": 0.72},
        "nearest": {"generated": 3.05, "test": 3.21, "trained": 1_437, "n": 297},
        "epoch": 37,
    }
    run = gan_run("one", evaluation=FIGURES | sides)
    run.update_status(best_epoch=37, best_total=20.0)
    assert "one: the weights of epoch 37" in text_of(visit(), "caption")
    page = visit(tab="compare")
    by_title = {m.label: m.delta for m in page.metric}
    assert by_title["Fréchet distance"] == "VAE 48.9 · real 17.8 · better"
    assert "real 98 %" in by_title["Confident"] and by_title["Precision"] == "VAE 0.480 · real 0.900 · worse"
    assert "with the weights of epoch 37, the best of 37 epochs" in text_of(page, "caption")
    said = text_of(page)
    assert "is higher than that of real images" in said, "recall"
    assert "nearest of 1,437 training images" in said and "it is **3.21**" in said and "These samples do not." in said
    assert "1.5 times the contrast" in said and "Fréchet distance 48.9 → 30.5" in said and "Diversity" not in by_title


@pytest.mark.parametrize(
    "generated, judge, says",
    [(3.0, "1f", "features of the classifier"), (0.4, None, "principal components of the pixels")],
)
def test_samples_near_training_images_are_called_copies_by_the_features_that_measured_them(
    generated, judge, says, monkeypatch
):
    figures = {"nearest": {"generated": generated, "test": 3.2, "trained": 900, "n": 50}, "classifier": judge}
    monkeypatch.setattr(before_after, "shown_evaluation", lambda run: figures)
    said = before_after._memorised(None)
    assert says in said and ("some may be copies" in said) == (generated == 0.4)


def test_a_generator_from_scratch_has_no_decoder_to_compare_with(sent):
    gan_run("one", "none", evaluation=FIGURES | {"before": None})
    visit()
    page = visit(tab="compare")
    assert set(sent["gan_flow"]["tiles"]) == {"images", "after"}
    assert [lane["key"] for lane in sent["gan_pair"]["lanes"]] == ["after", "real"]
    assert "no decoder to compare with" in text_of(page) and not any(m.delta for m in page.metric)


def test_a_generator_from_scratch_beside_a_vae_is_compared_but_not_traced(sent):
    gan_run("one", "vae", generator="scratch")
    visit()
    page = visit(tab="compare")
    assert set(sent["gan_flow"]["tiles"]) == {"images", "before", "after"}
    assert "the same z has another meaning" in text_of(page) and "has not been measured yet" in text_of(page)


@pytest.mark.parametrize("loss", ["non-saturating", "hinge", "least-squares", "wgan-gp"])
def test_the_formula_has_this_runs_numbers_and_the_code_that_runs(loss):
    dense = {"d_network": "mlp", "r1_noise": 0.1} if loss == "hinge" else {}
    run = gan_run("one", adversarial=loss, r1=0.3, **dense)
    page = visit(depth=True)
    d, g = slow_motion.steps(run, load(run), data.load("digits"), 1)
    assert format_sig(d.loss - d.penalty) in page.latex[0].value and format_sig(g.loss) in page.latex[1].value
    code = " ".join(block.value for block in page.code)
    assert "def d_step" in code and "def g_loss" in code and "def nearest" in code
    assert "γ = 0.3" in text_of(page) and ("slope is estimated" in text_of(page)) == bool(dense)


@pytest.mark.parametrize("kind", ["vae", "ad"])
def test_every_part_shows_the_code_that_runs_there(kind):
    gan_run("one", kind)
    page = visit()
    for part in source_code.PARTS:
        page.session_state[diagram.PART] = part
        page.run()
        assert not page.exception and source_code.PARTS[part].name in text_of(page)
        assert page.code and all("def " in block.value or "class " in block.value for block in page.code)


def test_the_searched_place_shows_the_search():
    gan_run("one", "ad")
    assert "def search" in visit(part="encoder").code[0].value


def test_the_address_carries_run_seed_and_part(sent):
    gan_run("one")
    gan_run("two")
    page = visit(run="one", seed="77", part="verdict", tab="compare")
    assert (page.selectbox(key="gan_run_box").value, page.session_state[inputs.SEED]) == ("one", 77)
    first = sent["gan_pair"]["id"]
    page.button(key="gan_redraw").click().run()
    assert not page.exception and sent["gan_pair"]["id"] != first
    assert page.query_params["seed"] == str(page.session_state[inputs.SEED]) != "77"
    assert page.query_params["part"] == "verdict"


def test_the_address_opens_a_stage_of_the_slow_motion(sent):
    gan_run("one")
    visit(walk="g4")
    assert (sent["gan_steps"]["start"], sent["gan_steps"]["at"]) == ("G", 3)


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("run", "nobody", "a trained GAN that does not exist"),
        ("seed", "-1", "not a whole number"),
        ("seed", "1e3", "not a whole number"),
        ("seed", "9" * 40, "not a whole number"),
        ("seed", "²", "not a whole number"),
        ("part", "<b>", "a part of the diagram"),
        ("walk", "d9", "a stage that does not exist"),
        ("walk", "e1", "a stage that does not exist"),
    ],
)
def test_a_bad_value_in_the_address_is_ignored_with_a_message(name, bad, message):
    gan_run("one")
    page = visit(**{name: bad})
    assert message in page.warning[0].value and bad not in page.warning[0].value
    assert page.session_state[inputs.SEED] == 1
    if name == "part":
        assert page.session_state[diagram.PART] == ""


def started_from(name: str, decoder: str) -> runs.Run:
    """A GAN that began as that run's decoder."""
    run = gan_run(name)
    write_json(run.path / "recipe.json", run.recipe.with_(source=decoder).to_dict())
    return runs.Run(run.path)


def test_a_decoder_in_the_address_is_chosen_and_no_gan_of_another_decoder_is_shown_for_it(sent, board):
    gan_run("one")
    trained_vae()
    page = visit(run="a-vae")
    assert not page.warning and page.selectbox(key="gan_run_box").value is None
    assert page.selectbox(key="gan_decoder").value == "a-vae" and page.query_params["decoder"] in ("a-vae", ["a-vae"])
    assert "run" not in page.query_params and "after" not in sent["gan_flow"]["tiles"]
    assert visit(decoder="a-vae").selectbox(key="gan_run_box").value is None, "as a reload finds it"
    page.selectbox(key="gan_run_box").select("one").run()
    assert not page.exception and "after" in sent["gan_flow"]["tiles"]
    started_from("its-gan", "a-vae")
    page = visit(run="a-vae")
    assert page.selectbox(key="gan_run_box").value == "its-gan" and page.selectbox(key="gan_decoder").value == "a-vae"


def test_an_address_with_a_decoder_that_cannot_become_a_generator_is_answered_with_the_reason(board):
    trained_vae()
    untrained("told", "cvae")
    page = visit(decoder="told")
    assert page.selectbox(key="gan_decoder").value == "a-vae" and "told the class" in page.warning[0].value
    page = visit(run="told")
    assert page.selectbox(key="gan_decoder").value == "a-vae" and "told the class" in page.warning[0].value


def test_the_decoder_of_the_gan_in_view_is_the_one_to_start_from_until_another_is_chosen(board):
    trained_vae("first")
    trained_vae("second")
    started_from("gan-of-first", "first")
    started_from("gan-of-second", "second")
    page = visit(run="gan-of-first")
    box = page.selectbox(key="gan_decoder")
    assert box.value == "first" and "decoder" not in page.query_params
    box.select("second").run()
    assert (
        page.query_params["decoder"] in ("second", ["second"])
        and page.selectbox(key="gan_run_box").value == "gan-of-first"
    )
    button_of(page, "gan_start").click().run()
    assert [recipe.source for recipe in board.taken] == ["second"]
    assert page.query_params["tab"] in ("train", ["train"]), "the page turns to the training"
    page.selectbox(key="gan_run_box").select("gan-of-second").run()
    page.selectbox(key="gan_run_box").select("gan-of-first").run()
    assert not page.exception and page.selectbox(key="gan_decoder").value == "first"


def test_the_page_turns_to_the_gan_that_was_started_with_its_first_weights(board):
    trained_vae()
    gan_run("old")
    page = visit(run="old")
    button_of(page, "gan_start").click().run()
    assert page.selectbox(key="gan_run_box").value == "old"
    new = runs.list_runs()[0]
    weights.save(new.path / "best.safetensors", gan(new.recipe).state_dict(), {"epoch": 1})
    page.run()
    assert not page.exception and page.selectbox(key="gan_run_box").value == new.name
    assert page.query_params["run"] in (new.name, [new.name])


@pytest.mark.parametrize(
    "query, tab",
    [
        ({}, "idea"),
        ({"part": "latent"}, "idea"),
        ({"walk": "g4"}, "slow"),
        ({"experiment": "collapse"}, "experiments"),
        ({"question": "kl"}, "questions"),
        ({"question": "kl", "tab": "quiz"}, "quiz"),
    ],
)
def test_the_address_opens_a_tab_and_older_links_open_the_right_one(query, tab):
    trained_vae()
    page = visit(**query)
    assert page.query_params["tab"] in (tab, [tab]) and page.session_state[inputs.TAB_BOX] == inputs.TITLES[tab]


def test_only_the_open_tab_is_computed_and_sent(sent):
    gan_run("one", evaluation=FIGURES)
    visit(tab="slow")
    assert set(sent) == {"gan_steps"}


def test_a_damaged_run_is_named_and_the_others_work():
    gan_run("good")
    bad = paths.runs_folder() / "bad"
    bad.mkdir()
    (bad / "recipe.json").write_text("{oops")
    page = visit(tab="compare")
    assert "1 run cannot be used" in [e.label for e in page.expander] and page.button(key="gan_redraw")


def test_truncated_weights_are_refused_in_a_sentence():
    file = gan_run("one").path / "best.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    assert "damaged" in visit().error[0].value


def test_a_damaged_evaluation_costs_its_figures_alone():
    run = gan_run("one")
    (run.path / "evaluation.json").write_text('{"frechet": "none", "before": [1]}')
    page = visit(tab="compare")
    assert not page.metric and page.button(key="gan_redraw")


def test_without_its_data_set_the_generator_can_still_be_looked_at(sent):
    run = gan_run("one")
    import json

    recipe = json.loads((run.path / "recipe.json").read_text()) | {"dataset": "mnist"}
    (run.path / "recipe.json").write_text(json.dumps(recipe))
    visit()
    page = visit(tab="compare")
    assert "MNIST is not on this machine" in page.warning[0].value and page.button(key="gan_data")
    assert [lane["key"] for lane in sent["gan_pair"]["lanes"]] == ["before", "after"]
    assert set(sent["gan_flow"]["tiles"]) == {"before", "after"}


def test_a_folder_without_classes_or_test_images_has_its_page(tmp_path, sent):
    from PIL import Image

    (tmp_path / "mine").mkdir()
    for k in range(3):
        Image.fromarray(np.full((28, 28), 80 * k, np.uint8)).save(tmp_path / "mine" / f"{k}.png")
    gan_run("one", dataset="folder", folder=str(tmp_path / "mine"))
    visit()
    visit(tab="slow")
    assert sent["gan_flow"]["count"] == 12 and sent["gan_steps"]["walks"]["D"][0]["rows"][0]["count"] <= 3


def test_a_yardstick_is_better_or_worse_as_its_direction_says():
    def said(key, before, after):
        return before_after.verdict(gan_before_after.MetricChange(key, before, after))

    assert (said("frechet", 50, 20), said("frechet", 20, 50), said("mse", 0.02, 0.04)) == ("better", "worse", "worse")
    assert (said("sharpness", 0.5, 0.9), said("sharpness", 0.9, 1.6), said("sharpness", 2.0, 0.5)) == (
        "better",
        "worse",
        "alike",
    ), "as near to 1 as can be, by its factor"
    assert (said("modes", 10, 10), said("sure", 0.7, 0.9)) == ("alike", "better")


def test_every_control_has_help():
    gan_run("one")
    pages = [visit(tab=tab.key) for tab in inputs.TABS]
    for run in runs.list_runs():
        run.delete()
    trained_vae()
    pages.append(visit())
    for page in pages:
        for kind in ("button", "selectbox", "metric"):
            for widget in getattr(page, kind):
                assert widget.help, f"{kind} {widget.label}"


def test_a_verdict_near_the_line_says_on_which_side_it_is():
    verdict = np.array([0.012, -0.016, 0.001, 0.1, -3.0], np.float32)  # logits: 1 / (1 + e^-v)
    judged = DiscriminatorAnswers(verdict=verdict, real=verdict > 0, threshold=0.0)
    assert diagram.answer_texts(judged, "non-saturating") == [
        ("50.3 %", True),
        ("49.6 %", False),
        ("50.02 %", True),
        ("52 %", True),
        ("5 %", False),
    ]


def test_in_slow_motion_a_verdict_before_and_after_has_its_unit_once():
    before, after = np.array([-0.004, 1.0], np.float32), np.array([0.004, 1.1], np.float32)

    def texts(kind: str, after) -> list[str]:
        return slow_motion._answer_texts(kind, (0.0, 0.0), before, after, 1.0)[0]

    assert texts("non-saturating", after) == ["49.9 → 50.1 %", "73 → 75 %"]
    assert texts("non-saturating", None) == ["49.9 %", "73 %"]
    assert texts("hinge", after) == ["−0.00 → +0.00", "+1.00 → +1.10"]


def test_the_bars_of_a_verdict_span_what_occurs():
    """47 and 52 % look alike on an axis from 0 to 100 %; the axis is zoomed and says what it spans."""
    logits = np.log(np.array([0.47, 0.52]) / np.array([0.53, 0.48])).astype(np.float32)
    reach = slow_motion._reach("non-saturating", 0.0, logits)
    assert reach == pytest.approx(1.1 * 0.03, rel=1e-3)
    _, ((low,), (high,)) = slow_motion._answer_texts("non-saturating", (0.0, 0.0), logits, None, reach)
    assert low < 0.1 and high > 0.75 and low >= 0 and high <= 1
    assert slow_motion._axis("non-saturating", 0.5, reach) == "The bars run from 46.7 % to 53.3 %."
    sure = np.array([-50.0, 50.0], np.float32)
    assert slow_motion._reach("non-saturating", 0.0, sure) == 0.5, "never beyond 0 and 100 %"
    assert slow_motion._axis("hinge", 0.0, 2.5) == "The bars run from −2.50 to 2.50."


@pytest.mark.parametrize("most, words", [(0.001, "hardly"), (0.1, "a little"), (0.3, "visibly"), (0.675, "a lot")])
def test_the_words_follow_how_far_the_pictures_moved(most, words):
    assert words in slow_motion._how_far(most)


@pytest.mark.parametrize("sure, says", [(0.78, "of 22 % of the samples"), (0.95, ""), (float("nan"), "")])
def test_without_a_collapse_it_still_says_how_many_samples_nobody_can_name(sure, says):
    from ui.training_view.gan_view import still_wrong

    said = still_wrong({"val_sure": np.array([float("nan") if np.isnan(sure) else 0.2, sure])})
    assert says in said and bool(said) == bool(says)


COLOUR = {"dataset": "digits", "image_shape": (3, 28, 28)}


def test_a_decoder_of_colour_images_is_trained_with_the_recipe_for_them():
    grey, colour = untrained("grey"), untrained("colour", **COLOUR)
    assert inputs.recipe_from(grey).name == "decoder-gan-fast"
    recipe = inputs.recipe_from(colour)
    assert (recipe.name, recipe.source) == ("decoder-gan-32-fast", "colour")
    assert gan_source.resolved(recipe).image_shape == (3, 28, 28)


def test_the_steps_of_a_colour_gan_speak_of_colours_and_show_its_three_channels(sent):
    gan_run("colour", **COLOUR)
    page = visit(tab="slow")
    assert not page.exception and sent["gan_steps"]["shape"] == [3, 28, 28]
    facts = [stage["facts"] for stage in sent["gan_steps"]["walks"]["G"]]
    assert "from none of a colour to all of it" in facts[3] and "from none of a colour" in facts[4]
    assert "black" not in " ".join(facts)

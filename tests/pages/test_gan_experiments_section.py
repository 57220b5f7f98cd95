"""The experiments on their page: predict, queue, and the measured result beside the prediction."""

import pytest
from streamlit.testing.v1 import AppTest

from core import runs
from core.gan import experiments as gan_experiments
from core.gan.experiments import EXPERIMENTS
from core.jobs import training_queue
from tests.pages.page_tools import button_of, open_page, text_of
from tests.tiny_gans import ended_trial
from tests.tiny_runs import tiny, trained
from ui.gan import experiment_result

COLLAPSE = next(e for e in EXPERIMENTS if e.key == "collapse")


def script():
    from ui.gan import source
    from ui.gan.experiments import experiments

    experiments(source.choose(None))


class Board:
    """Takes recipes and trains nothing."""

    devices: tuple = ()

    def __init__(self):
        self.taken, self.active = [], []

    def submit(self, recipe, name=None, owner=""):
        self.taken.append(recipe)

    def jobs(self):
        return list(self.active)

    def job(self, name):
        return next((job for job in self.active if job.name == name), None)


class Training:
    """A job in the middle of its rounds."""

    active, position, message, stopped, id, owner, lane = True, 0, "", False, 1, "", "training on auto"
    state, progress, evaluated = "running", 0.29, None

    def __init__(self, run):
        self.run, self.recipe = run, run.recipe
        self.key = self.name = run.name

    def snapshot(self):
        return type(
            "Snapshot",
            (),
            {
                "epoch": 3.5,
                "epochs": 12,
                "step": 140,
                "frames": [0],
                "latest": {"d_real": 0.75, "d_fake": 0.5, "val_modes": 4.0},
            },
        )

    def stop(self):
        self.stopped = True


@pytest.fixture(autouse=True)
def board(monkeypatch) -> Board:
    one = Board()
    monkeypatch.setattr(training_queue, "training_queue", lambda device="auto": one)
    monkeypatch.setattr(training_queue, "devices", lambda: ["auto"])
    return one


@pytest.fixture
def source():
    return trained(tiny(latent_dim=3, epochs=1), "a-vae")


def visit(**query) -> AppTest:
    return open_page(script, **query)


def predict(page: AppTest, choice: int) -> AppTest:
    page.radio(key="gan_predict_collapse").set_value(choice).run()
    assert not page.exception
    return page


def test_without_a_decoder_it_says_what_is_missing():
    assert "start from a trained decoder" in visit().info[0].value


@pytest.mark.slow
def test_every_experiment_asks_first_and_runs_nothing_before_the_prediction(source):
    for experiment in EXPERIMENTS:
        page = visit(experiment=experiment.key)
        assert experiment.setup in text_of(page) and experiment.look not in text_of(page)
        assert button_of(page, f"gan_run_{experiment.key}").disabled
        assert page.radio(key=f"gan_predict_{experiment.key}").options == list(experiment.choices)


def test_after_the_prediction_one_button_puts_both_trainings_into_the_queue(source, board):
    page = predict(visit(experiment="collapse"), 1)
    button_of(page, "gan_run_collapse").click().run()
    assert not page.exception
    assert board.taken == [gan_experiments.recipe_for(arm, source) for arm in COLLAPSE.arms]


def test_while_they_train_progress_figures_and_a_stop_are_shown(source, board):
    board.active = [Training(runs.create(gan_experiments.recipe_for(arm, source))) for arm in COLLAPSE.arms]
    page = visit(experiment="collapse")
    assert "D right on real 75 % · on generated 50 % · 4 classes covered" in text_of(page)
    button_of(page, "gan_stop_collapse").click().run()
    assert all(job.stopped for job in board.active)


@pytest.mark.parametrize("choice, modes, right", [(2, 1.0, True), (0, 1.0, False), (1, 5.0, True)])
def test_the_measured_result_stands_beside_the_prediction(source, choice, modes, right):
    ended_trial(COLLAPSE.arms[0], source, modes, 2_000.0)
    ended_trial(COLLAPSE.arms[1], source, 10.0, 60.0)
    page = visit(experiment="collapse")
    assert COLLAPSE.look not in text_of(page), "found again, but first the prediction"
    page = predict(page, choice)
    came = COLLAPSE.choices[2 if modes < 4 else 1]
    box = (page.success if right else page.warning)[0].value
    assert came in box and (COLLAPSE.choices[choice] in box or right)
    said = text_of(page)
    assert COLLAPSE.look in said and f"| Classes covered | 10 of 10 | {modes:.0f} of 10 |" in said
    assert "| Fréchet distance | 100 | 2,000 |" in said and "| D right on real images | 80 % | 80 % |" in said
    kept = page.session_state["gan_predictions"]["collapse"]
    assert (kept["choice"], kept["measured"], kept["came"]) == (choice, came, right)


def test_running_it_again_takes_the_next_seed_and_all_outcomes_are_told(source, board):
    for seed, modes in ((0, 1.0), (1, 5.0)):
        ended_trial(COLLAPSE.arms[0], source, modes, 2_000.0, seed)
        ended_trial(COLLAPSE.arms[1], source, 10.0, 60.0, seed)
    page = predict(visit(experiment="collapse"), 2)
    assert f"1 × “About half”, 1 × “{COLLAPSE.choices[2]}”" in text_of(page)
    button_of(page, "gan_again_collapse").click().run()
    assert [recipe.seed for recipe in board.taken] == [2, 2]


def test_a_frame_that_cannot_be_read_costs_its_picture_only(source):
    run = ended_trial(COLLAPSE.arms[0], source, 1.0, 2_000.0)
    ended_trial(COLLAPSE.arms[1], source, 10.0, 60.0)
    (run.path / "frames" / "0012.png").write_bytes(b"no picture")
    assert predict(visit(experiment="collapse"), 2).success
    assert not experiment_result.samples(run, 12).any()


def test_a_training_that_was_taken_out_of_the_queue_can_be_started_again(source, board):
    for arm in COLLAPSE.arms:
        runs.create(gan_experiments.recipe_for(arm, source))  # its status is new, and nobody trains it
    page = predict(visit(experiment="collapse"), 1)
    button_of(page, "gan_run_collapse").click().run()
    assert len(board.taken) == 2


def test_an_experiment_that_is_not_there_is_ignored_with_a_message(source):
    page = visit(experiment="nonsense")
    assert "does not exist" in page.warning[0].value and EXPERIMENTS[0].setup in text_of(page)


def test_the_address_names_the_decoder_the_experiments_start_from(source):
    other = trained(tiny(latent_dim=4, epochs=1), "b-vae")
    page = visit(experiment="collapse", decoder=source.name)
    assert page.selectbox(key="gan_decoder").value == source.name
    assert page.query_params["decoder"] in (source.name, [source.name])
    page.selectbox(key="gan_decoder").set_value(other.name).run()
    assert not page.exception and "decoder" not in page.query_params, "the newest is the default"


def test_a_decoder_that_is_not_there_is_refused_with_a_message(source):
    page = visit(decoder="nonsense")
    assert "a decoder that does not exist" in page.warning[0].value and "decoder" not in page.query_params
    assert page.selectbox(key="gan_decoder").value == source.name

"""The Train page with GANs: the form and its source, the game as it goes, how it ended, and runs beside each other."""

import pytest
from streamlit.testing.v1 import AppTest

from core import runs
from core.jobs import training_queue
from core.jobs.queue import JobQueue, use_queue
from core.recipes.recipe import Recipe
from tests.pages.page_tools import button_of, keys_of, open_page, text_of
from tests.tiny_runs import keep_in_cache, tiny, trained
from ui.shared.formatting import format_sig

pytestmark = pytest.mark.slow

GAME = Recipe(
    model="gan",
    dataset="digits",
    train_images=64,
    validation=20,
    batch_size=16,
    d_channels=(4, 8),
    round_images=0,
    epochs=2,
)


@pytest.fixture(scope="module", autouse=True)
def lab(tmp_path_factory, digits_classifier):
    with pytest.MonkeyPatch.context() as patch:
        for place in ("RUNS", "DATA", "CACHE"):
            patch.setenv(f"LATENT_LAB_{place}", str(tmp_path_factory.mktemp(place)))
        keep_in_cache(digits_classifier)
        with use_queue(JobQueue()):
            yield


@pytest.fixture
def board():
    """A board whose jobs and runs are gone after the test."""
    board = training_queue.training_queue()
    yield board
    for job in board.jobs()[::-1]:
        if job.active:
            job.stop()
            assert job.wait(lambda j: not j.active, 60)
    board.queue.forget_ended()
    for run in runs.list_runs():
        run.delete()


@pytest.fixture
def source(board):
    return trained(tiny(), "first")


def visit(query: dict | None = None, **session) -> AppTest:
    return open_page("train", session, **query or {})


def keys(page) -> set[str]:
    return keys_of(page, "selectbox", "number_input", "text_input")


def gan_form(**query) -> AppTest:
    page = visit(query)
    page.selectbox(key="recipe_dataset").select("digits").run()
    page.selectbox(key="recipe_model").select("gan").run()
    assert not page.exception
    return page


def test_without_a_run_on_the_images_the_form_says_what_to_train_first_and_fills_it_in(board):
    page = gan_form()
    assert page.button(key="train_start").disabled and "whose decoder could become the generator" in text_of(page)
    page.selectbox(key="recipe_generator").select("scratch").run()
    assert not page.button(key="train_start").disabled and "recipe_hidden" in keys(page)
    page.selectbox(key="recipe_generator").select("decoder").run()
    page.button(key="recipe_to_vae").click().run()
    assert page.selectbox(key="recipe_name").value == "mlp-vae-fast"
    assert page.selectbox(key="recipe_model").value == "vae"
    assert page.selectbox(key="recipe_dataset").value == "digits" and not page.button(key="train_start").disabled


def test_what_the_source_decides_is_not_asked_but_told(source):
    page = gan_form()
    box = page.selectbox(key="recipe_source")
    assert box.options == ["The newest that fits: first", f"first · {source.recipe.summary()}"]
    hidden = {f"recipe_{name}" for name in ("network", "hidden", "latent_dim", "likelihood", "beta", "source_model")}
    assert not hidden & keys(page) and "are those of first" in text_of(page)
    page.selectbox(key="recipe_dataset").select("folder").run()
    assert page.selectbox(key="recipe_source").options == ["None on these images yet"]


def test_what_was_typed_into_a_field_that_a_gan_has_not_is_no_obstacle(source):
    page = visit()
    page.selectbox(key="recipe_dataset").select("digits").run()
    page.text_input(key="recipe_hidden").set_value("lots").run()
    assert page.button(key="train_start").disabled
    page.selectbox(key="recipe_model").select("gan").run()
    assert not page.error and not page.button(key="train_start").disabled


def test_a_link_names_the_source_and_a_bad_name_is_met_with_a_message(source):
    page = visit({"source": "first"})
    values = {name: page.selectbox(key=f"recipe_{name}").value for name in ("source", "dataset", "model")}
    assert values == {"source": "first", "dataset": "digits", "model": "gan"} and not page.warning
    page = visit({"source": "**nobody**"})
    assert "does not exist" in page.warning[0].value and "nobody" not in page.warning[0].value


def test_a_source_that_is_gone_gives_way_to_the_newest_that_fits(source):
    page = visit({"source": "first"})
    trained(tiny(), "second")
    source.delete()
    page.run()
    assert not page.exception and page.selectbox(key="recipe_source").value == ""
    assert page.selectbox(key="recipe_source").options[0] == "The newest that fits: second"


def test_one_step_of_either_player_is_taken_alone_and_told(source, board):
    job = board.submit(GAME.with_(epochs=10_000, source="first"), "game")
    assert job.wait(lambda j: j.state == "running" and j.snapshot().step > 0, 120)
    page = visit()
    assert any("** Fréchet distance after epoch" in words.value for words in page.markdown)
    button_of(page, "train_toggle").click().run()
    assert job.wait(lambda j: j.state == "paused", 60)
    for player, other in (("d", "G stayed"), ("g", "D stayed")):
        step = job.snapshot().step
        button_of(page, f"train_{player}_step").click().run()
        assert job.wait(lambda j, p=player: j.snapshot().single_step.get("player") == p, 60)
        page.run()
        assert not page.exception and job.snapshot().step == step and job.state == "paused"
        assert other in "".join(bar.proto.text for bar in page.get("progress"))
    button_of(page, "train_step").click().run()
    assert job.wait(lambda j: j.snapshot().step > step, 60) and job.snapshot().single_step == {}
    assert not any(w.key.startswith("tune_beta") for w in page.number_input)


def test_the_learning_rate_changes_in_mid_run_and_the_discriminators_keeps_its_proportion(source, board):
    job = board.submit(GAME.with_(epochs=10_000, source="first"), "game")
    assert job.wait(lambda j: j.state == "running", 120)
    page = visit()
    page.number_input(key=f"tune_lr_{job.id}").set_value(5e-4).run()
    button_of(page, "train_apply").click().run()
    assert job.wait(lambda j: j.snapshot().latest.get("lr") == 5e-4, 60)
    shot = job.snapshot()
    assert shot.latest["d_lr"] == pytest.approx(GAME.d_lr * 5e-4 / GAME.lr)
    assert [change["field"] for change in shot.changes] == ["lr"]


def test_the_end_is_told_by_the_frechet_distance_before_and_now(source, board):
    job = board.submit(GAME.with_(source="first"), "game")
    assert job.wait(lambda j: not j.active, 180) and job.state == "finished", job.message
    page = visit(train_followed=["game"])
    figures, said = job.run.evaluation(), text_of(page)
    assert "Best Fréchet distance" in said and "validation total" not in said
    assert f"Fréchet distance {format_sig(figures['before']['frechet'])} for the decoder before" in said
    table = open_page("run").dataframe[0].value.set_index("Run")
    assert table["Validation"]["game"] == f"Fréchet {job.run.status['best_total']:,.1f}"
    assert table["Validation"]["first"].endswith(" nats") and table.isna()["Test −ELBO"]["game"]

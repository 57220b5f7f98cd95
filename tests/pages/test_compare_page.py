"""The Compare page in each of its states, with models that train in a blink."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import runs
from core.evaluation import augmentation, comparison_samples, sample_quality
from core.evaluation.comparison_measures import SAMPLES
from core.jobs import tasks
from core.jobs.channel import Channel
from core.jobs.comparison import ComparisonJob
from core.jobs.messages import Ended, Progress
from core.jobs.queue import job_queue
from core.runs.images import images_of
from tests.pages.page_tools import button_of, keys_of, open_page, text_of, untrained
from tests.tiny_gans import gan_run
from tests.tiny_runs import tiny, trained
from ui.compare import inputs
from ui.components.comparison import comparison_table
from ui.components.gallery import class_sheet


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict]:
    """The last message to each component by its key, and what its events call."""
    found: dict[str, dict] = {}
    for module in (comparison_table, class_sheet):
        monkeypatch.setattr(module, "_mount", lambda key, data, **_: found.__setitem__(key, data))
    return found


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, cached_classifier) -> None:
    """Few samples, and a classifier that is there."""
    monkeypatch.setattr(sample_quality, "FINAL_SAMPLES", 200)


def measure(run: runs.Run, source: str = "", k: int = SAMPLES) -> None:
    """Carry out the job of a run in this process."""
    source = comparison_samples.sampler_of(run, source)
    path = comparison_samples.file_of(run, images_of(run), source)
    assert tasks.run(ComparisonJob(run, path, source, k).order(), Channel(lambda message: None)) == Ended("finished")


def visit(**query) -> AppTest:
    return open_page("compare", **query)


def parameter(page: AppTest, name: str) -> str | None:
    """A parameter of the address: a text where the page wrote it, a list of one where the test did."""
    value = page.query_params.get(name)
    return value[0] if isinstance(value, list) else value


def column(message: dict, key: str) -> dict[str, list]:
    """The cells of a column by the names of their rows."""
    place = [heading["key"] for heading in message["headings"]].index(key) - 1
    return {row["name"]: row["cells"][place] for row in message["rows"]}


def names(message: dict) -> list[str]:
    return [row["name"] for row in message["rows"] if not row["reference"]]


def test_without_a_run_the_page_says_what_to_do_next():
    page = visit()
    assert "Train a model first" in text_of(page) and keys_of(page, "button") == {"compare_home", "compare_train"}


def test_runs_are_measured_by_jobs_and_their_own_files_are_shown_at_once(sent, executor, cached_classifier):
    run = trained(tiny(), "mine")
    page = visit()
    assert executor.next().order.task == "measure_for_comparison"
    table = sent["compare_table"]
    assert column(table, "mse")["mine"][0] == comparison_table_text("mse", run.evaluation()["mse"])
    assert column(table, "probe")["mine"][0] == "…" and column(table, "frechet")["mine"][0] == "…"
    assert "mig" not in [heading["key"] for heading in table["headings"]], "the digits have no factors"
    assert page.button(key="compare_stop") and not page.warning


def comparison_table_text(key: str, value: float) -> str:
    from core.evaluation.comparison_measures import BY_KEY

    return BY_KEY[key].text(value)


@pytest.mark.slow
def test_measured_runs_stand_side_by_side_with_pictures_and_the_address_holds_all(sent, few):
    vae, ae = trained(tiny(latent_dim=4), "vae"), trained(tiny("plane-ae"), "ae")
    for run in (vae, ae):
        measure(run)
        measure(run, "gaussian")
    page = visit(runs="ae,vae", sort="-mse", draw="gaussian")
    table = sent["compare_table"]
    assert not keys_of(page, "button") & {"compare_stop", "compare_again"} and not page.warning
    mse = {name: float(cell[0]) for name, cell in column(table, "mse").items() if cell[0]}
    assert names(table) == sorted(mse, key=mse.get, reverse=True)
    assert next(h for h in table["headings"] if h["key"] == "mse")["sorted"] == "descending"
    text, _, about, best = column(table, "negative_elbo")["ae"]
    assert text == "—" and "no ELBO" in about and not best
    assert column(table, "modes")["Real images"][0] == "10" and float(column(table, "frechet")["Real images"][0]) > 0
    rows = sent["compare_reconstructions"]["rows"]
    assert [row["name"] for row in rows] == ["Test images", "ae", "vae"] and {row["count"] for row in rows} == {10}
    assert [row["count"] for row in sent["compare_samples"]["rows"]] == [comparison_samples.SHOWN_SAMPLES] * 2
    kept = {name: parameter(page, name) for name in ("runs", "sort", "draw")}
    assert kept == {"runs": "ae,vae", "sort": "-mse", "draw": "gaussian"}
    assert "no ELBO" in text_of(page) and "Lower is better." in text_of(page)


@pytest.mark.slow
def test_the_table_can_be_copied_in_three_forms(sent, few):
    measure(trained(tiny(), "a_run"))
    page = visit()
    assert page.code[0].value.startswith("run,runs,mse,mse_error,mse_n,")
    page.button_group(key="compare_format").set_value("LaTeX").run()
    assert r"\toprule" in page.code[0].value and r"a\_run &" in page.code[0].value
    page.button_group(key="compare_format").set_value("Markdown").run()
    assert page.code[0].value.startswith("| Run | Test MSE")


@pytest.mark.slow
def test_seeds_share_a_row_by_choice(sent, few):
    for seed in range(3):
        measure(trained(tiny(seed=seed), f"seed-{seed}"))
    page = visit(runs="seed-0,seed-1,seed-2")
    assert names(sent["compare_table"]) == ["seed-0", "seed-1", "seed-2"]
    page.toggle(key="compare_seeds").set_value(True).run()
    assert names(sent["compare_table"]) == ["seed-0 and 2 more seeds"] and parameter(page, "seeds") == "1"
    values = [runs.open_run(f"seed-{seed}").evaluation()["mse"] for seed in range(3)]
    text, spread, about, _ = column(sent["compare_table"], "mse")["seed-0 and 2 more seeds"]
    assert float(text) == pytest.approx(np.mean(values), rel=0.01) and about == "n = 3"
    assert float(spread) == pytest.approx(np.std(values, ddof=1), abs=5.1e-4)


def test_measuring_can_be_stopped_and_taken_up_again(sent, executor, cached_classifier):
    trained(tiny(), "mine")
    page = visit()
    work = executor.next()
    work.send(Progress(0.2))
    page.button(key="compare_stop").click().run()
    assert work.commands == ["stop"]
    work.send(Ended("stopped"))
    assert job_queue().jobs(ComparisonJob)[0].wait(timeout=60)
    page.run()
    assert not page.warning and len(executor.executions) == 1, "what was stopped does not begin again by itself"
    page.button(key="compare_again").click().run()
    assert len(executor.executions) == 2


@pytest.mark.slow
def test_a_run_without_the_chosen_sampler_says_so(sent, few):
    measure(trained(tiny("plane-ae"), "ae"))
    measure(gan_run("gan", "none"))
    page = visit(runs="ae,gan", draw="mixture")
    text, _, about, _ = column(sent["compare_table"], "frechet")["gan"]
    assert text == "—" and about == "This run has no such sampler."
    assert column(sent["compare_table"], "mse")["gan"][2] == "This GAN has no encoder: images have no latents."
    assert page.selectbox(key="compare_draw").value == "mixture"


def test_a_click_on_a_heading_sorts_up_then_down_then_not(sent, executor, cached_classifier):
    trained(tiny(), "mine")

    def clicked(*keys: str) -> None:
        import streamlit as st

        from ui.compare import inputs

        for key in keys:
            inputs.sort_by(key)
        st.text(st.session_state.get("compare_sort"))

    assert [open_page(clicked, args=keys).text[0].value for keys in (("mse",), ("mse",) * 2, ("mse",) * 3)] == [
        "mse",
        "-mse",
        "",
    ]
    assert open_page(clicked, args=("mse", "probe")).text[0].value == "probe"
    page = visit(sort="nonsense")
    assert "not possible" in text_of(page) and "sort" not in page.query_params


def test_a_damaged_run_is_one_line(sent, executor, cached_classifier):
    good, bad = trained(tiny(), "good"), trained(tiny(), "bad")
    (bad.path / "recipe.json").write_text("{", "utf-8")
    page = visit(runs="good,bad,gone")
    said = [caption.value for caption in page.caption if "link_off" in caption.value]
    assert len(said) == 2 and "'bad' is not a usable run" in said[0] and "does not exist" in said[1]
    assert names(sent["compare_table"]) == ["good"] and good.has_weights


@pytest.mark.slow
def test_a_run_whose_weights_are_damaged_is_one_line_and_the_others_are_measured(sent, executor, few):
    good, bad = trained(tiny(), "good"), trained(tiny(), "bad")
    measure(good)
    (bad.path / "best.safetensors").write_bytes(b"nothing")
    page = visit(runs="good,bad")
    work = executor.next()
    work.send(tasks.run(work.order, Channel(lambda message: None)))
    assert job_queue().jobs(ComparisonJob)[0].wait(timeout=60)
    page.run()
    assert len(page.warning) == 1 and "damaged" in page.warning[0].value and page.button(key="compare_again")
    assert column(sent["compare_table"], "probe")["good"][0] not in ("…", "—")


def test_runs_on_other_images_are_left_out_with_a_sentence(sent, executor, cached_classifier):
    trained(tiny(), "grey")
    untrained("colour", image_shape=(3, 28, 28))
    page = visit(runs="grey,colour")
    assert "trained on other images" in text_of(page) and names(sent["compare_table"]) == ["grey"]
    page = visit(runs="colour")
    assert names(sent["compare_table"]) == ["colour"]


def test_without_its_images_a_run_shows_what_its_files_say(sent, executor):
    run = trained(tiny(), "mine")
    untrained("mnist", digits=False)
    page = visit(runs="mnist")
    assert "not on this computer" in text_of(page) and names(sent["compare_table"]) == ["mnist"]
    assert not executor.executions and run.has_weights


def test_the_page_of_runs_leads_here(executor):
    untrained("one")
    untrained("two")
    page = open_page("run", compare="one,two")
    assert page.button(key="runs_evaluate").label == "By one evaluation"


def test_no_more_runs_are_shown_than_fit(sent, executor, cached_classifier, monkeypatch):
    monkeypatch.setattr(inputs, "MOST", 2)
    for name in "abc":
        untrained(name)
    page = visit(runs="a,b,c")
    assert names(sent["compare_table"]) == ["a", "b"] and "more than 2 runs" in text_of(page)


def test_the_curve_of_generated_data_begins_at_a_click_and_is_drawn_as_it_comes(sent, executor, cached_classifier):
    run = trained(tiny(), "mine")
    page = visit()
    assert "A small classifier learns" in text_of(page)
    button_of(page, "compare_curve_start").click().run()
    orders = [execution.order.task for execution in executor.executions]
    assert "measure_augmentation" in orders
    point = augmentation.Point(10, (0.50, 0.52), (0.70, 0.72), (0.4, 0.6))
    found = augmentation.Augmentation((point,), (10, 30), augmentation.SELF_TRAINED, 100, 50, 1_000)
    assert augmentation.save(augmentation.file_of(run, images_of(run), "prior"), found)
    page.run()
    assert "Generated images help with 10 real images per class" in text_of(page)
    assert "self-training" in text_of(page) and "50 % on average" in text_of(page)
    assert any("Stop" in button.label for button in page.button if "curve" in button.key)


def test_a_set_without_enough_classes_says_why_there_is_no_curve(sent, executor, tmp_path):
    from PIL import Image

    folder = tmp_path / "set"
    for k in range(12):
        (folder / "ab"[k % 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((28, 28), 20 * k, np.uint8)).save(folder / "ab"[k % 2] / f"{k}.png")
    untrained("few", digits=False, dataset="folder", folder=str(folder))
    page = visit()
    assert "these have fewer" in text_of(page) and not page.exception


@pytest.mark.slow
def test_the_number_of_samples_of_the_bound_is_chosen_and_stands_in_the_address(sent, few):
    run = trained(tiny(latent_dim=3), "vae")
    for k in (1, 16, SAMPLES):
        measure(run, k=k)
    values = {}
    for k in (1, 16, SAMPLES):
        page = visit(runs="vae", k=k)
        assert not page.warning and "compare_stop" not in keys_of(page, "button")
        table = sent["compare_table"]
        assert next(h for h in table["headings"] if h["key"] == "bound")["unit"] == f"nats, k = {k}"
        values[k] = float(column(table, "bound")["vae"][0])
    assert values[1] == float(column(sent["compare_table"], "negative_elbo")["vae"][0]) > values[16] > values[SAMPLES]
    assert parameter(visit(runs="vae", k=16), "k") == "16" and parameter(page, "k") is None
    assert "from 1 to 5,000" in visit(runs="vae", k=0).warning[0].value


def test_without_a_model_that_has_a_bound_there_is_no_choice_of_its_samples(sent, executor):
    untrained("points", "plane-ae")
    page = visit(runs="points", k=16)
    assert "compare_k" not in keys_of(page, "selectbox") and parameter(page, "k") is None

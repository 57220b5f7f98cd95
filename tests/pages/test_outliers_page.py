"""The Outliers page in each of its states, with small models on the digits."""

import dataclasses
import io

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core import data, runs
from core.evaluation import outlier_images, outliers
from core.jobs import outliers as jobs_outliers
from core.jobs import tasks
from core.jobs.channel import Channel
from core.models import build
from core.runs import weights
from core.system import paths
from core.system.cache import digest
from tests.pages.page_tools import keys_of, open_page, untrained
from ui.outliers import classes, downloads, inputs, prediction, scores, steps


class Waiting:
    """A scoring in the background, as its page sees it."""

    state, progress, message, seconds_left = "running", 0.25, "", 12.0
    left = False

    @property
    def active(self) -> bool:
        return self.state == "running"

    def wait(self, timeout: float) -> bool:
        return False

    def leave(self, who: str) -> None:
        Waiting.left = True


def make(name: str, preset_name: str = "mlp-vae", digits: bool = True, **changes) -> runs.Run:
    return untrained(name, preset_name, digits, **{"latent_dim": 3} | changes)


@pytest.fixture(scope="module", autouse=True)
def one_baseline():
    """The baseline of the same images is computed once for these tests, half of the work of opening the page."""
    known, compute = {}, outliers.pca_residual

    def remembered(train, images, *options, rows):
        key = (digest(train, images, rows), *options)
        if key not in known:
            known[key] = compute(train, images, *options, rows=rows)
        return known[key].copy()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outliers, "pca_residual", remembered)
        yield


class Done:
    """A short scoring, which has ended before the page is drawn."""

    active = False

    def __init__(self, run: runs.Run, *arguments):
        ended = tasks.run(jobs_outliers.OutlierJob(run, *arguments, short=True).order(), Channel(lambda message: None))
        self.state, self.message = ended.state, ended.message

    def wait(self, timeout: float) -> bool:
        return True

    def leave(self, who: str) -> None:
        """It has ended."""


@pytest.fixture(autouse=True)
def waiting(monkeypatch):
    def start(*arguments, short: bool, **_):
        return Done(*arguments) if short else Waiting()

    monkeypatch.setattr(Waiting, "left", False)
    monkeypatch.setattr(jobs_outliers, "start", start)


def visit(state=None, **query) -> AppTest:
    return open_page("outliers", state, **query)


def expected(run: runs.Run, n: int = 300, score: str = "error", quantile: float = 0.95):
    images, mixed, path = jobs_outliers.prepare(run, "", n, 0)
    found = outliers.load(path, mixed)
    return {v.kind: v for v in outliers.results_by_kind(found.by(score), mixed, quantile)}


def table(page: AppTest, first_column: str):
    return next(t.value for t in page.table if first_column in t.value.columns)


def areas(page: AppTest, column: str = "run") -> dict[str, str]:
    """What the table of AUROC says by kind."""
    found = table(page, "AUROC of")
    return dict(zip(found["AUROC of"], found[column], strict=True))


def said(found) -> str:
    return f"{found.auroc:.2f} ({found.interval[0]:.2f}–{found.interval[1]:.2f})"


def test_without_runs_it_says_what_to_do_next():
    page = visit()
    assert "Nothing has been trained yet" in page.info[0].value
    assert [b.label for b in page.button] == ["Train your first model", "Choose what to train"]


@pytest.mark.slow
def test_a_damaged_run_is_named_and_the_others_work():
    make("good")
    bad = paths.runs_folder() / "bad"
    bad.mkdir()
    (bad / "recipe.json").write_text("{oops")
    page = visit()
    assert "1 run cannot be used" in [e.label for e in page.expander]
    assert set(table(page, "AUROC of")) == {"AUROC of", "good", "PCA-20"}


def test_truncated_weights_are_refused_in_a_sentence():
    file = make("one").path / "best.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    assert "damaged" in visit().error[0].value


@pytest.mark.slow
def test_a_model_that_diverged_is_a_sentence():
    run = make("one")
    model = build(run.recipe)
    for weight in model.parameters():
        weight.data.fill_(float("nan"))
    weights.save(run.path / "best.safetensors", model.state_dict(), {"epoch": 1})
    assert "diverged" in visit().error[0].value


def test_without_its_data_set_it_leads_to_the_data_page():
    make("run", digits=False)
    page = visit()
    assert "MNIST is not on this machine" in page.warning[0].value and page.button(key="outliers_data")
    assert not page.table


@pytest.mark.slow
@pytest.mark.parametrize(("preset_name", "d"), [("mlp-vae", 1), ("plane-vae", 2), ("deep-ae", 5)])
def test_every_model_with_an_encoder_is_scored_at_once(preset_name, d):
    run = make("run", preset_name, latent_dim=d)
    page = visit()
    found, shown = expected(run), areas(page)
    assert list(table(page, "AUROC of").columns) == ["AUROC of", "run", "PCA-20"]
    for kind, title in (("noise", "Noise"), ("inverted", "Inverted"), ("shuffled", "Shuffled")):
        assert shown[title] == said(found[kind])
    assert shown["False alarms"] == f"{100 * found['test'].flagged:.1f} %"
    corrected = "Complexity-corrected" in page.segmented_control(key="outliers_score").options
    assert corrected == (run.recipe.likelihood == "bernoulli")
    assert any("a quantile of the scores of 180 validation images" in c.value for c in page.caption)


@pytest.mark.slow
def test_the_address_chooses_score_number_and_threshold_and_is_kept_up_to_date():
    run = make("run")
    page = visit(score="objective", n="100", q="80", other="none")
    found = expected(run, 100, "objective", 0.8)
    assert areas(page)["False alarms"] == f"{100 * found['test'].flagged:.1f} %"
    page.segmented_control(key="outliers_score").set_value("error").run()
    page.selectbox(key="outliers_n").select(300).run()
    assert not page.exception
    assert {k: page.query_params[k] for k in ("score", "n", "q", "other", "run")} == {
        "score": "error",
        "n": "300",
        "q": "80",
        "other": "none",
        "run": "run",
    }


def _place(names):
    """A key that sorts complaints in the order of the parameters that they name."""
    return lambda complaint: list(names).index(complaint.split("“")[1].split("”")[0])


@pytest.mark.slow
def test_bad_values_in_the_address_are_ignored_with_a_message_each_until_something_is_chosen():
    bad = {"score": "<b>", "n": "301", "q": "nan", "other": "mnist"}
    run = make("run")
    page = visit(**bad)
    complaints = [w.value for w in page.warning if "does not exist. Allowed" in w.value]
    assert len(complaints) == len(bad)
    for (name, value), complaint in zip(bad.items(), sorted(complaints, key=_place(bad)), strict=True):
        assert f"“{name}”" in complaint and value not in complaint.replace(f"“{name}”", "")[:40]
    assert areas(page)["Noise"] == said(expected(run)["noise"])
    page.segmented_control(key="outliers_score").set_value("objective").run()
    assert not [warning for warning in page.warning if "does not exist" in warning.value]


@pytest.mark.parametrize(
    ("name", "bad"), [("score", "<b>"), ("n", "-1"), ("n", "301"), ("q", "100"), ("q", "nan"), ("other", "digits")]
)
def test_a_value_that_no_control_offers_is_refused_and_the_default_taken(monkeypatch, name, bad):
    state: dict = {}
    monkeypatch.setattr(inputs.st, "session_state", state)
    monkeypatch.setattr(inputs.address, "get", {name: bad}.get)
    inputs._adopt(name, "box", {"first": 1, "second": 2}, 1)
    assert state["box"] == 1 and "Allowed: first, second" in state[inputs.COMPLAINTS][0]


@pytest.mark.slow
def test_an_auroc_below_one_half_is_explained_on_the_spot_and_the_corrected_score_named(monkeypatch):
    run = make("run")
    images, mixed, path = jobs_outliers.prepare(run, "", 100, 0)
    n, noise = len(mixed.images), mixed.of("noise")
    objective, floor = np.full(n, 100.0) + np.arange(n) / n, np.full(n, 90.0)
    objective[noise], floor[noise] = 50.0, 10.0  # lower than the test images, and yet far above its floor
    found = outliers.OutlierScores(
        np.arange(n) / n, objective, np.arange(n) / n, floor, mixed.images, 1.0, np.zeros(n), 100.0
    )
    outliers.save(path, found)
    page = visit(score="objective", n="100")
    (warning,) = [w.value for w in page.warning if "Noise" in w.value]
    assert "AUROC 0.00" in warning and "*more* typical" in warning and "(10 against 90 nats" in warning
    assert "its AUROC is 1.00" in warning
    page.segmented_control(key="outliers_score").set_value("corrected").run()
    assert page.query_params["score"] == "corrected" and areas(page)["Noise"].startswith("1.00 (0.9")
    assert not [w for w in page.warning if "Noise" in w.value]


@pytest.mark.slow
def test_another_data_set_on_this_machine_joins_the_bag(monkeypatch):
    digits, load = data.load("digits"), data.load
    other = data.ImageSet(
        "kmnist",
        255 - digits.train_images,
        digits.train_labels,
        255 - digits.test_images,
        digits.test_labels,
        digits.classes,
    )
    monkeypatch.setattr(outlier_images, "other_sets", lambda recipe: ["kmnist"])
    monkeypatch.setattr("ui.outliers.inputs.other_sets", lambda recipe: ["kmnist"])
    monkeypatch.setattr(
        data, "load", lambda name, *place, **shape: other if name == "kmnist" else load(name, *place, **shape)
    )
    make("run")
    page = visit()
    assert "KMNIST" in areas(page) and page.query_params["other"] == "kmnist"
    page.selectbox(key="outliers_kind").select("other").run()
    assert any("of KMNIST" in m.value for m in page.markdown)
    page.selectbox(key="outliers_other_digits").select("none").run()
    assert not page.exception and "KMNIST" not in areas(page)


def test_the_paradox_is_explained_after_its_prediction_and_the_repair_is_not_given_away(monkeypatch):
    sets = {"ui.outliers.inputs.other_sets": ["kmnist"], "core.evaluation.outlier_images.other_sets": ["kmnist"]}
    for name, found in sets.items():
        monkeypatch.setattr(name, lambda recipe, found=found: found)
    load, status = data.load, data.status()
    digits = load("digits")
    other = dataclasses.replace(digits, name="kmnist", test_images=255 - digits.test_images)
    monkeypatch.setattr(data, "load", lambda name, *p, **s: other if name == "kmnist" else load(name, *p, **s))
    monkeypatch.setattr(data, "status", lambda: status | {"kmnist": status["digits"]})
    monkeypatch.setattr(steps, "CLOTHES", "digits")
    monkeypatch.setattr(steps, "DIGITS", "kmnist")
    run = make("run")
    images, mixed, path = jobs_outliers.prepare(run, "kmnist", 300, 0)
    n, rows = len(mixed.images), mixed.of("other")
    objective, floor = np.full(n, 100.0) + np.arange(n) / n, np.full(n, 90.0)
    objective[rows], floor[rows] = 50.0, 10.0
    outliers.save(path, outliers.OutlierScores(objective, objective, objective, floor, mixed.images, 1.0, floor, 100.0))
    page = visit(step="paradox")
    assert not page.info, "first the prediction"
    page.radio[0].set_value(3).run()
    assert "(10 against 90 nats per image)" in page.info[0].value and not page.warning
    told = "its AUROC is 1.00"
    page.segmented_control(key="outliers_step").set_value(None).run()
    assert "complexity-corrected" in page.warning[0].value and told not in page.warning[0].value
    page.segmented_control(key="outliers_step").set_value("repair").run()
    page.radio[0].set_value(0).run()
    assert "as you predicted" in page.info[0].value
    # Digits lie 50 below the usual objective of 100, test images less than 1 off; their files are smaller by 80 nats.
    assert "*Typicality* (Nalisnick et al. 2019) comes to 1.00" in page.info[0].value
    assert "*Minus PNG size* (Serrà et al. 2020) to 1.00" in page.info[0].value
    page.segmented_control(key="outliers_score").set_value("objective").run()
    assert not page.exception and told in page.warning[0].value


@pytest.mark.slow
def test_the_gallery_is_ranked_by_score_and_the_chosen_image_has_its_numbers(monkeypatch):
    run = make("run")
    page = visit()
    images, mixed, path = jobs_outliers.prepare(run, "", 300, 0)
    found = outliers.load(path, mixed)
    test = mixed.of("test")
    top = test[np.argmax(found.error[test])]
    label = data.load("digits").classes[mixed.label[top]]
    assert any(m.value == f"**Test image {mixed.number[top]}, class {label}**" for m in page.markdown)
    values = table(page, "Test images below")
    assert float(values["Value"][0]) == pytest.approx(found.error[top], rel=5e-3)
    page.segmented_control(key="outliers_order").set_value("least").run()
    low = test[np.argmin(found.error[test])]
    assert any(f"Test image {mixed.number[low]}, class" in m.value for m in page.markdown)
    page.selectbox(key="outliers_kind").select("outliers").run()
    assert not page.exception


def test_a_model_without_an_encoder_is_waited_for_and_can_be_stopped_and_begun_again():
    make("run", "auto-decoder-fast")
    page = visit()
    assert any("has no encoder" in m.value for m in page.markdown) and not page.table
    assert "Progress()" in str(page.main)
    page.button(key="outliers_stop_run").click().run()
    assert not page.exception and Waiting.left and "was stopped" in page.info[0].value
    page.button(key="outliers_again_run").click().run()
    assert not page.exception and page.button(key="outliers_stop_run")


def test_a_scoring_that_the_page_no_longer_needs_is_left_and_one_that_it_needs_is_not():
    make("run", "auto-decoder-fast")
    make("other", "auto-decoder-fast", latent_dim=4)  # of equal weights the scores would be the same
    page = visit(run="run")
    page.segmented_control(key="outliers_score").set_value("objective").run()
    assert not Waiting.left and not page.exception
    page.selectbox(key="run_box").select("other").run()
    assert not page.exception and Waiting.left and page.button(key="outliers_stop_other")


def test_the_question_of_a_step_comes_while_its_images_are_scored(monkeypatch):
    monkeypatch.setattr(scores, "AT_ONCE", 100)
    make("run", without_classes="8")
    page = visit(step="plausible")
    assert page.radio[0].label.startswith("The model has never seen the class 8")
    assert "outliers_stop_run" not in keys_of(page, "button")
    page.radio[0].set_value(0).run()
    assert page.button(key="outliers_stop_run")


def test_where_the_cache_cannot_be_written_the_scores_are_shown_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "file" / "cache"))
    make("run")
    page = visit(n="100")
    assert "kept only until the lab is closed" in page.warning[0].value and areas(page)


def test_a_failed_scoring_is_a_sentence_with_a_way_on(monkeypatch):
    monkeypatch.setattr(Waiting, "state", "failed")
    monkeypatch.setattr(Waiting, "message", "There is *no* room.")
    make("run", "variational-auto-decoder-fast")
    page = visit()
    assert r"There is \*no\* room" in page.error[0].value and page.button(key="outliers_again_run")


@pytest.mark.slow
@pytest.mark.parametrize("preset_name", ["auto-decoder-fast", "variational-auto-decoder-fast"])
def test_scores_that_were_computed_in_the_background_are_shown(preset_name):
    run = make("run", preset_name)
    images, mixed, path = jobs_outliers.prepare(run, "", 100, 0)
    steps = outliers.scoring_steps(weights.load_model(run), run.recipe, images, mixed)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        outliers.save(path, end.value)
    page = visit(n="100", score="objective")
    assert areas(page)["Noise"] == said(expected(run, 100, "objective")["noise"])
    kind = "Objective" if preset_name == "auto-decoder-fast" else "Negative ELBO"
    assert any(kind in str(t.value) for t in page.table)
    path.write_bytes(path.read_bytes()[:200])
    assert visit(n="100").button(key="outliers_stop_run"), "damaged: computed anew"


@pytest.mark.slow
def test_other_runs_are_laid_beside_it_and_those_still_computing_say_so():
    run, other = make("run"), make("other", "deep-ae")
    make("searching", "auto-decoder-fast")
    make("elsewhere", digits=False)
    page = visit(run="run")
    beside = page.multiselect(key="outliers_beside_run")
    assert {option.split(" ")[0] for option in beside.options} == {"other", "searching"}
    beside.set_value(["other", "searching"]).run()
    assert not page.exception
    page.run()
    assert list(table(page, "AUROC of").columns) == ["AUROC of", "run", "other", "PCA-20"]
    assert areas(page, "other")["Noise"] == said(expected(other)["noise"])
    assert areas(page)["Noise"] == said(expected(run)["noise"])
    assert page.button(key="outliers_stop_searching")


@pytest.mark.slow
def test_class_by_class_each_has_its_scores_and_one_class_at_a_time_its_own_pca(monkeypatch):
    run = make("run")
    monkeypatch.setattr(classes.outliers, "one_class", lambda images, most: np.linspace(0.9, 0.98, 10))
    page = visit()
    shown = table(page, "Class")
    images, mixed, path = jobs_outliers.prepare(run, "", 300, 0)
    values, labels = outliers.load(path, mixed).error[mixed.of("test")], mixed.label[mixed.of("test")]
    assert sorted(shown["Class"]) == list("0123456789") and shown["Test images"].astype(int).sum() == 297
    row = shown[shown["Class"] == "3"].iloc[0]
    area = outliers.auroc(values[labels != 3], values[labels == 3])
    assert row["AUROC against the others"].startswith(f"{area:.2f} (")
    page.toggle(key="outliers_alone").set_value(True).run()
    page.run()
    assert not page.exception and any("**0.94**" in c.value for c in page.caption)


@pytest.mark.slow
def test_the_formula_has_the_numbers_of_now_and_the_code_that_ran():
    run = make("run")
    page = visit({"outliers_depth": True})
    images, mixed, path = jobs_outliers.prepare(run, "", 300, 0)
    values = outliers.load(path, mixed).error
    line = outliers.decision_threshold(values[mixed.of("validation")], 0.95)
    assert any(f"t = {line:.3g}"[:7] in formula.value for formula in page.latex)
    assert "def decision_threshold" in page.code[0].value and "def scoring" in page.code[0].value


@pytest.mark.slow
def test_the_images_of_a_run_are_mixed_and_hashed_once_not_at_every_rerun(monkeypatch):
    make("run")
    build, made = outlier_images.build, []
    monkeypatch.setattr(outlier_images, "build", lambda *a, **k: made.append(1) or build(*a, **k))
    page = visit()
    assert len(made) == 2, "once by the page, once by the job; outside this test the second one is the first one's"
    page.run()
    page.segmented_control(key="outliers_score").set_value("objective").run()
    assert len(made) == 2 and not page.exception
    page.selectbox(key="outliers_n").select(100).run()
    assert len(made) == 4


def test_many_images_are_scored_in_a_process_even_with_an_encoder(monkeypatch):
    monkeypatch.setattr(scores, "AT_ONCE", 100)
    make("run")
    page = visit()
    assert page.button(key="outliers_stop_run") and any("reconstructs every image" in m.value for m in page.markdown)


@pytest.mark.parametrize("count, classes", [(1, ()), (7, ()), (12, ("a", "b"))])
def test_a_folder_of_own_pictures_with_or_without_classes_has_its_page(tmp_path, count, classes):
    from PIL import Image

    for k in range(count):
        place = tmp_path / "mine" / (classes[k % 2] if classes else "")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((28, 28), 20 * k, np.uint8)).save(place / f"{k}.png")
    make("run", digits=False, dataset="folder", folder=str(tmp_path / "mine"))
    page = visit()
    if data.load("folder", str(tmp_path / "mine")).test_images.size:
        assert "Noise" in areas(page)
    else:
        assert "too small to have test images" in page.error[0].value


@pytest.mark.slow
def test_every_control_has_help():
    make("run")
    make("other")
    page = visit({"outliers_depth": True})
    for kind in ("button", "selectbox", "segmented_control", "multiselect", "toggle"):
        for widget in getattr(page, kind):
            assert widget.help, f"{kind} {widget.label}"


@pytest.mark.slow
def test_a_step_chooses_run_score_and_outliers_says_what_was_found_and_ends_when_something_else_is_chosen():
    make("whole")
    left = make("left", without_classes="8")
    page = visit(step="plausible")
    assert {k: page.query_params[k] for k in ("run", "score", "other")} == {
        "run": "left",
        "score": "error",
        "other": "none",
    }
    assert not page.table and not page.info, "nothing is shown before the prediction"
    found = expected(left)["left-out"]
    came = sum(found.auroc <= limit for limit in (0.9, 0.6)) + (found.auroc < 0.4)
    page.radio[0].set_value(came).run()
    (text,) = [info.value for info in page.info]
    assert f"**Measured:** an AUROC of {found.auroc:.2f}, as you predicted." in text and page.table
    assert (
        "without the class 8" in text and said(found) in text and f"{100 * found.flagged:.0f} % of the left-out" in text
    )
    page.segmented_control(key="outliers_step").set_value("easy").run()
    assert not page.exception and page.query_params["run"] == "whole" and page.query_params["step"] == "easy"
    page.radio[0].set_value(0).run()
    assert page.info[0].value.startswith("**You predicted:** Very well: an AUROC above 0.9. **Measured:**")
    lowest = min(expected(runs.open_run("whole"))[kind].auroc for kind in ("inverted", "shuffled", "noise"))
    assert f"AUROC of the three is {lowest:.2f}" in page.info[0].value
    assert f"**Measured:** an AUROC of {lowest:.2f}." in page.info[0].value
    page.segmented_control(key="outliers_score").set_value("objective").run()
    assert "step" not in page.query_params and not page.info
    page.segmented_control(key="outliers_step").set_value("paradox").run()
    assert not page.exception and "needs a model of FashionMNIST" in page.info[0].value
    assert page.query_params["run"] == "whole"


@pytest.mark.parametrize(
    ("area", "choice"), [(1.0, 0), (0.91, 0), (0.9, 1), (0.61, 1), (0.6, 2), (0.5, 2), (0.4, 2), (0.39, 3), (0.0, 3)]
)
def test_every_auroc_belongs_to_one_choice(area, choice):
    assert prediction.choice_of(area) == choice


def test_the_table_to_download_holds_every_image_with_its_scores_and_the_flag_of_the_threshold():
    run = make("run")
    images, mixed, path = jobs_outliers.prepare(run, "", 100, 0)
    n = len(mixed.images)
    error, objective, baseline, floor = np.random.default_rng(0).uniform(1, 2, (4, n))
    found = outliers.OutlierScores(error, objective, baseline, floor, mixed.images, 1.0, floor, 0.0)
    text = downloads.scores_csv(scores.Result(run, mixed, found, path), inputs.Choice("error", "", 100, 0.95), images)
    table = pd.read_csv(io.StringIO(text))
    assert np.allclose(table["Squared error per pixel"], error, rtol=1e-5)
    assert np.allclose(table["Negative ELBO − pixel entropy (nats per image)"], objective - floor, atol=2e-6)
    assert np.allclose(table["PCA-20: squared error per pixel"], baseline, rtol=1e-5)
    assert list(table["kind"]) == [list(outlier_images.KINDS)[k] for k in mixed.kind]
    limit = np.sort(error[mixed.of("validation")])[int(np.ceil(0.95 * len(mixed.of("validation")))) - 1]
    assert list(table.iloc[:, -1]) == list((error > limit).astype(int))
    test = table[table["kind"] == "test"]
    assert [int(name) for name in test["class"]] == list(images.test_labels[test["number"]])

"""The Planes page in each of its states, with models that train in a blink."""

import re

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from core import data, runs
from core.images import convert
from core.jobs import training_queue
from core.recipes.presets import for_digits, preset
from core.system import paths
from tests.pages.page_tools import open_page
from tests.tiny_runs import tiny, trained

pytestmark = pytest.mark.usefixtures("classifier_in_training")

PAGE = str(paths.ROOT / "pages" / "planes.py")
FAMILIES = ("ae", "vae", "ad", "vad")


class Queue:
    """A board that only takes note."""

    def __init__(self):
        self.asked = []

    def submit(self, recipe, name=None, owner=""):
        self.asked.append(recipe)


def make(*families: str, **changes) -> list[runs.Run]:
    return [trained(tiny(f"plane-{family}", hidden=(8,), epochs=1, **changes), f"my-{family}") for family in families]


def visit(**query) -> AppTest:
    return open_page("planes", **query)


def shown(page: AppTest) -> dict[str, str]:
    return {slot: page.query_params[slot] for slot in FAMILIES if slot in page.query_params}


def said(page: AppTest) -> str:
    return "\n".join(m.value for m in page.markdown)


def test_without_runs_every_family_says_what_to_do_next(monkeypatch):
    queue = Queue()
    monkeypatch.setattr(training_queue, "training_queue", lambda *_: queue)
    monkeypatch.setattr("ui.planes.missing.training_jobs", lambda: [])
    page = visit()
    labels = [b.label for b in page.button]
    assert labels == ["Train the 4 missing ones", *(f"Train plane-{family}" for family in FAMILIES)]
    page.button(key="planes_train_ad").click().run()
    assert not page.exception and queue.asked == [for_digits(preset("plane-ad"))]
    page.button(key="planes_train_all").click().run()
    assert [recipe.name for recipe in queue.asked[1:]] == [f"plane-{family}" for family in FAMILIES]


@pytest.mark.slow
def test_all_families_stand_side_by_side_with_their_figures_and_in_the_address():
    made = make(*FAMILIES)
    page = visit()
    assert shown(page) == {family: f"my-{family}" for family in FAMILIES} and not page.warning
    errors = re.findall(r"\*\*([\d.]+)\*\* squared error", said(page))
    assert len(errors) == 4 and "plane-ad" not in said(page)
    from core.evaluation import metrics
    from core.runs import weights

    for run, error in zip(made, errors, strict=True):
        images = data.load("digits")
        _, kept = data.split(images, run.recipe.validation, run.recipe.train_images)
        held_out = convert.to_byte_tensor(images.train_images[kept], torch.device("cpu"))
        score = metrics.score(weights.load_model(run), held_out)
        assert float(error) == pytest.approx(score.mse, rel=0.01)


def test_a_family_that_is_missing_is_offered_beside_the_others():
    make("vae", "ad")
    page = visit()
    assert shown(page) == {"vae": "my-vae", "ad": "my-ad"}
    assert {b.key for b in page.button} >= {"planes_train_ae", "planes_train_vad", "planes_sample"}


def test_models_with_more_dimensions_are_none_of_its():
    trained(tiny(latent_dim=3), "wide")
    assert shown(visit()) == {}


def test_a_damaged_run_is_named_and_the_others_work():
    make("vae")
    bad = paths.runs_folder() / "bad"
    bad.mkdir()
    (bad / "recipe.json").write_text("{oops")
    page = visit()
    assert "1 run cannot be used" in [e.label for e in page.expander] and shown(page) == {"vae": "my-vae"}


def test_truncated_weights_are_refused_in_a_sentence_and_the_others_are_shown():
    broken, _ = make("ae", "vae")
    file = broken.path / "best.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    page = visit()
    assert "damaged" in page.error[0].value and len(re.findall("squared error per", said(page))) == 1


def test_the_address_chooses_the_runs_and_the_samples():
    make("vae", "ae")
    trained(tiny("plane-vae", hidden=(8,), epochs=1, beta=4.0), "other")
    page = visit(vae="my-vae", ae="other", seed="7", draw="own")
    assert shown(page) == {"vae": "my-vae", "ae": "other"}, "two of one family can be compared"
    assert "Seed 7" in [c.value for c in page.caption]
    assert page.button(key="planes_sample").label == "Sample each"


@pytest.mark.parametrize("query", [{"vae": "none"}, {"seed": "-1"}, {"seed": "²"}, {"seed": "9" * 9}, {"draw": "<b>"}])
def test_a_bad_address_is_ignored_with_a_message(query):
    make("vae")
    page = visit(**query)
    assert "The address asks for" in page.warning[0].value
    assert shown(page) == {"vae": "my-vae"} and (page.query_params["seed"], page.query_params["draw"]) == ("1", "prior")


@pytest.mark.slow
def test_sampling_counts_the_seed_up_and_keeps_the_address_up_to_date():
    make("vae", "ad")
    page = visit(seed="41")
    page.button(key="planes_sample").click().run()
    assert not page.exception and page.session_state["planes_seed"] == 42
    page.segmented_control(key="planes_from").set_value("own").run()
    assert not page.exception and page.session_state["planes_source"] == "own"
    page.run()
    assert (page.query_params["seed"], page.query_params["draw"]) == ("42", "own")


def test_runs_on_the_data_set_that_most_families_share_come_first():
    make("ae", "vae")
    folder = paths.data_folder() / "mine"
    folder.mkdir(parents=True)
    from PIL import Image

    for k in range(40):
        Image.fromarray(np.full((28, 28), 6 * k, np.uint8)).save(folder / f"{k}.png")
    trained(tiny("plane-vae", hidden=(8,), epochs=1).with_(dataset="folder", folder=str(folder)), "newest")
    assert shown(visit()) == {"ae": "my-ae", "vae": "my-vae"}


def test_samples_are_judged_by_the_classifier_and_by_both_sources_where_there_is_no_prior(cached_classifier):
    make("ae", "vae")
    page = visit()
    lines = re.findall(r"\*\*\d+ %\*\* confident · \*\*\d+\*\* of 10 classes · (N\(0, I\)|own Gaussian)", said(page))
    assert sorted(lines) == ["N(0, I)", "N(0, I)", "own Gaussian"]
    assert any(re.search(r"On real test images of Digits it is confident in \d+ %", c.value) for c in page.caption)


def test_without_its_data_set_a_plane_is_shown_without_points_and_figures(monkeypatch):
    make("vae")
    monkeypatch.setattr(data, "load", lambda *_, **__: (_ for _ in ()).throw(data.DataError("Digits are not here.")))
    page = visit()
    assert "Digits are not here" in page.warning[0].value and page.button(key="planes_data_0")
    assert "squared error" not in said(page)


def test_the_formula_and_the_code_can_be_unfolded():
    make("ad")
    page = open_page("planes", {"planes_depth": True})
    assert "def window" in page.code[0].value and any("**VAD**" in m.value for m in page.markdown)


def test_every_control_has_help():
    make("vae")
    page = visit()
    for kind in ("button", "selectbox", "segmented_control"):
        for widget in getattr(page, kind):
            assert widget.help, f"{kind} {widget.label}"

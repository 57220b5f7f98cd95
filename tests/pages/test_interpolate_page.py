"""The Interpolate page in each of its states, with small models on the digits."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from streamlit.testing.v1 import AppTest

from core import data
from core.jobs import classifier as jobs_classifier
from core.latent import codec, interpolation
from core.runs import weights
from core.system import paths
from tests.pages.page_tools import open_page, untrained
from tests.tiny_runs import tiny, trained
from ui.interpolate import inputs
from ui.interpolate import paths as page_paths
from ui.interpolate.inputs import Pick
from ui.shared import encode
from ui.shared.model_cache import load

pytestmark = pytest.mark.usefixtures("classifier_in_training")


def visit(**query) -> AppTest:
    return open_page("interpolate", **query)


def press(page: AppTest, key: str) -> dict[str, Pick]:
    page.button(key=key).click().run()
    assert not page.exception
    return here(page)


def here(page: AppTest) -> dict[str, Pick]:
    return next(iter(page.session_state["interpolate_picks"].values()))


def label(pick: Pick) -> int:
    return int(data.load("digits").test_labels[pick.number])


def test_without_runs_it_says_what_to_do_next():
    page = visit()
    assert "Nothing has been trained yet" in page.info[0].value
    assert [b.label for b in page.button] == ["Train your first model", "Choose what to train"]


def test_a_damaged_run_is_named_and_the_others_work():
    untrained("good")
    bad = paths.runs_folder() / "bad"
    bad.mkdir()
    (bad / "recipe.json").write_text("{oops")
    page = visit()
    assert "1 run cannot be used" in [e.label for e in page.expander]
    assert page.button(key="interpolate_swap")


def test_truncated_weights_are_refused_in_a_sentence():
    file = untrained("one").path / "best.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    assert "damaged" in visit().error[0].value


@pytest.mark.parametrize(("preset_name", "d"), [("mlp-vae", 1), ("plane-vae", 2), ("mlp-vae", 128), ("deep-ae", 5)])
def test_every_kind_of_model_has_its_page(preset_name, d):
    untrained("run", preset_name, latent_dim=d)
    page = visit()
    assert [label(here(page)[end]) for end in "ab"] == [1, 7], "the first pair of classes"
    assert "Progress()" in str(page.main), "the training of the classifier is shown"


@pytest.mark.slow
@pytest.mark.parametrize(("family", "word"), [("ad", "point μ"), ("vad", "mean μ")])
def test_families_without_an_encoder_have_the_whole_page_and_search_once(monkeypatch, family, word):
    run = trained(tiny(f"plane-{family}", hidden=(8,), epochs=12), "run")  # learned enough for its optima to be sharp
    searched = []
    search = codec.encoding_progress
    monkeypatch.setattr(codec, "encoding_progress", lambda model, new: searched.append(len(new)) or search(model, new))
    page = open_page("interpolate", {"interpolate_depth": True}, a="12", b="seed4")
    assert here(page) == {"a": Pick("test", 12), "b": Pick("seed", 4)}
    assert any(f"A search with the decoder gives each image its {word}" in m.value for m in page.markdown)
    assert searched == [65], "A and the blend in one go, whose first picture is A; the place of B is known"
    page.run()
    page.button(key="interpolate_swap").click().run()
    assert not page.exception and searched == [65], "what was found is remembered"
    page.toggle(key="interpolate_square_on").set_value(True).run()
    assert not page.exception and searched == [65, 2], "the two corners of the square in one go"
    model = weights.load_model(run)
    ends = page_paths.endpoints(here(page), load(run), data.load("digits"))
    original = data.load("digits").test_images[12][None]
    mu = encode.encode(load(run), original)
    assert np.allclose(mu, codec.encode(model, original), atol=1e-3)
    for way in ("lerp", "slerp"):
        found = page_paths.paths_between(load(run), ends["a"], ends["b"])[way]
        assert np.array_equal(found.images[-1], codec.decode(model, mu)[0]), "exactly decode(μ)"
        assert np.array_equal(found.images[0], interpolation.sample_endpoint(model, 4).image)


def test_the_address_chooses_both_images_and_is_kept_up_to_date():
    untrained("run")
    page = visit(a="12", b="seed40")
    assert here(page) == {"a": Pick("test", 12), "b": Pick("seed", 40)}
    press(page, "interpolate_swap")
    assert here(page) == {"a": Pick("seed", 40), "b": Pick("test", 12)}
    assert (page.query_params["a"], page.query_params["b"]) == ("seed40", "12")


@pytest.mark.parametrize("bad", ["x", "-1", "297", "1e3", "²", "seed", "seed-1", "9" * 40, "<b>"])
def test_a_bad_image_in_the_address_is_ignored_with_a_message(bad):
    untrained("run")
    page = visit(a=bad, b="3")
    assert "an image A that does not exist" in page.warning[0].value
    assert here(page)["b"] == Pick("test", 3) and label(here(page)["a"]) == 1


def test_same_class_keeps_a_and_takes_another_one_like_it():
    untrained("run")
    page = visit(a="12", b="3")
    seen = {press(page, "interpolate_same")["b"].number for _ in range(3)}
    assert here(page)["a"] == Pick("test", 12) and 12 not in seen and len(seen) > 1
    assert label(here(page)["b"]) == label(here(page)["a"])


def test_same_class_works_from_an_invented_picture():
    untrained("run")
    chosen = press(visit(a="seed5"), "interpolate_same")
    assert label(chosen["a"]) == label(chosen["b"]) and chosen["a"] != chosen["b"]


def test_a_pair_of_classes_is_one_click():
    untrained("run")
    page = visit()
    assert page.button(key="interpolate_cross_1").label == "3 → 8"
    chosen = press(page, "interpolate_cross_1")
    assert [label(chosen[end]) for end in "ab"] == [3, 8]


def test_random_draws_others_at_every_click():
    untrained("run")
    page = visit()
    assert press(page, "interpolate_random").copy() != press(page, "interpolate_random")


def test_the_choice_is_kept_when_another_run_on_the_same_data_is_looked_at():
    untrained("one")
    untrained("two", "deep-ae")
    page = visit(run="one", a="5", b="6")
    page.selectbox(key="run_box").select("two").run()
    assert not page.exception and here(page) == {"a": Pick("test", 5), "b": Pick("test", 6)}


def test_without_its_data_set_a_run_still_leads_between_invented_pictures():
    untrained("run", digits=False)
    page = visit()
    assert "MNIST is not on this machine" in page.warning[0].value
    assert here(page) == {"a": Pick("seed", 1), "b": Pick("seed", 2)}
    assert page.button(key="interpolate_data") and "interpolate_same" not in {b.key for b in page.button}


@pytest.mark.parametrize("count, classes", [(1, ()), (7, ()), (12, ("a", "b"))])
def test_a_folder_of_own_pictures_with_or_without_classes_has_its_page(tmp_path, count, classes):
    from PIL import Image

    for k in range(count):
        place = tmp_path / "mine" / (classes[k % 2] if classes else "")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((28, 28), 20 * k, np.uint8)).save(place / f"{k}.png")
    untrained("run", digits=False, dataset="folder", folder=str(tmp_path / "mine"))
    page = visit()
    pairs = [b.label for b in page.button if b.key.startswith("interpolate_cross")]
    assert pairs == (["a → b"] if classes else [])


@pytest.mark.slow
def test_a_trained_classifier_is_shown_with_its_measured_accuracy(cached_classifier):
    untrained("run")
    page = visit()
    assert any(f"{100 * cached_classifier.accuracy:.1f} % of 297 test images" in c.value for c in page.caption)


def test_a_failed_classifier_is_a_sentence_with_a_way_on(monkeypatch):
    monkeypatch.setattr(jobs_classifier.ClassifierJob, "state", "failed")
    monkeypatch.setattr(jobs_classifier.ClassifierJob, "active", False)
    monkeypatch.setattr(jobs_classifier.ClassifierJob, "message", "The classifier could not be trained (disk full).")
    untrained("run")
    page = visit()
    assert "disk full" in page.warning[0].value and page.button(key="interpolate_retry")


def test_the_formula_has_this_pairs_numbers_and_the_code_that_ran():
    untrained("run")
    page = open_page("interpolate", {"interpolate_depth": True})
    assert r"\theta = " in page.latex[2].value
    assert "def slerp" in page.code[0].value


@pytest.mark.parametrize("digits", [True, False])
def test_a_square_of_four_is_decoded_when_asked_for(digits):
    untrained("run", digits=digits)
    page = visit()
    page.toggle(key="interpolate_square_on").set_value(True).run()
    assert not page.exception
    page.button(key="interpolate_others").click().run()
    assert not page.exception and any("a mixture of the four" in c.value for c in page.caption)


def test_every_control_has_help():
    untrained("run")
    page = open_page("interpolate", {"interpolate_pick_a": True})
    assert page.selectbox(key="interpolate_pick_a_class_digits")
    for kind in ("button", "selectbox", "number_input", "radio", "checkbox", "toggle"):
        for widget in getattr(page, kind):
            assert widget.help, f"{kind} {widget.label}"


def test_the_first_pair_are_images_that_look_like_their_classes():
    images = data.load("digits")
    picks = inputs.first_picks(images)
    judge = KNeighborsClassifier(20).fit(images.train_images.reshape(-1, 784) / 255.0, images.train_labels)
    for end, label in (("a", 1), ("b", 7)):
        picture = images.test_images[picks[end].number]
        assert images.test_labels[picks[end].number] == label
        assert judge.predict_proba(picture.reshape(1, -1) / 255.0)[0, label] == 1

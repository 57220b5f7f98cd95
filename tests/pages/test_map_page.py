"""The Map page in each of its states, with small models on the digits and a forming process that is only played."""

import base64
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors
from streamlit.testing.v1 import AppTest

from core import data
from core.embedding import inputs, pitfalls, settings, store, tsne
from core.embedding.settings import Settings
from core.jobs import embedding as jobs_embedding
from core.jobs.messages import Ended, MapState
from core.jobs.queue import job_queue
from core.latent import codec, pca
from core.latent import search as latent_search
from core.runs import weights
from core.system import cache, paths
from tests.pages.page_tools import button_of, keys_of, open_page, untrained
from tests.tiny_runs import tiny, trained
from ui.components.base import pack, pack_numbers
from ui.components.embedding import map_detail, map_sheet, map_view
from ui.embedding import board, selection, subset
from ui.embedding.explain import neighbour_probabilities


def maps() -> list[jobs_embedding.EmbeddingJob]:
    """All jobs for maps, the newest last."""
    return job_queue().jobs(jobs_embedding.EmbeddingJob)[::-1]


def send(execution, job, *messages) -> None:
    """Let the work of a job send messages, and wait until they are taken up."""
    before = job.version
    execution.send(*messages)
    assert job.wait(lambda j: j.version >= before + len(messages), 60)


@pytest.fixture(autouse=True)
def own_jobs(monkeypatch, executor):
    monkeypatch.setattr(settings, "default_backend", lambda: "openTSNE")


@pytest.fixture
def sent(monkeypatch):
    """What the components were last given, by key."""
    found = {}
    for module in (map_view, map_detail, map_sheet):
        real = module._mount

        def mount(*, key, data, _real=real, **more):
            found[key] = data
            return _real(key=key, data=data, **more)

        monkeypatch.setattr(module, "_mount", mount)
    return found


def visit(**query) -> AppTest:
    return open_page("map", **query)


def again(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception, page.exception
    return page


def press(page: AppTest, key: str) -> AppTest:
    button_of(page, key).click()
    return again(page)


def keys(page: AppTest) -> set[str]:
    """Keys of the buttons, without the job that one to stop it names."""
    return {re.sub(r"(_stop)_.*", r"\1", key) for key in keys_of(page, "button")}


def kept_map(run, n=120, iterations=350, finished=True, **changes):
    """Puts a map into the cache as the process would: (settings, its points)."""
    images = data.load("digits")
    ids = inputs.choose_ids(images, n)
    s = Settings(n=n, iterations=iterations, **changes)
    pictures = inputs.pictures(images, ids)
    x = inputs.latents(run, pictures) if s.source == "latents" else inputs.pixels(pictures)
    y = np.random.default_rng(0).standard_normal((n, 2))
    state = tsne.State(y, iterations if finished else 140, [(9, 3.0), (iterations, 0.75)], y, y)
    key = store.key(x, inputs.labels(images, ids), s, "openTSNE")
    measures = {
        "trustworthiness": 0.987,
        "knn_input": 0.91,
        "knn_map": 0.9,
        "silhouette_input": -0.05,
        "silhouette_map": 0.4,
        "linear_input": 0.88,
        "linear_pixels": 0.85,
        "measured": 120.0,
    }
    store.save(key, s, state, {"seconds": 1.5, "measures": measures}, finished)
    return s, y


def finished_map_of(job: jobs_embedding.EmbeddingJob) -> np.ndarray:
    """Puts the finished map of a job into the cache as its process would, and returns its points."""
    y = np.random.default_rng(0).standard_normal((job.settings.n, 2))
    store.save(job.store_key, job.settings, tsne.State(y, 350, [(349, 0.75)], y, y), {"seconds": 1.5}, True)
    return y


def text(page: AppTest) -> str:
    kinds = ("markdown", "caption", "warning", "error", "info")
    return " ".join(str(element.value) for kind in kinds for element in page.get(kind))


def test_without_runs_it_says_what_to_do_next_and_maps_raw_pixels(executor, sent):
    page = visit(n=60, perplexity=5)
    assert "Nothing has been trained yet" in page.info[0].value
    assert [b.label for b in page.button][:2] == ["Train your first model", "Choose what to train"]
    pixels = inputs.pixels(data.load("digits").test_images[inputs.choose_ids(data.load("digits"), 60)])
    assert np.allclose(places(sent["map_view"]), pca.pca(pixels), atol=1e-5)
    assert sent["map_view"]["title"].startswith("Raw pixels") and sent["map_detail"]["leads"] is False
    press(page, "map_form")
    assert executor.next().order.arrays["x"].shape == pixels.shape


def test_a_damaged_run_is_named_and_the_others_work(sent):
    untrained("good")
    bad = paths.runs_folder() / "bad"
    bad.mkdir()
    (bad / "recipe.json").write_text("{oops")
    page = visit(n=60, perplexity=5)
    assert "1 run cannot be used" in [e.label for e in page.expander] and "map_view" in sent


@pytest.mark.slow
def test_truncated_weights_are_refused_and_the_pixels_are_offered(sent):
    file = untrained("one").path / "best.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    page = visit(n=60, perplexity=5)
    assert "damaged" in page.error[0].value and {"map_raw", "map_train"} <= keys(page) and "map_view" not in sent
    press(page, "map_raw")
    assert not page.error and sent["map_view"]["title"].startswith("Raw pixels")
    assert sent["map_detail"]["leads"] is False and sent["map_detail"]["rows"] == ["Nearest in pixels"]


def test_without_its_data_set_the_next_step_is_the_data_page():
    untrained("run", digits=False)
    page = visit()
    assert "MNIST is not on this machine" in page.warning[0].value and "map_data" in keys(page)


@pytest.mark.parametrize(("preset_name", "d"), [("mlp-vae", 1), ("plane-vae", 2), ("mlp-vae", 128), ("deep-ae", 5)])
def test_every_kind_of_model_has_its_pca_map_at_once(preset_name, d, sent):
    run = untrained("run", preset_name, latent_dim=d)
    visit(n=80, perplexity=5)
    images = data.load("digits")
    z = inputs.latents(run, images.test_images[inputs.choose_ids(images, 80)])
    shown = places(sent["map_view"])
    assert np.allclose(shown, pca.pca(z), atol=1e-5)
    assert "This is the PCA map." in sent["map_view"]["note"]


def test_forming_stopping_and_continuing(executor, sent):
    run = untrained("run")
    page = visit(n=120, perplexity=8)
    press(page, "map_form")
    (job,), execution = maps(), executor.next()
    again(page)
    assert "map_stop" in keys(page) and "map_form" not in keys(page)
    assert "Searching for the neighbours" in sent["map_view"]["note"] and sent["map_view"]["busy"]
    y = pack_numbers(np.ones((120, 2)), np.float32)
    send(execution, job, MapState(np.ones((120, 2), np.float32), 49, [[49, 1.25]]))
    again(page)
    assert sent["map_view"]["note"] == "Iteration 49 of 350 · KL 1.25 nats"
    assert (sent["map_view"]["stamp"], sent["map_view"]["xy"]) == ("forming 49", y)
    kept_map(run, finished=False, perplexity=8)
    press(page, "map_stop")
    assert execution.commands == ["stop"] and job.active
    assert page.button(key="map_form").label == "Continue", "the page does not wait for the process to end"
    assert sent["map_view"]["note"].startswith("Stopped at iteration 49 of 350 · KL 1.25 nats")
    assert (sent["map_view"]["xy"], sent["map_view"]["share"]) == (y, 0.14)
    send(execution, job, Ended("stopped"))
    again(page)
    assert page.button(key="map_form").label == "Continue"
    assert sent["map_view"]["note"].startswith("Stopped at iteration 140 of 350")
    press(page, "map_form")
    assert executor.next().order.arguments["key"] == job.store_key and len(executor.executions) == 2
    assert sent["map_view"]["xy"] == y, "until the process sends a newer map"


def test_a_click_computes_the_map_it_was_made_on_although_the_run_is_trained_meanwhile(executor, sent):
    run = untrained("run", latent_dim=7)  # not the latents of another test, whose map may be left
    page = visit(n=120, perplexity=8)
    drawn = sent["map_view"]["xy"]
    model = weights.load_model(run)
    state = {name: 1.5 * value for name, value in model.state_dict().items()}
    weights.save(run.path / "best.safetensors", state, {"epoch": 2})  # while the visitor looked at the page
    press(page, "map_form")
    (job,), execution = maps(), executor.next()
    assert "map_stop" in keys(page) and sent["map_view"]["busy"]
    assert sent["map_view"]["xy"] == drawn, "the points begin where the visitor saw them"
    y = finished_map_of(job)
    execution.send(Ended("finished"))
    again(again(page))
    assert sent["map_view"]["xy"] == pack_numbers(y, np.float32)
    assert "has been trained further since this map was begun" in text(page)
    press(page, "map_newest")
    assert "map_form" in keys(page) and sent["map_view"]["xy"] != drawn and "map_newest" not in keys(page)
    press(page, "map_form")
    assert len(maps()) == 2 and "map_stop" in keys(page) and "trained further" not in text(page)


def test_a_stop_leaves_the_map_to_another_visitor_who_waits_for_it(executor, sent):
    untrained("run")
    page = press(visit(n=120, perplexity=8), "map_form")
    (job,), execution = maps(), executor.next()
    job.watch("somebody else")
    again(page)
    press(page, "map_stop")
    assert not execution.commands and job.active
    assert sent["map_view"]["note"].startswith("Another visitor waits for this map, so it goes on.")
    assert page.button(key="map_form").label == "Watch it again"
    press(page, "map_form")
    again(page)
    assert "map_stop" in keys(page) and len(maps()) == 1
    job.leave("somebody else")
    press(page, "map_stop")
    assert execution.commands == ["stop"], "nobody waits any more"


def test_the_map_of_a_worker_that_had_to_be_killed_is_kept(executor, sent):
    untrained("run")
    page = press(visit(n=120, perplexity=8), "map_form")
    (job,), execution = maps(), executor.next()
    y = np.random.default_rng(1).standard_normal((120, 2)).astype(np.float32)
    send(execution, job, MapState(y, 49, [[49, 1.25]], seconds=4.0, searched=1.0))
    send(execution, job, MapState(y, 59, [[49, 1.25]], seconds=7.0, searched=1.0))
    assert job.seconds_left == pytest.approx(3.0 / 11 * (350 - 59)) and 0.15 < job.progress < 1
    send(execution, job, Ended("stopped"))  # as the queue says of a process that it killed
    again(page)
    assert sent["map_view"]["note"].startswith("Stopped at iteration 59 of 350")
    assert sent["map_view"]["xy"] == pack_numbers(y, np.float32) and page.button(key="map_form").label == "Continue"


def test_points_are_coloured_by_a_number_of_each_image(executor, sent):
    run = untrained("run")
    kept_map(run)
    page = visit(n=120, colour="error")
    execution = executor.next()
    assert execution.order.task == "image_values" and sent["map_view"]["values"] is None
    path, values = Path(execution.order.arguments["path"]), np.linspace(0, 1, 120, dtype=np.float32)
    cache.write(path, {"error": values, "objective": -values, "kl": 2 * values}, {})
    execution.send(Ended("finished"))
    again(again(page))
    shown = sent["map_view"]["values"]
    assert (shown["name"], shown["unit"], shown["data"]) == (
        "Reconstruction error",
        "MSE per pixel",
        pack_numbers(values, np.float32),
    )
    assert (shown["low"], shown["high"]) == pytest.approx((0.01, 0.99)) and page.query_params["colour"] == "error"


def test_a_new_picture_is_projected_onto_the_pca_map(sent):
    run = untrained("run")
    page = visit(n=100, method="pca", placed="7~nonsense")
    assert "does not exist" in page.warning[0].value and page.query_params["placed"] == "7"
    images = data.load("digits")
    z = inputs.latents(run, inputs.pictures(images, inputs.choose_ids(images, 100)))
    (one,) = sent["map_view"]["placed"]
    wanted = pca.fit(z, 2).transform(inputs.latents(run, images.test_images[[7]]))[0]
    assert (one["x"], one["y"]) == pytest.approx(tuple(wanted), rel=1e-4)
    assert np.allclose(pca.fit(z, 2).transform(z), pca.pca(z), atol=1e-4), "in the axes of the map"
    assert "**1**: test image 7" in text(page) and "nearest images in z are" in text(page)
    press(page, "map_new_clear")
    assert not sent["map_view"]["placed"] and "placed" not in page.query_params


def test_a_finished_map_is_shown_from_the_cache_with_its_measures(sent):
    _, y = kept_map(untrained("run"))
    page = visit(n=120)
    assert sent["map_view"]["xy"] == pack_numbers(y, np.float32) and not maps(), "nothing is formed anew"
    assert sent["map_view"]["note"] == "350 iterations · KL 0.750 nats · computed in 1.50 s by openTSNE"
    said = text(page)
    assert [metric.value for metric in page.metric] == ["0.987", "90.0\N{NO-BREAK SPACE}%", "0.400"]
    assert "in the latents z: 91.0\N{NO-BREAK SPACE}%" in said and "in the latents z: −0.050" in said
    assert "(linear probe), 88.0\N{NO-BREAK SPACE}% of the images get their right class in z and 85.0" in said
    assert "nearest neighbours, " not in said, "not measured in the pixels"
    assert "Measured on 120 images." in said


def test_more_iterations_go_on_under_another_number(executor):
    kept_map(untrained("run"))
    page = press(visit(n=120), "map_more")
    assert page.session_state["map_iterations"] == 600 and page.query_params["iterations"] == "600"
    assert executor.next().order.arguments["settings"]["iterations"] == 600


def test_a_failed_map_says_why_and_can_be_tried_again(executor):
    untrained("run")
    page = press(visit(n=60, perplexity=5), "map_form")
    send(executor.next(), maps()[0], Ended("failed", "The process ended (out of memory)."))
    again(page)
    assert "out of memory" in page.error[0].value and "map_form" in keys(page)


def test_the_pca_map_needs_no_button_and_is_measured(sent):
    untrained("run")
    page = visit(n=60, method="pca")
    assert not {"map_form", "map_stop", "map_more"} & keys(page)
    assert "keep" in sent["map_view"]["note"] and [job.settings.method for job in maps()] == ["pca"]


@pytest.mark.slow
def test_the_address_chooses_everything_and_is_kept_up_to_date(sent):
    untrained("one")
    untrained("two", "deep-ae")
    page = visit(
        run="one",
        source="pixels",
        method="tsne",
        n=90,
        perplexity=12,
        seed=7,
        iterations=500,
        start="random",
        pca_first=1,
        run2="two",
        perplexity2=20,
    )
    state = page.session_state
    assert (state["map_source"], state["map_n"], state["map_perplexity"], state["map_seed"]) == ("pixels", 90, 12, 7)
    assert state["map_pca_first"] is True and state["map_start"] == "random" and state["map_second"]
    assert sent["map_view"]["title"] == "Raw pixels · t-SNE, perplexity 12"
    assert sent["map_view2"]["title"] == "two · latents · t-SNE, perplexity 20"
    assert sent["map_view"]["pool"] == sent["map_view2"]["pool"], "linked"
    page.number_input(key="map_seed").set_value(8)
    again(page)
    assert page.query_params["seed"] == "8" and page.query_params["run2"] == "two"


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("n", "-5"),
        ("n", "1e99"),
        ("perplexity", "many"),
        ("seed", "1.5"),
        ("source", "<b>"),
        ("method", "isomap"),
        ("picks", "x"),
        ("lasso", "1,2"),
        ("show", "a"),
        ("colour", "heat"),
        ("iterations", "²"),
        ("pca_first", "x"),
        ("start", ""),
        ("perplexity2", "0"),
    ],
)
def test_a_bad_value_in_the_address_is_ignored_with_a_message(name, bad, sent):
    untrained("run")
    page = visit(**{name: bad})
    assert "The address has a" in page.warning[0].value and "not possible" in page.warning[0].value
    assert "map_view" in sent
    assert "<b>" not in page.warning[0].value


def test_a_perplexity_too_large_for_the_images_is_lowered_with_a_message():
    untrained("run")
    page = visit(n=60, perplexity=100)
    assert "You see the map with 19" in page.warning[0].value and page.session_state["map_perplexity"] == 19


def test_an_unknown_second_run_is_replaced_with_a_message(sent):
    untrained("run")
    page = visit(n=60, perplexity=5, run2="nobody", source2="pixels")
    assert any("second run that does not exist" in w.value for w in page.warning) and "map_view2" in sent


def test_a_second_map_of_other_images_is_shown_but_not_linked(tmp_path, sent):
    from PIL import Image

    (tmp_path / "mine").mkdir()
    for k in range(40):
        Image.fromarray(np.full((28, 28), 6 * k, np.uint8)).save(tmp_path / "mine" / f"{k}.png")
    untrained("one")
    untrained("two", digits=False, dataset="folder", folder=str(tmp_path / "mine"))
    page = visit(run="one", n=30, perplexity=5, run2="two", perplexity2=5)
    assert sent["map_view"]["pool"] != sent["map_view2"]["pool"] and "not linked" in text(page)


def places(data: dict) -> np.ndarray:
    """The points that a map was given, [n, 2]."""
    return np.frombuffer(base64.b64decode(data["xy"]), np.float32).reshape(-1, 2)


def without_search(monkeypatch) -> None:
    """From here on any search for a place ends the test."""

    def search(*_, **__):
        raise AssertionError("nobody waits for 10,000 searches")

    monkeypatch.setattr(latent_search, "search", search)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["ad", "vad"])
def test_beside_a_run_without_an_encoder_both_maps_show_images_that_own_a_place(family, sent, monkeypatch):
    first, second = untrained("one"), trained(tiny(f"plane-{family}", train_images=90, hidden=(8,), epochs=1), "two")
    without_search(monkeypatch)
    page = visit(run="one", n=1_000, perplexity=5, run2="two", perplexity2=5)
    images = data.load("digits")
    ids, model = inputs.table_ids(images, second.recipe), weights.load_model(second)
    assert sent["map_view"]["pool"] == sent["map_view2"]["pool"] and page.number_input(key="map_n").value == 90
    assert "Both maps show training images of two. This model has no encoder" in text(page)
    z = inputs.latents(first, inputs.pictures(images, ids))
    for key, x in (("map_view", z), ("map_view2", model.posterior(model.table).mean.numpy())):
        assert np.allclose(places(sent[key]), pca.pca(x), atol=1e-3), key
    page.button_group(key="map_source2").set_value("pixels")
    assert "Both maps show training images" not in text(again(page)) and page.number_input(key="map_n").max == 1_797


@pytest.mark.slow
def test_a_run_without_an_encoder_offers_as_many_images_as_it_knows(monkeypatch):
    trained(tiny("plane-ad", train_images=60, hidden=(8,), epochs=1), "run")
    without_search(monkeypatch)
    page = visit(n=500)
    assert page.number_input(key="map_n").value == page.number_input(key="map_n").max == 60
    assert "You see the map with 19" in page.warning[0].value


@pytest.mark.parametrize(("count", "classes"), [(12, ()), (14, ("a", "b"))])
def test_a_folder_of_own_pictures_has_its_map(tmp_path, count, classes, sent):
    from PIL import Image

    for k in range(count):
        place = tmp_path / "mine" / (classes[k % 2] if classes else "")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((28, 28), 18 * k, np.uint8)).save(place / f"{k}.png")
    untrained("run", digits=False, dataset="folder", folder=str(tmp_path / "mine"))
    page = visit()
    assert "You see the map with" in page.warning[0].value and sent["map_view"]["classes"] == list(classes)


def test_too_few_pictures_for_a_map_are_a_sentence(tmp_path):
    from PIL import Image

    (tmp_path / "mine").mkdir()
    for k in range(3):
        Image.fromarray(np.full((28, 28), 80 * k, np.uint8)).save(tmp_path / "mine" / f"{k}.png")
    untrained("run", digits=False, dataset="folder", folder=str(tmp_path / "mine"))
    assert "A map needs at least 10" in text(visit())


def test_without_open_tsne_the_page_says_so(monkeypatch, executor):
    monkeypatch.setattr(settings, "default_backend", lambda: "scikit-learn")
    untrained("run")
    page = visit(n=60, perplexity=5)
    assert "openTSNE is not installed" in text(page) and page.session_state["map_iterations"] == 1_000
    press(page, "map_form")
    assert executor.next().order.arguments["backend"] == "scikit-learn"


def test_the_depth_has_this_maps_numbers_and_the_code_that_ran():
    kept_map(untrained("run"))
    page = open_page("map", {"map_depth": True}, n=120)
    assert "= 0.7500" in page.latex[1].value and "def _open_tsne" in page.code[0].value
    assert "2 to the entropy" in text(page)


def test_neighbour_probabilities_have_the_perplexity_that_was_asked_for():
    x = np.random.default_rng(0).standard_normal((200, 5))
    sigma, p, entropy = neighbour_probabilities(x, 3, 25)
    assert 2**entropy == pytest.approx(25, rel=1e-6) and p[3] == 0 and p.sum() == pytest.approx(1)
    direct = np.exp(-((x - x[3]) ** 2).sum(1) / (2 * sigma**2))
    direct[3] = 0
    assert np.allclose(p, direct / direct.sum())


@pytest.mark.slow
def test_the_small_maps_are_computed_when_asked_for(executor):
    run = untrained("run")
    page = press(visit(n=120, perplexity=8), "map_lessons")
    again(page)
    execution = executor.next()
    (job,) = job_queue().jobs(jobs_embedding.PitfallsJob)
    assert execution.order.task == "pitfalls" and "map_lessons_stop" in keys(page)
    images = data.load("digits")
    ids = inputs.choose_ids(images, 120)
    x, labels = inputs.latents(run, images.test_images[ids]), images.test_labels[ids]
    chosen = pitfalls.sample(labels)
    panels = pitfalls.compute(x[chosen][:40], labels[chosen][:40], "openTSNE")
    pitfalls.save(pitfalls.key(x[chosen], "openTSNE"), panels)
    send(execution, job, Ended("finished"))
    again(page)
    assert "The same 120 images at four perplexities" in text(page) and "map_lessons" not in keys(page)


def test_what_is_selected_is_answered_with_reconstructions_neighbours_and_the_decoded_mean():
    run = untrained("run", latent_dim=3)
    images = subset.subset_of(data.load("digits"), 60)
    view = board.view_of("", run, images, Settings(n=60), "openTSNE")
    held = selection.model_of(view)
    z, model = view.x, weights.load_model(run)
    spaces = selection._spaces([view], held)
    picked = selection._answer("t", [4, 9], [], images, held, spaces)
    wanted = np.concatenate([codec.decode(model, z[k][None]) for k in (4, 9)])
    assert picked["reconstructions"] == pack(wanted) and picked["mean"] is None and picked["token"] == "t"
    assert [row["title"] for row in picked["rows"]] == ["Nearest in z", "Nearest in pixels"]
    for row, x in zip(picked["rows"], (z, inputs.pixels(images.pictures)), strict=True):
        nearest = NearestNeighbors(n_neighbors=8).fit(x).kneighbors(return_distance=False)[9]
        assert row["points"] == nearest.tolist()
        same = (images.labels[nearest] == images.labels[9]).sum()
        assert row["agree"] == f"{same} of 8 are of the same class"
    many = selection._answer("t", [], [1, 2, 3], images, held, spaces)
    assert many["mean"] == pack(codec.decode(model, z[[1, 2, 3]].mean(0)[None])) and many["reconstructions"] is None


def test_places_that_no_map_has_are_left_out():
    assert (
        map_detail.valid_points([4, 9, 999, "x", True, -1, None], 60) == [4, 9]
        and map_detail.valid_points("4", 60) == []
    )


@pytest.mark.parametrize("asked", [None, 3, {}, {"token": 5}, {"picks": [1]}])
def test_a_question_that_is_none_is_ignored(asked, monkeypatch):
    import streamlit as st

    monkeypatch.setattr(st, "session_state", {"map_detail": {"ask": asked}})
    assert map_detail.requested_selection("map_detail", 60) is None


def test_the_inputs_of_a_map_are_chosen_and_hashed_once_not_at_every_rerun(monkeypatch):
    untrained("run")
    hashed, digest = [], cache.digest
    monkeypatch.setattr(
        cache,
        "digest",
        lambda *parts: hashed.extend(p.shape for p in parts if isinstance(p, np.ndarray)) or digest(*parts),
    )
    page = visit(n=70, perplexity=5)
    first = list(hashed)
    assert {(70, 28, 28), (70, 20)} <= set(first), "the pictures of the map, and their latents"
    again(again(page))
    assert hashed == first, "a rerun hashes none of them again"


@pytest.mark.slow
def test_every_control_has_help():
    kept_map(untrained("run"))
    page = visit(n=120, run2="run", source2="pixels")
    for kind in ("button", "selectbox", "number_input", "radio", "checkbox", "toggle"):
        for widget in getattr(page, kind):
            assert widget.help, f"{kind} {widget.label}"
    assert page.number_input(key="map_perplexity2") and page.toggle(key="map_second")

"""The Planes page in each of its states, with models that train in a blink."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import data, runs
from core.evaluation import plane_measures
from core.images.convert import pack
from core.jobs import tasks, training_queue
from core.jobs.channel import Channel
from core.jobs.messages import Ended
from core.jobs.plane_measures import PlaneJob
from core.latent import codec, planes
from core.priors import samplers
from core.priors.kinds import FLOW
from core.priors.learning import learn
from core.priors.settings import FlowSettings
from core.recipes.adaptation import for_digits
from core.recipes.presets import preset
from core.runs import weights
from core.system import paths
from tests.pages.page_tools import open_page, text_of
from tests.tiny_runs import tiny, trained
from ui.components.latent import draws, manifold, plane_stage, plane_table
from ui.planes import place

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


def shown(page: AppTest) -> list[str]:
    return [name for name in (parameter(page, "runs") or "").split(",") if name]


def parameter(page: AppTest, name: str) -> str | None:
    """A parameter of the address: a text where the page wrote it, a list of one where the test did."""
    value = page.query_params.get(name)
    return value[0] if isinstance(value, list) else value


def said(page: AppTest) -> str:
    return "\n".join(m.value for m in page.markdown)


@pytest.fixture
def boards(monkeypatch) -> dict[str, dict]:
    """The last message to each component by its key."""
    sent: dict[str, dict] = {}
    for module in (manifold, plane_stage, plane_table, draws):
        monkeypatch.setattr(module, "_mount", lambda key, data: sent.__setitem__(key, data))
    return sent


def keep_measures(*made: runs.Run) -> dict[str, plane_measures.PlaneMeasures]:
    """Carry out the jobs of these runs in this process."""
    found = {}
    for run in made:
        path = plane_measures.file_of(run, data.load("digits"))
        assert tasks.run(PlaneJob(run, path).order(), Channel(lambda message: None)) == Ended("finished")
        found[run.name] = plane_measures.load(path)
    return found


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
def test_all_families_stand_side_by_side_with_their_measures_and_in_the_address(boards, cached_classifier):
    made = make(*FAMILIES)
    found = keep_measures(*made)
    page = visit()
    assert shown(page) == [run.name for run in made] and not page.warning
    assert boards["planes_stage"]["order"] == shown(page) and boards["planes_stage"]["first"] == "my-vae"
    table = boards["planes_table"]
    assert [row[0] for row in table["rows"]] == shown(page) and set(table["regions"]) == set(shown(page))
    for name, _, cells in table["rows"]:
        measures = found[name]
        assert float(cells[7]) == pytest.approx(measures.error, rel=0.01) and cells[8] == f"{measures.active} of 2"
        assert cells[:2] == [f"{measures.prior.classes} of 10", plane_measures.percent(measures.prior.sure)]
        assert len(cells) == len(table["headings"]) - 1 == len(table["reference"][1])
    assert "closest to N(0, I)" in said(page)


def test_a_plane_carries_the_places_reconstructions_and_circles_of_its_model(boards):
    (run,) = make("vae")
    visit()
    sent, model, images = boards["planes_map_my-vae"], weights.load_model(run), data.load("digits")
    found = planes.places(model, run.recipe, images)
    assert sent["index"] == found.index.tolist() and np.allclose(sent["points"], found.mean.ravel(), atol=1e-3)
    recon = codec.decode(model, found.mean)
    assert sent["recon"] == pack(recon) and sent["title"] == "VAE β 1" and sent["number"] == 1
    errors = ((recon / 255.0 - images.train_images[found.index] / 255.0) ** 2).mean((1, 2))
    assert np.allclose(sent["errors"], errors, rtol=0.01)
    radius = np.linalg.norm(found.draws, axis=1)
    for r, share, inside in sent["circles"]:
        assert math.exp(-r * r / 2) == pytest.approx(1 - share) and inside == pytest.approx((radius <= r).mean())
    (linked,) = boards["planes_stage"]["sets"]
    assert linked["index"] == sorted(sent["index"]) and linked["dataset"] == sent["dataset"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("halves", "query", "spans"),
    [
        ((3.0, 5.5), {}, [5.5, 5.5]),
        ((3.0, 12.0), {}, [3.0, 12.0]),
        ((3.0, 12.0), {"scale": "same"}, [12.0, 12.0]),
    ],
)
def test_planes_have_one_scale_or_each_its_own_where_one_model_lies_far_wider(
    boards, monkeypatch, halves, query, spans
):
    make("vae", "ad")
    for cached in (place._placed, place._plane):
        cached.clear()
    found = iter(halves)
    monkeypatch.setattr(place.planes, "window", lambda points: (np.zeros(2), next(found)))
    page = visit(runs="my-vae,my-ad", **query)
    sent = [boards[f"planes_map_{name}"] for name in ("my-vae", "my-ad")]
    assert [plane["span"] for plane in sent] == spans and [plane["own"] for plane in sent] == list(halves)
    assert ("planes_scale" in {group.key for group in page.button_group}) == (halves[1] > 6)
    # Pictures are decoded over the window shown: the middle one is of its centre, the corner one of its corner.
    model = weights.load_model(runs.open_run("my-vae"))
    corner = codec.decode(model, np.array([[-spans[0], spans[0]]], np.float32))
    assert sent[0]["tiles"][:24] == pack(corner)[:24]
    for cached in (place._placed, place._plane):
        cached.clear()


@pytest.mark.slow
def test_a_family_that_is_missing_is_offered_beside_the_others():
    make("vae", "ad")
    page = visit()
    assert shown(page) == ["my-vae", "my-ad"]
    assert {b.key for b in page.button} >= {"planes_train_ae", "planes_train_vad", "planes_sample"}


@pytest.mark.slow
def test_at_first_a_family_with_a_prior_is_shown_at_several_weights(boards):
    make("ae", "vae")
    for beta in (0.0, 4.0, 2.0):
        trained(tiny("plane-vae", hidden=(8,), epochs=1, beta=beta), f"b{beta:g}")
    trained(tiny("plane-ae", hidden=(8,), epochs=1), "other-ae")
    page = visit()
    assert shown(page) == ["other-ae", "b0", "b2", "b4"], "of each kind the newest; the three newest weights, ascending"
    assert [boards[f"planes_map_{name}"]["title"] for name in shown(page)] == ["AE", "VAE β 0", "VAE β 2", "VAE β 4"]
    page = visit(runs="other-ae,my-ae,my-vae", plane="my-ae")
    assert [boards[f"planes_map_{name}"]["title"] for name in shown(page)] == ["AE · other-ae", "AE · my-ae", "VAE β 1"]
    assert parameter(page, "plane") == "my-ae"


def test_models_with_more_dimensions_are_none_of_its():
    trained(tiny(latent_dim=3), "wide")
    assert shown(visit()) == []


def test_a_damaged_run_is_named_and_the_others_work():
    make("vae")
    bad = paths.runs_folder() / "bad"
    bad.mkdir()
    (bad / "recipe.json").write_text("{oops")
    page = visit()
    assert "1 run cannot be used" in [e.label for e in page.expander] and shown(page) == ["my-vae"]


def test_truncated_weights_are_refused_in_a_sentence_and_the_others_are_shown(boards):
    broken, _ = make("ae", "vae")
    file = broken.path / "best.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    page = visit()
    assert "damaged" in page.error[0].value and boards["planes_stage"]["order"] == ["my-vae"]


def test_the_address_chooses_the_runs_and_the_samples():
    make("vae", "ae")
    trained(tiny("plane-vae", hidden=(8,), epochs=1, beta=4.0), "other")
    page = visit(runs="other,my-vae", seed="7", draw="own")
    assert shown(page) == ["other", "my-vae"] and any("Seed 7" in c.value for c in page.caption)
    assert page.button(key="planes_sample").label == "Sample each"
    page = visit(vae="my-vae", ae="my-ae")
    assert shown(page) == ["my-ae", "my-vae"] and "vae" not in page.query_params and not page.warning


@pytest.mark.parametrize(
    "query",
    [
        {"runs": "none"},
        {"vae": "none"},
        {"seed": "-1"},
        {"seed": "²"},
        {"draw": "<b>"},
        {"plane": "none"},
        {"image": "-1"},
        {"layer": "<b>"},
        {"regions": "yes"},
    ],
)
def test_a_bad_address_is_ignored_with_a_message(query):
    make("vae")
    page = visit(**query)
    (warning,) = page.warning
    assert "The address names" in warning.value and "<b>" not in warning.value
    assert shown(page) == ["my-vae"] and (parameter(page, "seed"), parameter(page, "draw")) == ("1", "prior")
    assert not {"plane", "image", "layer", "regions"} & set(page.query_params)


@pytest.mark.slow
def test_sampling_counts_the_seed_up_and_keeps_the_address_up_to_date():
    make("vae", "ad")
    page = visit(seed="41")
    page.button(key="planes_sample").click().run()
    assert not page.exception and page.session_state["planes_seed"] == 42
    page.segmented_control(key="planes_from").set_value("gaussian").run()
    assert not page.exception and page.session_state["planes_source"] == "gaussian"
    page.run()
    assert (parameter(page, "seed"), parameter(page, "draw")) == ("42", "gaussian")


def test_runs_on_the_data_set_that_most_families_share_come_first():
    make("ae", "vae")
    folder = paths.data_folder() / "mine"
    folder.mkdir(parents=True)
    from PIL import Image

    for k in range(40):
        Image.fromarray(np.full((28, 28), 6 * k, np.uint8)).save(folder / f"{k}.png")
    trained(tiny("plane-vae", hidden=(8,), epochs=1).with_(dataset="folder", folder=str(folder)), "newest")
    assert shown(visit()) == ["my-ae", "my-vae"]


def test_without_its_data_set_a_plane_is_shown_without_points_and_figures(monkeypatch, boards):
    make("vae")
    monkeypatch.setattr(data, "load", lambda *_, **__: (_ for _ in ()).throw(data.DataError("Digits are not here.")))
    page = visit()
    assert "Digits are not here" in page.warning[0].value and page.button(key="planes_data_0")
    assert boards["planes_map_my-vae"]["index"] == [] and boards["planes_map_my-vae"]["density"] is None
    assert set(boards["planes_table"]["rows"][0][2]) == {"–"}
    assert any("VAE β 1 is not measured" in c.value for c in page.caption)


def test_the_formulas_with_their_numbers_and_the_code_can_be_unfolded():
    (run,) = make("ad")
    page = open_page("planes", {"planes_depth": True})
    assert any("def mmd" in code.value for code in page.code) and any("**VAD**" in m.value for m in page.markdown)
    places = planes.places(weights.load_model(run), run.recipe, data.load("digits"))
    inside = (np.linalg.norm(places.draws, axis=1) <= 3.0349).sum()
    assert f"{inside} ({100 * inside / len(places.draws):.0f} %) within the circle of 99 %" in said(page)


def test_every_control_has_help():
    make("vae")
    page = visit()
    for kind in ("button", "multiselect", "segmented_control"):
        for widget in getattr(page, kind):
            assert widget.help, f"{kind} {widget.label}"


def test_nothing_is_called_best_while_models_are_still_measured(monkeypatch):
    from ui.planes import measures

    written, known = [], measures.Status(measures=object())
    monkeypatch.setattr(measures.st, "markdown", written.append)
    monkeypatch.setattr(measures, "findings", lambda rows: [f"**{rows[0][0]}** is best."])
    titles = {"a": "A", "b": "B", "c": "C"}
    measures._findings({"a": known, "b": known, "c": measures.Status(job=SimpleNamespace(active=True))}, titles)
    measures._findings({"a": known, "b": known, "c": measures.Status(reason="no images")}, titles)
    measures._findings({"a": known, "b": known, "c": known}, titles)
    assert written == [
        "The models are compared here once all 3 are measured.",
        "Of the 3 models, 2 are measured and compared here. **A** is best.",
        "**A** is best.",
    ]


def test_samples_are_drawn_from_a_learned_prior_and_a_model_without_one_says_so(boards):
    (with_flow, _) = make("vae", "ae")
    list(learn(with_flow, FLOW, FlowSettings(steps=10, batch=32, width=16, blocks=1), "cpu"))
    page = visit(seed="3", draw="flow")
    assert not page.warning and page.session_state["planes_source"] == "flow"
    wanted = samplers.for_run(with_flow, weights.load_model(with_flow), "flow").draw(20, 3)
    np.testing.assert_allclose(boards["planes_samples_my-vae"]["positions"], np.round(wanted, 3), atol=1e-6)
    assert "planes_samples_my-ae" not in boards and "'my-ae' has no flow prior yet" in text_of(page, "caption")
    assert len(page.segmented_control(key="planes_from").options) == 4

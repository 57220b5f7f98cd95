"""Messages of the components: what is sent, and which requests of a browser are accepted."""

import base64
import math
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st

from core.images.shape import ImageShape
from core.latent.planes import PlaneAxes
from ui.components import base
from ui.components.diagram import model_diagram
from ui.components.embedding import map_sheet
from ui.components.gallery import class_sheet, gallery, pairs
from ui.components.gan import gan_flow, gan_pair, gan_quiz, gan_steps
from ui.components.latent import draws, latent_board, manifold, plane, square, traversal
from ui.components.outliers import outlier_board
from ui.components.playback import film, path
from ui.components.reconstruct import reconstruct
from ui.gan import before_after
from ui.interpolate import paths


@pytest.fixture
def state(monkeypatch):
    state = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def test_the_axis_of_outliers_resolves_the_rows_it_is_about_and_counts_the_others_beyond_it():
    rng = np.random.default_rng(0)
    near, far = rng.uniform(100, 200, 999), rng.uniform(1e4, 1e5, 50)

    def row(key: str, scores: np.ndarray) -> outlier_board.Row:
        pictures = np.zeros((len(scores), 2, 2), np.uint8)
        return outlier_board.Row(key, key, "#fff", "solid", scores, pictures, pictures, 0.5)

    rows = [row("test", np.append(near, 205.0)), row("noise", far)]
    assert outlier_board.axis_range(rows, ()) == pytest.approx((near.min(), far.max()), rel=1e-5)
    assert outlier_board.axis_range(rows, ["test"]) == pytest.approx((near.min(), 205), rel=1e-5)
    low, high = outlier_board.axis_range([row("test", np.append(near, 900.0)), rows[1]], ["test"])
    assert low == pytest.approx(near.min(), rel=1e-5) and 195 < high < 200, "one extreme image would squeeze the others"


def test_a_short_film_is_shown_whole():
    assert film.thin([0, 1, 5], 10) == [0, 1, 5] and film.thin([], 10) == []


@pytest.mark.parametrize("count", [201, 400, 10_000])
def test_a_long_film_keeps_its_ends_and_its_order(count):
    shown = film.thin(list(range(count)), 200)
    assert 100 <= len(shown) == len(set(shown)) <= 200
    assert shown[0] == 0 and shown[-1] == count - 1 and shown == sorted(shown)


def test_a_film_that_grows_frame_by_frame_keeps_its_picks():
    """The newest frame comes with each call; all others a browser has to ask for once."""
    fetched = {epoch for count in range(1, 1001) for epoch in film.thin(list(range(count)), 200)[:-1]}
    assert len(fetched) <= 200 + 100 * math.ceil(math.log2(1000 / 200))


def test_a_film_sends_its_newest_frame_and_those_asked_for(state, monkeypatch):
    sent = {}
    monkeypatch.setattr(film, "_mount", lambda **kw: sent.update(kw["data"]))
    film.film([0, 1, 2, 3], lambda e: b"%d" % e, key="f")
    assert sent["epochs"] == [0, 1, 2, 3]
    assert [(f["epoch"], base64.b64decode(f["src"].split(",")[1])) for f in sent["frames"]] == [(3, b"3")]
    state["f"] = {"want": [1, 99, "x", 2]}
    film.film([0, 1, 2, 3], lambda e: b"%d" % e, key="f")
    assert [f["epoch"] for f in sent["frames"]] == [1, 2, 3]


def test_a_frame_that_cannot_be_read_costs_that_frame_only(state, monkeypatch):
    sent = {}
    monkeypatch.setattr(film, "_mount", lambda **kw: sent.update(kw["data"]))

    def frame(epoch):
        raise OSError("gone")

    film.film([4], frame, key="f")
    assert sent["frames"] == [{"epoch": 4, "src": ""}]


@pytest.mark.parametrize("shape", [(28, 28), (5, 20, 36), (5, 32, 32, 3)])
def test_pictures_travel_as_raw_bytes_channels_last(shape):
    pictures = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert base64.b64decode(base.pack(pictures)) == pictures.tobytes()
    assert base64.b64decode(base.pack(pictures[..., ::-1])) == np.ascontiguousarray(pictures[..., ::-1]).tobytes()


def test_numbers_of_messages_are_short():
    assert base.rounded(np.array([0.123456, -1], np.float32)) == [0.1235, -1.0]


@pytest.mark.parametrize("asked", [None, 3, {}, {"first": "0"}, {"first": -1}, {"first": 20}])
def test_a_question_for_rows_that_are_not_there_is_ignored(state, asked):
    state["t"] = {"slice": asked}
    assert traversal.requested_slice("t", 20) is None


def test_folded_sliders_are_decoded_only_when_they_are_unfolded(state):
    state["t"] = {"slice": {"first": 5, "all": False}}
    assert traversal.requested_slice("t", 128) == (5, latent_board.SHOWN)
    state["t"] = {"slice": {"first": 5, "all": True}}
    assert traversal.requested_slice("t", 128) == (5, 128)
    assert traversal.requested_slice("t", 20) == (5, 20)


@pytest.mark.parametrize("rows", [1, 20, 64, 65, 128, 256, 257, 512])
def test_a_sheet_stays_small_and_has_a_middle(rows):
    steps = traversal.steps_for(rows)
    assert steps % 2 == 1 and rows * steps < 4_000


@pytest.mark.parametrize(
    "shape", [ImageShape(1, 28, 28), ImageShape(3, 32, 32), ImageShape(1, 20, 36), ImageShape(3, 128, 128)]
)
def test_large_images_come_in_smaller_planes_squares_and_sheets(shape):
    for module in (plane, manifold, square):
        side = module.side_for(shape)
        assert side in module.SIDES and (side - 1) % 4 in (0, 2)
        most = min(getattr(module, "MOST_BYTES", base.MESSAGE_BYTES), base.MESSAGE_BYTES)
        larger = [other for other in module.SIDES if other > side]
        assert all(other**2 * shape.values > most for other in larger), "the largest that fits"
        assert side**2 * shape.values <= base.MESSAGE_BYTES
    for rows in (2, 20, 128):
        steps = traversal.steps_for(rows, shape)
        assert steps in (7, 13, 25) and (rows * steps * shape.values <= traversal.MOST_BYTES or steps == 7)
        assert traversal.rows_for(500, steps, shape) * steps * shape.values <= base.MESSAGE_BYTES
    assert (manifold.side_for(shape) ** 2 + manifold.linked_for(shape)) * shape.values <= base.MESSAGE_BYTES
    ways = 4 if shape.colour else 3
    assert paths.frames_for(shape) * ways * shape.values <= base.MESSAGE_BYTES and paths.frames_for(shape) % 4 == 1
    assert 3 * (9 * before_after.steps_for(shape) + 1) * shape.values <= base.MESSAGE_BYTES
    for steps in ([61], [1, 61, 61], [1, 301] * 4):
        most = reconstruct.pictures_for(shape, steps)
        sent = sum(min(count, most) + 1 for count in steps) + 1
        assert sent * shape.values <= base.MESSAGE_BYTES or most == 2
    assert (film.chunk_for(shape) + 1) * 72 * shape.values <= max(base.MESSAGE_BYTES, 2 * 72 * shape.values)


def test_pages_of_grey_28_keep_their_planes():
    assert (plane.side_for(), manifold.side_for(), square.side_for(), traversal.steps_for(20)) == (49, 37, 33, 25)


@pytest.mark.parametrize("shape", [(40, 28, 28), (40, 21, 37), (40, 33, 32, 3)])
def test_a_set_that_is_too_large_is_sent_with_means_over_squares_of_pixels(shape):
    pictures = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert base.reduced(pictures, pictures.size) is pictures
    small = base.reduced(pictures, pictures.size // 3)
    assert small.dtype == np.uint8 and small.shape[:1] == shape[:1] and small.shape[3:] == shape[3:]
    assert small.shape[1:3] == (math.ceil(shape[1] / 2), math.ceil(shape[2] / 2))
    block = pictures[7, 4:6, 10:12].astype(float).mean((0, 1))
    assert np.abs(small[7, 2, 5] - block).max() <= 0.5
    assert min(base.reduced(pictures, 1).shape[1:3]) >= 8, "still an image"


def test_the_images_of_a_map_come_in_parts_that_make_the_whole(state, monkeypatch):
    sent = []
    monkeypatch.setattr(map_sheet, "_mount", lambda **arguments: sent.append(arguments["data"]))
    pictures = np.random.default_rng(0).integers(0, 256, (150, 128, 128, 3), np.uint8)
    first = 0
    while first < 150:
        state["m"] = {"want": {"pool": "p", "first": first}}
        map_sheet.map_sheet(key="m", pool="p", ids=np.arange(150), tests=9, images=lambda: pictures)
        assert sent[-1]["first"] == first and len(sent[-1]["tiles"]) < 4_000_000
        first += len(base64.b64decode(sent[-1]["ids"])) // 4
    assert b"".join(base64.b64decode(part["tiles"]) for part in sent) == pictures.tobytes()
    for wrong in (None, "p", {"pool": "other", "first": 0}, {"pool": "p", "first": 150}, {"pool": "p", "first": "0"}):
        state["m"] = {"want": wrong}
        map_sheet.map_sheet(key="m", pool="p", ids=np.arange(150), tests=9, images=lambda: pictures)
        assert sent[-1]["tiles"] is None


SHAPES = [(28, 28), (20, 36), (32, 24, 3)]


@pytest.mark.parametrize("picture", SHAPES)
def test_every_component_states_the_shape_of_its_images(state, monkeypatch, picture):
    """And sends all of their bytes: as many as the shape and the number of images say."""
    sent = {}
    modules = (plane, manifold, draws, square, path, film, gallery, pairs, class_sheet, reconstruct, outlier_board)
    others = (map_sheet, gan_pair, gan_quiz, gan_steps, gan_flow, latent_board, traversal, model_diagram)
    for module in (*modules, *others):
        name = module.__name__.rsplit(".", 1)[1]

        def mount(name=name, **arguments):
            sent[name] = arguments["data"]
            return SimpleNamespace(pick=None)

        monkeypatch.setattr(module, "_mount", mount)
    some = lambda n: np.random.default_rng(n).integers(0, 256, (n, *picture), np.uint8)  # noqa: E731
    axes = PlaneAxes(("a", "b"), np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32))
    shape = ImageShape.of_picture(picture)
    plane.plane(key="k", run="r", pair=axes, tiles=some(169), base=[0, 0])
    points = {"index": np.arange(4), "points": np.zeros((4, 2)), "labels": np.zeros(4, int), "errors": np.zeros(4)}
    message = manifold.message(
        slot="a",
        name="n",
        dataset="d",
        tiles=some(169),
        recon=some(4),
        centre=np.zeros(2),
        half=1.0,
        own=1.0,
        classes=(),
        density=None,
        circles=(),
        **points,
    )
    assert len(base64.b64decode(message["recon"])) == 4 * shape.values
    manifold.manifold(key="k", data=message, title="t", number=1)
    draws.draws(key="k", slot="a", tiles=some(10), z=np.zeros((10, 2)), about="")
    square.square(key="k", tiles=some(81), corners=some(4), notes="abcd")
    strips = [path.Strip("s", "s", "#fff", (), some(9)), path.Strip("t", "t", "#fff", (), some(9))]
    path.path(key="k", strips=strips, ends=(some(1)[0], some(1)[0]), notes=("", ""), panels=(), on_go=print)
    film.film([], lambda epoch: b"", "k", shape=shape)
    gallery.gallery(some(3), "abc", "k", name="")
    pairs.pairs(some(3), some(3), [("", "", False)] * 3, "k", name="", chosen=0, on_pick=print)
    class_sheet.class_sheet([class_sheet.Row("a", "", some(2)), class_sheet.Row("b", "", some(5))], key="k")
    flat = np.ones(picture[:2], bool)
    lane = reconstruct.Lane(
        "", "", "#fff", (), some(3), np.ones(3), np.ones(3), None, np.ones((3, 2)), some(1)[0], False
    )
    card = reconstruct.Card("", "", "", "", [lane], np.ones((4, 2)), np.zeros(4), 1.0)
    reconstruct.reconstruct(key="k", image=some(1)[0], note="", visible=flat, cards=[card])
    row = outlier_board.Row("a", "a", "#fff", "solid", np.arange(1.0, 6), some(5), some(5), 0.5)
    outlier_board.outlier_board(
        key="k", rows=[row], validation=np.ones(3), quantile=95, title="", unit="", on_quantile=print, muted="#fff"
    )
    state["k"] = {"want": {"pool": "pool", "first": 0}}
    map_sheet.map_sheet(key="k", pool="pool", ids=np.arange(6), tests=6, images=lambda: some(6))
    state["k"] = {}
    gan_pair.gan_pair([gan_pair.Lane("a", "a", "#fff", some(9))], 8, key="k")
    gan_quiz.gan_quiz(
        key="k",
        round="r",
        pictures=some(4),
        kinds=[("a", "A", "a", "#fff")],
        truth=[0] * 4,
        believed=[True] * 4,
        advice={},
        colours={},
        on_done=print,
        on_again=print,
    )
    gan_flow.gan_flow(gan_flow.Stream(images=some(7)), key="k", colours={}, parts=(), chosen="", on_pick=print)
    stage = gan_steps.Stage("a", "real", "", [gan_steps.Row("a", "image", "real", some(5))])
    gan_steps.gan_steps({"D": [stage]}, key="k", colours={}, start="D", at=0, query="q")
    group = model_diagram.Group("a", "real", [model_diagram.Node("x", "x", "picture", some(4))])
    model_diagram.model_diagram([group], key="k", images=some(4), colours={}, chosen="", on_pick=lambda part, at: None)
    latent_board.latent_board(
        key="k",
        run="r",
        stamp=0,
        seq=0,
        sigma_units=[0],
        picture=some(1)[0],
        order=[0],
        weight=[1],
        dead=[False],
        prior=True,
        on_move=print,
    )
    traversal.traversal(key="k", run="r", shape=shape, base=[0], order=[0], dead=[False], rows=1, tiles=some(25))
    assert {name: data["shape"] for name, data in sent.items()} == dict.fromkeys(sent, list(shape.chw))
    assert len(sent) == len(modules) + len(others)
    sizes = {
        "plane": 169,
        "manifold": 169,
        "draws": 10,
        "square": 81,
        "path": 18,
        "gallery": 3,
        "pairs": 6,
        "map_sheet": 6,
        "outlier_board": 10,
        "gan_pair": 9,
        "gan_quiz": 4,
        "traversal": 25,
    }
    assert {name: len(base64.b64decode(sent[name]["tiles"])) for name in sizes} == {
        name: count * shape.values for name, count in sizes.items()
    }
    assert [len(base64.b64decode(row["tiles"])) for row in sent["class_sheet"]["rows"]] == [
        2 * shape.values,
        5 * shape.values,
    ]
    assert len(base64.b64decode(sent["reconstruct"]["visible"])) == shape.pixels
    node = sent["model_diagram"]["groups"][0]["nodes"][0]
    assert len(base64.b64decode(node["values"])) == 4 * shape.values and node["shape"] == list(shape.chw)

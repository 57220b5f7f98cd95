"""What the components send, and what they make of a browser's questions."""

import base64
import math

import numpy as np
import pytest
import streamlit as st

from ui.components import base
from ui.components.latent import latent_board, traversal
from ui.components.playback import film


@pytest.fixture
def state(monkeypatch):
    state = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


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


def test_pictures_travel_as_raw_grey_levels():
    picture = np.arange(784, dtype=np.uint8).reshape(28, 28)
    assert base64.b64decode(base.pack(picture)) == picture.tobytes()
    assert base.rounded(np.array([0.123456, -1], np.float32)) == [0.1235, -1.0]


@pytest.mark.parametrize("asked", [None, 3, {}, {"first": "0"}, {"first": -1}, {"first": 20}])
def test_a_question_for_rows_that_are_not_there_is_ignored(state, asked):
    state["t"] = {"wish": asked}
    assert traversal.wish("t", 20) is None


def test_folded_sliders_are_decoded_only_when_they_are_unfolded(state):
    state["t"] = {"wish": {"first": 5, "all": False}}
    assert traversal.wish("t", 128) == (5, latent_board.SHOWN)
    state["t"] = {"wish": {"first": 5, "all": True}}
    assert traversal.wish("t", 128) == (5, 128)
    assert traversal.wish("t", 20) == (5, 20)


@pytest.mark.parametrize("rows", [1, 20, 64, 65, 128, 256, 257, 512])
def test_a_sheet_stays_small_and_has_a_middle(rows):
    steps = traversal.steps_for(rows)
    assert steps % 2 == 1 and rows * steps < 4_000

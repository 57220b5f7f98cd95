"""The point a visitor stands on: undo, redo, and what a browser may say."""

import math

import pytest

from ui.shared.latent_cursor import CAP, FAR, Origin, Point

IMAGE = Origin(bytes(784), "Original: test image 0, 7")


def test_undo_and_redo_go_back_and_forth():
    point = Point([0.0, 0.0])
    point.go([1.0, 0.0])
    point.go([2.0, 0.0], IMAGE)
    assert point.undo() and point.u == [1.0, 0.0] and point.origin is None
    assert point.undo() and point.u == [0.0, 0.0]
    assert not point.undo()
    assert point.redo() and point.redo() and point.u == [2.0, 0.0] and point.origin == IMAGE
    assert not point.redo()


def test_a_new_step_forgets_what_was_undone():
    point = Point([0.0])
    point.go([1.0])
    point.undo()
    point.go([2.0])
    assert not point.redo()


def test_every_step_by_a_button_has_a_stamp_of_its_own():
    point = Point([0.0])
    stamps = [point.stamp]
    for act in (lambda: point.go([1.0]), point.undo, point.redo):
        act()
        stamps.append(point.stamp)
    assert len(set(stamps)) == 4


def test_a_slider_leaves_the_stamp_alone_so_that_the_board_does_not_answer_itself():
    point = Point([0.0])
    point.follow({"u": [0.5], "seq": 3, "dim": 0})
    assert (point.u, point.seq, point.stamp) == ([0.5], 3, 0)


def test_key_repeats_on_one_slider_are_one_step_to_undo():
    point = Point([0.0, 0.0])
    for k in range(1, 6):
        point.follow({"u": [k / 10, 0.0], "seq": k, "dim": 0})
    point.follow({"u": [0.5, 0.1], "seq": 6, "dim": 1})
    assert point.undo() and point.u == [0.5, 0.0]
    assert point.undo() and point.u == [0.0, 0.0]


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"u": None, "seq": 1},
        {"u": [1.0], "seq": 1},
        {"u": ["1", 0], "seq": 1},
        {"u": [True, 0], "seq": 1},
        {"u": [math.nan, 0], "seq": 1},
        {"u": [math.inf, 0], "seq": 1},
        {"u": [1, 2], "seq": "x"},
        {"u": [1, 2, 3], "seq": 1},
    ],
)
def test_rubbish_from_a_browser_is_ignored(message):
    point = Point([0.0, 0.0])
    point.follow(message)
    assert point.u == [0.0, 0.0] and not point.past


def test_a_point_stays_within_reach_and_the_memory_within_bounds():
    point = Point([0.0])
    point.follow({"u": [1e30], "seq": 1, "dim": 0})
    assert point.u == [FAR]
    for k in range(3 * CAP):
        point.go([float(k)])
    assert len(point.past) == CAP

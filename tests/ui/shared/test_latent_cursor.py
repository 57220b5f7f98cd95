"""The latent cursor: undo, redo, and which messages of a browser are accepted."""

import math

import pytest

from ui.shared.latent_cursor import MAX_SIGMA, UNDO_STEPS, LatentCursor, Original

IMAGE = Original(bytes(784), (28, 28), "Original: test image 0, 7")


def test_undo_and_redo_go_back_and_forth():
    cursor = LatentCursor([0.0, 0.0])
    cursor.move_to([1.0, 0.0])
    cursor.move_to([2.0, 0.0], IMAGE)
    assert cursor.undo() and cursor.sigma_units == [1.0, 0.0] and cursor.original is None
    assert cursor.undo() and cursor.sigma_units == [0.0, 0.0]
    assert not cursor.undo()
    assert cursor.redo() and cursor.redo() and cursor.sigma_units == [2.0, 0.0] and cursor.original == IMAGE
    assert not cursor.redo()


def test_a_new_step_forgets_what_was_undone():
    cursor = LatentCursor([0.0])
    cursor.move_to([1.0])
    cursor.undo()
    cursor.move_to([2.0])
    assert not cursor.redo()


def test_every_step_by_a_button_has_a_stamp_of_its_own():
    cursor = LatentCursor([0.0])
    stamps = [cursor.stamp]
    for act in (lambda: cursor.move_to([1.0]), cursor.undo, cursor.redo):
        act()
        stamps.append(cursor.stamp)
    assert len(set(stamps)) == 4


def test_a_slider_leaves_the_stamp_alone_so_that_the_board_does_not_answer_itself():
    cursor = LatentCursor([0.0])
    cursor.handle_message({"sigma_units": [0.5], "seq": 3, "dim": 0})
    assert (cursor.sigma_units, cursor.seq, cursor.stamp) == ([0.5], 3, 0)


def test_key_repeats_on_one_slider_are_one_step_to_undo():
    cursor = LatentCursor([0.0, 0.0])
    for k in range(1, 6):
        cursor.handle_message({"sigma_units": [k / 10, 0.0], "seq": k, "dim": 0})
    cursor.handle_message({"sigma_units": [0.5, 0.1], "seq": 6, "dim": 1})
    assert cursor.undo() and cursor.sigma_units == [0.5, 0.0]
    assert cursor.undo() and cursor.sigma_units == [0.0, 0.0]


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"sigma_units": None, "seq": 1},
        {"sigma_units": [1.0], "seq": 1},
        {"sigma_units": ["1", 0], "seq": 1},
        {"sigma_units": [True, 0], "seq": 1},
        {"sigma_units": [math.nan, 0], "seq": 1},
        {"sigma_units": [math.inf, 0], "seq": 1},
        {"sigma_units": [1, 2], "seq": "x"},
        {"sigma_units": [1, 2, 3], "seq": 1},
    ],
)
def test_rubbish_from_a_browser_is_ignored(message):
    cursor = LatentCursor([0.0, 0.0])
    cursor.handle_message(message)
    assert cursor.sigma_units == [0.0, 0.0] and not cursor.past


def test_a_cursor_stays_within_reach_and_the_memory_within_bounds():
    cursor = LatentCursor([0.0])
    cursor.handle_message({"sigma_units": [1e30], "seq": 1, "dim": 0})
    assert cursor.sigma_units == [MAX_SIGMA]
    for k in range(3 * UNDO_STEPS):
        cursor.move_to([float(k)])
    assert len(cursor.past) == UNDO_STEPS

"""Work in steps: watched, left and taken up again, or driven to its end."""

from core.system.progress import Steps


def counting(closed: list):
    try:
        yield 1
        yield 2
        yield 3
    finally:
        closed.append(True)
    return "all"


def test_a_loop_that_was_left_goes_on_and_the_result_stays():
    closed = []
    steps = Steps(counting(closed))
    for step in steps:
        if step == 2:
            break
    assert steps.result is None and not closed
    assert list(steps) == [3] and steps.result == "all"
    assert list(steps) == [] and steps.result == "all", "asked again after its end"


def test_what_is_left_unwatched_comes_to_the_same_end():
    assert Steps(counting([])).end() == "all"


def test_work_nobody_holds_any_more_is_closed():
    closed = []
    steps = Steps(counting(closed))
    next(steps)
    del steps
    assert closed == [True]

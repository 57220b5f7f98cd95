"""Names of runs in lines: nothing is lost, no word is broken that fits, and a line is as wide as the column at most."""

import pytest

from ui.run.line_breaks import FONT, broken

NAMES = [
    "example-variational-auto-decoder",
    "mlp-vae-mnist-12",
    "Mean Field (no warm-up) 2",
    "手写-模型-一-二三四五",
    "a",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("room", [90, 130, 400])
def test_a_name_is_broken_behind_hyphens_and_spaces_only(name, room):
    lines = broken(name, room, 9).split("\n")
    assert "".join(lines).replace(" ", "") == name.replace(" ", "")
    for before, after in zip(lines, lines[1:], strict=False):
        assert before.endswith("-") or f"{before} {after}" in name
    # In the lab's font Latin letters are half as wide as high on average, hyphens a third, and square letters as wide.
    wide = {"-": 0.31, " ": 0.2}
    widths = [FONT * sum(1 if letter > "\u2e00" else wide.get(letter, 0.5) for letter in line) for line in lines]
    assert all(width <= room or not set(line[:-1]) & set("- ") for line, width in zip(lines, widths, strict=True))


def test_the_name_of_an_example_is_whole_on_a_phone_and_a_long_one_ends_in_an_ellipsis():
    assert broken("example-auto-decoder", 130, 3) == "example-auto-\ndecoder"
    assert broken("one-two-three-four-five-six-seven-eight-nine-ten", 90, 3) == "one-two-\nthree-four-\nfive-six…"
    assert broken("x" * 60, 130, 3) == "x" * 60  # the table's own to break

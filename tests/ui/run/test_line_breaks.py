"""Names of runs in lines: nothing is lost, no word is broken, and what fits into one line stands in one."""

import pytest

from ui.run.line_breaks import broken

# Screen pixels that Chromium takes for them in the table's font, semi-bold.
MEASURED = {
    "example-decoder-gan": 131.2,
    "example-variational-": 125.4,
    "Mean Field (no warm-up) 2": 159.8,
    "mlp-vae-mnist-12": 106.1,
    "手写-模型-一": 79.0,
    "QUICK_brown.JUMPS 0123456789": 205.5,
    "wavy fjord zigzag": 103.0,
}
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


@pytest.mark.parametrize(("name", "width"), MEASURED.items())
def test_a_name_stands_in_one_line_where_it_fits(name, width):
    assert broken(name, 1.02 * width, 9) == name
    assert "\n" in broken(name, 0.97 * width, 9) or name.endswith("-")


def test_the_name_of_an_example_is_whole_on_a_phone_and_a_long_one_ends_in_an_ellipsis():
    assert broken("example-auto-decoder", 130, 3) == "example-auto-\ndecoder"
    assert broken("one-two-three-four-five-six-seven-eight-nine-ten", 90, 3) == "one-two-\nthree-four-\nfive-six-seven…"
    assert broken("x" * 60, 130, 3) == "x" * 60  # the table's own to break

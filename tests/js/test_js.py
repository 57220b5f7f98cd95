"""Unit tests of the browser components' scripts, run by `node --test` without a browser."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COMPONENTS = HERE.parents[1] / "ui" / "components"
NODE = shutil.which("node")


def node_version() -> int:
    """The major version of Node.js; 0 where it is missing."""
    if NODE is None:
        return 0
    printed = subprocess.run([NODE, "--version"], capture_output=True, text=True, timeout=60, check=False).stdout
    return int(re.sub(r"\D.*", "", printed.removeprefix("v")) or 0)


@pytest.mark.skipif(node_version() < 20, reason="Node.js 20 or newer is not on this machine.")
def test_the_scripts_pass_their_unit_tests():
    files = sorted(str(file) for file in HERE.glob("*.test.mjs"))
    result = subprocess.run([NODE, "--test", *files], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout[-8_000:] + result.stderr[-2_000:]
    assert int(re.search(r"^# pass (\d+)$", result.stdout, re.M)[1]) >= 30, result.stdout[-2_000:]


def test_no_script_or_style_holds_the_size_of_an_image():
    """Sizes come with the messages: a number 28, 784 or 49 in a script is a length of something else, named here."""
    allowed = {
        ("embedding/map_paint.js", "28"),  # CSS pixels of a thumbnail
        ("drawing/draw.js", "28"),  # brushes are sized for images of this many pixels
        ("drawing/mask_brush.js", "28"),
        ("shared/marks.js", "28"),  # length of a line in a legend
        ("outliers/outlier_board.js", "28"),  # a swatch of 22 × 14 at twice its size
        ("reconstruct/reconstruct.js", "28"),  # gap between cards
    }
    found = set()
    for file in COMPONENTS.rglob("*.js"):
        text = re.sub(r"//.*", "", file.read_text(encoding="utf-8"))
        for number in re.findall(r"(?<![\w.#])(28|784|49)(?![\w.%])", text):
            found.add((file.relative_to(COMPONENTS).as_posix(), number))
    assert found <= allowed, found - allowed


def test_lines_of_scripts_are_no_longer_than_those_of_the_code():
    files = [*COMPONENTS.rglob("*.js"), *HERE.glob("*.mjs")]
    long = [
        f"{file.name}:{number}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 120
    ]
    assert not long, long


def test_a_swipe_that_begins_on_a_picture_scrolls_the_page():
    """Only where a finger draws is scrolling switched off: on the two pads, where two fingers scroll, and on a map
    while its lasso is in use."""
    allowed = {("drawing/pad.css", ".pad .surface"), ("embedding/map_view.css", ".map-view .map.lassoing")}
    found = set()
    for file in COMPONENTS.rglob("*.css"):
        for selector, rules in re.findall(r"([^{}]+)\{([^{}]*)\}", file.read_text(encoding="utf-8")):
            if re.search(r"touch-action:\s*none", rules):
                found.add((file.relative_to(COMPONENTS).as_posix(), selector.strip()))
    assert found == allowed


def test_no_rule_gives_a_canvas_of_pictures_a_smallest_or_largest_side():
    """Scripts set width and height together; a rule on one of them alone would squash the pictures on some screens."""
    for file in COMPONENTS.rglob("*.css"):
        for selector, rules in re.findall(r"([^{}]+)\{([^{}]*)\}", file.read_text(encoding="utf-8")):
            if re.search(r"canvas\s*$", selector):
                assert not re.search(r"(min|max)-(width|height):(?!\s*none)", rules), (file.name, selector.strip())

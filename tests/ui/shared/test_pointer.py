"""Which browsers are told of fingers."""

import ast
import re
from collections.abc import Iterator

import pytest

from core.system import paths
from ui.shared import pointer

PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 5) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
TABLET = "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Safari/604.1"
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"


@pytest.mark.parametrize(("agent", "word"), [(PHONE, "Tap"), (TABLET, "Tap"), (LAPTOP, "Click"), ("", "Click")])
def test_phones_and_tablets_are_told_of_fingers(agent, word, monkeypatch):
    monkeypatch.setattr(pointer.st, "context", type("Context", (), {"headers": {"User-Agent": agent}})())
    assert pointer.touch_or("Tap", "Click") == word


MOUSE = re.compile(r"\b([Cc]lick|[Dd]ouble-click|[Pp]oint at|[Mm]ove over|[Hh]over)\b")


def _told_to_all(node: ast.AST) -> Iterator[str]:
    """Texts that every visitor reads: string constants outside docstrings and calls of `touch_or`."""
    for child in ast.iter_child_nodes(node):
        asks = isinstance(child, ast.Call) and getattr(child.func, "id", "") == "touch_or"
        docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        if asks or docstring:
            continue
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.value
        yield from _told_to_all(child)


def test_no_page_tells_a_visitor_with_a_finger_what_to_do_with_a_mouse():
    files = [file for room in ("ui", "core/models") for file in (paths.ROOT / room).rglob("*.py")]
    told = {(file.name, text) for file in files for text in _told_to_all(ast.parse(file.read_bytes()))}
    assert len(told) > 1_000
    # Markup has words of both kinds, of which the style sheet shows one.
    assert {(file, text) for file, text in told if MOUSE.search(text) and 'class="mouse"' not in text} == set()


def test_no_script_of_a_page_does_either():
    told = []
    for file in (paths.ROOT / "ui" / "components").rglob("*.js"):
        for line in file.read_text().splitlines():
            code = line.split("//")[0]
            texts = re.findall(r"\"[^\"]*\"|`[^`]*`", code)
            # A `title` comes to a mouse alone; "click" by itself is the name of an event.
            if (
                "touchOr(" not in code
                and "title" not in code
                and any(re.search(r"Click|Point at|Hover over", text) for text in texts)
            ):
                told.append((file.name, line.strip()))
    assert told == []

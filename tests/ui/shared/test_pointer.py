"""Which browsers are told of fingers."""

import pytest

from ui.shared import pointer

PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 5) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
TABLET = "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Safari/604.1"
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"


@pytest.mark.parametrize(("agent", "word"), [(PHONE, "Tap"), (TABLET, "Tap"), (LAPTOP, "Click"), ("", "Click")])
def test_phones_and_tablets_are_told_of_fingers(agent, word, monkeypatch):
    monkeypatch.setattr(pointer.st, "context", type("Context", (), {"headers": {"User-Agent": agent}})())
    assert pointer.touch_or("Tap", "Click") == word

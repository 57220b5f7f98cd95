"""Brings the top of the page into view once, when something begins there that was asked for further down."""

from __future__ import annotations

from ui.components.base import register

_mount = register(__file__, "to_top", """<div class="to-top"></div>""")


def to_top(turn: str, key: str = "to_top") -> None:
    """Scrolls up whenever `turn` is a word it has not seen last; an empty one leaves the page where it is."""
    _mount(key=key, data={"turn": turn})

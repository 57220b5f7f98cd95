"""Scrolls the page once so that a popover that opens low on the screen has room below its button."""

from __future__ import annotations

from ui.components.base import register

_mount = register(__file__, "make_room", """<div class="make-room"></div>""")


def make_room(key: str) -> None:
    """Call it last inside an open popover. Where there is room already nothing moves."""
    _mount(key=key, data=None)

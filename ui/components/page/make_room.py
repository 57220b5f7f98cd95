"""An invisible component that scrolls the page once so that a popover near the bottom has room below its button."""

from __future__ import annotations

from ui.components.base import register

_mount = register(__file__, "make_room", """<div class="make-room"></div>""")


def make_room(key: str) -> None:
    """Scroll if there is too little room. Call it last inside an open popover."""
    _mount(key=key, data=None)

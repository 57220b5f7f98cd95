"""An invisible component that scrolls to the top of the page once, when something begins there."""

from __future__ import annotations

from ui.components.base import register

_mount = register(__file__, "to_top", """<div class="to-top"></div>""")


def to_top(event: str, key: str = "to_top") -> None:
    """Scroll up if `event` differs from the one of the last scroll; an empty text leaves the page where it is."""
    _mount(key=key, data={"event": event})

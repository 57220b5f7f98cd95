"""An invisible component that brings a part of the page, or its top, into view once, when something happens there."""

from __future__ import annotations

from ui.components.base import register

_mount = register(__file__, "scroll_to", """<div class="scroll-to"></div>""")


def scroll_to(target: str, event: str, key: str) -> None:
    """Scroll to the container with the key `target` and move the focus there, if `event` differs from the one of the
    last scroll; an empty text leaves the page where it is. Call it after the container."""
    _mount(key=key, data={"target": target, "event": event})


def to_top(event: str, key: str = "to_top") -> None:
    """Scroll to the top of the page, if `event` differs from the one of the last time; an empty text leaves the page
    where it is. The focus stays."""
    _mount(key=key, data={"target": "", "event": event})

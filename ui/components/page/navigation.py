"""An invisible component that mends how pages are left: the drawer, open popovers, and the browser's history."""

from __future__ import annotations

from ui.components.base import register

_mount = register(__file__, "navigation", """<div class="navigation"></div>""")


def watch_navigation() -> None:
    """Watch the links to other pages and the browser's history; call it once in each run of the page."""
    _mount(key="shell_navigation", data=None)

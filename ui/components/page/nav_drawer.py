"""An invisible component that closes the navigation drawer of a narrow window once a page was chosen in it."""

from __future__ import annotations

from ui.components.base import register

_mount = register(__file__, "nav_drawer", """<div class="nav-drawer"></div>""")


def close_nav_drawer() -> None:
    """Watch the navigation drawer; call it once in each run of the page."""
    _mount(key="shell_nav_drawer", data=None)

"""The keyboard on every page: focus in popovers, rows ticked by Space, focus rings, shortcuts and their list."""

from __future__ import annotations

from ui.components.base import register

_mount = register(__file__, "keyboard", """<div class="keyboard"></div>""", also=("../shared/focus",))


def watch_keyboard() -> None:
    """Watch the page's keyboard; call it once in each run of the page."""
    _mount(key="shell_keyboard", data=None)

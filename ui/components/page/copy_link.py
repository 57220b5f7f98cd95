"""The corner of every page: a button that copies its address, which holds all that the visitor has chosen, one that
lists its keys, and where pictures are enlarged one that shows their pixels."""

from __future__ import annotations

from ui.components.base import register

_mount = register(
    __file__,
    "copy_link",
    """
<button type="button" class="look" aria-pressed="false" hidden
  title="Draws the pixels of enlarged pictures as squares, or smooths them">Pixels</button>
<button type="button" class="keys" title="Lists the keys of this page (?)" aria-label="Keys of this page">?</button>
<button type="button" class="copy-link" aria-live="polite"
  title="Copies the address of this page, which holds what you have chosen">
  <span class="icon" aria-hidden="true"></span><span class="text"></span>
</button>
""",
)


def copy_link() -> None:
    """Show them in the corner of every page; call it once in each run of the page."""
    _mount(key="shell_copy_link", data=None)

"""Switches of all planes of a page: how training images are drawn, circles, decision regions, samples."""

from __future__ import annotations

from ui.components.base import register

_mount = register(
    __file__,
    "plane_key",
    """
<div class="lab plane-key">
  <div class="modes" role="group" aria-label="Training images as"></div>
  <div class="switches" role="group" aria-label="Layers over the planes"></div>
</div>
""",
    also=("plane_store", "class_legend"),
)


def plane_key(*, key: str) -> None:
    """Show the switches. Their state stands in the address (`layer`, `circles`, `regions`, `samples`); nothing is sent
    to the server."""
    _mount(key=key, data={})

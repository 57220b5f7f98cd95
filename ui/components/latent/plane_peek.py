"""The linked image beside its reconstruction by the model of the enlarged plane, or what that model decodes there."""

from __future__ import annotations

from ui.components.base import register

_mount = register(
    __file__,
    "plane_peek",
    """
<figure class="lab plane-peek">
  <canvas role="img"></canvas><canvas role="img"></canvas>
  <figcaption><p class="number title"></p><p class="number text"></p></figcaption>
</figure>
""",
)


def plane_peek(*, key: str) -> None:
    """Show what `plane_stage` publishes about the place under the pointer."""
    _mount(key=key, data={})

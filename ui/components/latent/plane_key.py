"""What lies over the pictures of all planes of a page: points, circles, samples; and the classes with their colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.images import class_colors
from ui.components.base import register

_mount = register(
    __file__,
    "plane_key",
    """
<div class="lab plane-key">
  <div class="switches" role="group" aria-label="What is laid over the planes"></div>
  <div class="sets"></div>
</div>
""",
    also=("plane_shelf", "tilemap"),
)


def plane_key(*, key: str, classes: Mapping[str, Sequence[str]], titles: Mapping[str, str]) -> None:
    """Switches and legend for every `manifold` on the page; nothing is sent to the server.

    Args:
        classes: names of the classes by data set. titles: what the data sets are called, where there are several.
    """
    _mount(
        key=key,
        data={
            "sets": [
                {"dataset": name, "title": titles[name] if len(classes) > 1 else "", "classes": list(names)}
                for name, names in classes.items()
            ],
            "colours": list(class_colors.CLASSES),
        },
    )

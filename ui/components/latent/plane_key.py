"""Switches and legend of all planes of a page: training images, circles, samples; classes and their colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.images import class_colors
from ui.components.base import register

_mount = register(
    __file__,
    "plane_key",
    """
<div class="lab plane-key">
  <div class="switches" role="group" aria-label="Layers over the planes"></div>
  <div class="sets"></div>
</div>
""",
    also=("plane_store", "class_legend"),
)


def plane_key(*, key: str, classes: Mapping[str, Sequence[str]], titles: Mapping[str, str]) -> None:
    """Show switches and legend for every `manifold` on the page; nothing is sent to the server.

    Args:
        classes: names of the classes by data set. titles: names of the data sets, shown where there are several.
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

"""A row of small still maps, each with a title and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.images import class_colors
from ui.components.base import register
from ui.components.embedding.map_view import text_of

_mount = register(
    __file__, "map_small", """<figure class="lab map-small"></figure>""", also=("map_common", "map_paint")
)


@dataclass(frozen=True)
class Panel:
    """One small map: points [n, 2], the group of each [n], and what to see in it."""

    title: str
    said: str
    xy: np.ndarray
    labels: np.ndarray


def map_small(panels: Sequence[Panel], key: str) -> None:
    """Shows the maps beside each other, as many as there is room for."""
    _mount(
        key=key,
        data={
            "colours": list(class_colors.CLASSES),
            "panels": [
                {
                    "title": p.title,
                    "said": p.said,
                    "xy": text_of(p.xy, np.float32),
                    "labels": text_of(p.labels, np.int16),
                }
                for p in panels
            ],
        },
    )

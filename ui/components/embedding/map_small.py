"""A row of small still maps, each with a title and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.images import class_colors
from ui.components.base import pack_numbers, register

_mount = register(
    __file__,
    "map_small",
    """<figure class="lab map-small"></figure>""",
    also=("../shared/plot", "../shared/marks", "map_pool", "map_geometry", "map_paint"),
)


@dataclass(frozen=True)
class Panel:
    """One small map: points [n, 2], the group of each [n], and a note on what it shows."""

    title: str
    note: str
    xy: np.ndarray
    labels: np.ndarray


def map_small(panels: Sequence[Panel], key: str) -> None:
    """Show the maps beside each other, as many as there is room for."""
    _mount(
        key=key,
        data={
            "colours": list(class_colors.CLASSES),
            "panels": [
                {
                    "title": p.title,
                    "note": p.note,
                    "xy": pack_numbers(p.xy, np.float32),
                    "labels": pack_numbers(p.labels, np.int16),
                }
                for p in panels
            ],
        },
    )

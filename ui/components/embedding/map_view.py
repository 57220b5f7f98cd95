"""A map of many images: pan, zoom, hover and lasso at pointer speed, all in the browser."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.images import class_colors
from ui.components.base import pack_numbers, register

_mount = register(
    __file__,
    "map_view",
    """
<figure class="lab map-view">
  <p class="title"></p>
  <div class="tools" role="toolbar" aria-label="Map tools">
    <button type="button" class="move" aria-pressed="true" title="Drag moves the map">Move</button>
    <button type="button" class="lasso" aria-pressed="false"
      title="Drag draws round points; Shift and drag does so at any time">Lasso</button>
    <button type="button" class="closer" title="Closer (+)" aria-label="Closer">+</button>
    <button type="button" class="further" title="Further away (−)" aria-label="Further away">−</button>
    <button type="button" class="home" title="Show the whole map (0)">All</button>
    <label title="Draws the images themselves where there is room">
      <input type="checkbox" class="thumbs"> Thumbnails</label>
    <label title="A letter or digit for each class, for eyes that cannot tell its colour">
      <input type="checkbox" class="letters"> Letters</label>
    <button type="button" class="all" disabled
      title="Select every point of the classes that are shown alone">Select class</button>
  </div>
  <div class="map" tabindex="0" role="application">
    <canvas class="ground"></canvas><canvas class="over"></canvas>
    <div class="card" hidden><canvas></canvas><b></b><span></span></div>
  </div>
  <p class="number read" aria-live="polite"></p>
  <input type="search" class="search" placeholder="Find a class" aria-label="Find a class" hidden>
  <div class="legend" role="group" aria-label="Classes"></div>
</figure>
""",
    also=(
        "../shared/plot",
        "../shared/marks",
        "map_pool",
        "map_geometry",
        "map_paint",
        "map_pointer",
        "map_legend",
    ),
)


def map_view(
    *,
    key: str,
    pool: str,
    xy: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    title: str,
    note: str,
    alt: str,
    stamp: str,
    busy: bool = False,
) -> None:
    """Show the map. It never sends a message: `map_detail` of the same pool sends the selection.

    A click, or Enter, selects a point (the newest two stay selected); Shift and drag, or the tool, selects all points
    inside the lasso. Arrow keys go from point to point, + − 0 zoom. Two maps of one pool share pointer and selection.

    For tests: the map's `data-hover` is the index of the point under the pointer, `data-picks` and `data-chosen` are
    the selection, `data-view` the middle and the zoom, `data-stamp` the stamp of the map shown.

    Args:
        pool: as in `map_sheet`. xy: the map [n, 2]. labels: classes [n], −1 for none. classes: a name per class.
        title: what this is a map of. note: one line below it. alt: for visitors who cannot see it.
        stamp: identifies the map. busy: whether it is still being computed.
    """
    _mount(
        key=key,
        data={
            "pool": pool,
            "xy": pack_numbers(xy, np.float32),
            "labels": pack_numbers(labels, np.int16),
            "classes": list(classes),
            "colours": list(class_colors.CLASSES),
            "title": title,
            "note": note,
            "alt": alt,
            "stamp": stamp,
            "busy": busy,
        },
    )

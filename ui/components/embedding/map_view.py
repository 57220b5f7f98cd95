"""A map of many images: pan, zoom, hover and lasso at pointer speed, all in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.images import class_colors
from ui.components.base import message_shape, pack, pack_numbers, register, shape_of

HTML = """
<figure class="lab map-view">
  <p class="title"></p>
  <div class="tools" role="toolbar" aria-label="Map tools">
    <button type="button" class="move" aria-pressed="true" title="Drag moves the map">Move</button>
    <button type="button" class="lasso" aria-pressed="false"
      title="Drag draws round points; Shift and drag does so at any time">Lasso</button>
    <label title="The name of each class, where it is densest">
      <input type="checkbox" class="names" checked> Labels</label>
    <label title="Lines round the places that hold 40 % and 80 % of each class">
      <input type="checkbox" class="density"> Density</label>
    <label title="Draws the images themselves where there is room">
      <input type="checkbox" class="thumbs"> Thumbnails</label>
    <label title="A letter or digit for each class, for eyes that cannot tell its colour">
      <input type="checkbox" class="letters"> Letters</label>
    <button type="button" class="question" aria-expanded="false" aria-label="How to use the map"
      title="How to use the map (?)">?</button>
  </div>
  <div class="map" tabindex="0" role="application">
    <canvas class="ground"></canvas><canvas class="over"></canvas>
    <div class="zoom">
      <button type="button" class="closer" title="Closer (+)" aria-label="Closer">+</button>
      <button type="button" class="further" title="Further away (−)" aria-label="Further away">−</button>
      <button type="button" class="home" title="Show the whole map (0)">All</button>
    </div>
    <div class="share" role="progressbar" aria-label="The map" aria-valuemin="0" aria-valuemax="100" hidden>
      <i></i></div>
    <p class="number read" aria-live="polite"></p>
    <div class="card" hidden><canvas></canvas><b></b><span></span></div>
    <div class="help" hidden>
      <p class="mouse"><b>Move over the map</b> to see the image behind each point. Scroll to zoom, drag to move.</p>
      <p class="touch"><b>Tap a point</b> to see its image. Two fingers zoom and move the map, one scrolls the page.</p>
      <p><b><span class="mouse">Click</span><span class="touch">Tap</span> a point</b> for its reconstruction and its
        nearest neighbours; <span class="mouse">click</span><span class="touch">tap</span> a second one to go from one
        to the other.</p>
      <p><b><span class="mouse">Shift and drag, or the Lasso tool,</span><span class="touch">The Lasso tool</span></b>
        selects many: their classes, their mean image, and what their mean z decodes to.</p>
      <p><b>A class below the map</b> shows that class alone, or with others.</p>
      <p class="mouse"><b>By keyboard:</b> arrow keys go from point to point, Enter selects, + − 0 zoom, Escape clears,
        ? shows this help.</p>
    </div>
  </div>
  <p class="scale" hidden><span></span><i></i><span></span><b></b></p>
  <input type="search" class="search" placeholder="Find a class" aria-label="Find a class" hidden>
  <div class="classes">
    <div class="legend" role="group" aria-label="Classes"></div>
    <button type="button" class="all" hidden title="Select every point of the classes that are shown alone">Select
      class</button>
  </div>
</figure>
"""

SHARED = (
    "../shared/plot",
    "../shared/marks",
    "map_pool",
    "map_geometry",
    "map_paint",
    "map_density",
    "map_pointer",
    "map_legend",
)
"""Scripts in front of the map's own."""

_mount = register(__file__, "map_view", HTML, also=SHARED)


@dataclass(frozen=True, eq=False)
class PointValues:
    """A number for each point that colours it: its name and unit, its values [n] (NaN for none), and the values of the
    scale's ends."""

    name: str
    unit: str
    values: np.ndarray
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Placed:
    """A new image on the map: its place in the units of the map, and its picture uint8 [H, W(, 3)]."""

    xy: np.ndarray
    picture: np.ndarray


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
    share: float | None = None,
    wide: bool = False,
    values: PointValues | None = None,
    placed: Sequence[Placed] = (),
) -> None:
    """Show the map. It never sends a message: `map_detail` of the same pool sends the selection.

    A click, or Enter, selects a point (the newest two stay selected); Shift and drag, or the tool, selects all points
    inside the lasso. Arrow keys go from point to point, + − 0 zoom. Two maps of one pool share pointer and selection.
    The selection and the classes shown alone stand in the address as `picks`, `lasso` and `show`.

    For tests: the map's `data-hover` is the index of the point under the pointer, `data-picks` and `data-chosen` are
    the selection, `data-view` the middle and the zoom, `data-stamp` the stamp of the map shown, `data-placed` the
    number of new images on it.

    Args:
        pool: as in `map_sheet`. xy: the map [n, 2]. labels: classes [n], −1 for none. classes: a name per class.
        title: what this is a map of. note: one line on it. alt: for visitors who cannot see it.
        stamp: identifies the map. busy: whether it is still being computed. share: how much of that is done, 0 to 1.
        wide: whether there are two maps: each has its title then, and only the first one writes the address.
        values: what colours the points; None for their classes. placed: new images.
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
            "share": None if share is None else round(share, 3),
            "wide": wide,
            "address": not key.endswith("2"),
            "values": None if values is None else _values(values),
            "placed": [_placed(one) for one in placed],
        },
    )


def _values(values: PointValues) -> dict[str, Any]:
    return {
        "name": values.name,
        "unit": values.unit,
        "data": pack_numbers(values.values, np.float32),
        "low": values.low,
        "high": values.high,
    }


def _placed(one: Placed) -> dict[str, Any]:
    return {
        "x": float(one.xy[0]),
        "y": float(one.xy[1]),
        "shape": message_shape(shape_of(one.picture[None])),
        "tile": pack(one.picture[None]),
    }

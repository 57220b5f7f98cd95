"""A plane of the latent space, decoded in advance: the image under the pointer is shown at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np

from core.images import class_colors
from core.images.shape import GREY_28, ImageShape
from core.latent import aggregated
from core.latent.planes import PlaneAxes
from ui.components.base import MESSAGE_BYTES, fitting, message_shape, pack, register, rounded, shape_of
from ui.components.latent.latent_board import SPAN

SIDES = (49, 37, 25, 19, 13, 7)
"""Images along one side, 49 of them 0.125 σ apart. One less has many divisors: every second, third, fourth … image
makes a map for a smaller screen."""

_mount = register(
    __file__,
    "plane",
    """
<figure class="lab plane">
  <div class="inner">
    <div class="frame">
      <div class="map" tabindex="0" role="application">
        <canvas class="ground"></canvas><canvas class="cloud"></canvas><canvas class="over"></canvas>
      </div>
      <div class="axes" aria-hidden="true"><span></span><span></span></div>
    </div>
    <div class="side">
      <canvas class="preview" role="img" aria-label="The image under the pointer"></canvas>
      <div class="switches">
        <label><input type="checkbox" class="circles"> Circles</label>
        <label class="images"><input type="checkbox" class="dots"> Training images</label>
        <label class="lettered"><input type="checkbox" class="letters"> Letters</label>
      </div>
      <div class="legend" role="group" aria-label="Classes"></div>
    </div>
  </div>
  <p class="number read"></p>
  <p class="number holds"></p>
</figure>
""",
    also=("../shared/plot", "../shared/marks", "class_legend", "tilemap", "circles"),
)


def side_for(shape: ImageShape = GREY_28) -> int:
    """Images along one side of a plane of images of this shape, one of `SIDES`."""
    return isqrt(fitting([side * side for side in SIDES], shape, MESSAGE_BYTES))


def plane(
    *,
    key: str,
    run: str,
    pair: PlaneAxes,
    tiles: np.ndarray,
    span: float = SPAN,
    base: Sequence[float],
    points: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    classes: Sequence[str] = (),
    reference: str = "N(0, I)",
    alone: bool = False,
) -> None:
    """Show a plane as one large picture. Pointer, finger or arrow keys move over it without a message to the server; a
    click or Enter goes there (through the `latent_board` of the same `run`, which reports it).

    Args:
        run: as in `latent_board`.
        pair: its two directions, to the right and upwards.
        tiles: `uint8` [side², H, W(, 3)] over ± `span`, row by row from the top (`PlaneAxes.grid`), with `side` of
            `side_for`.
        span: half the side of the plane in σ. A point beyond it is shown by an arrow at the rim.
        base: the point in units of σ that the plane goes through, [d].
        points, labels: images by their coordinates in the plane [N, 2] and their classes [N] (−1: none), drawn over it.
        classes: a name per class.
        reference: the distribution whose shares the circles hold, which is N(0, I) in the plane's own units.
        alone: show the image under the pointer here; otherwise the `latent_board` beside it shows it.
    """
    _mount(
        key=key,
        data={
            "run": run,
            "names": list(pair.names),
            "shape": message_shape(shape_of(tiles)),
            "side": isqrt(len(tiles)),
            "span": float(span),
            "tiles": pack(tiles),
            "base": rounded(base),
            "step": [[float(f"{x:.5g}") for x in row] for row in pair.directions],
            "read": [[float(f"{x:.5g}") for x in row] for row in pair.dual],
            "points": None if points is None else np.round(points, 2).ravel().tolist(),
            "labels": None if labels is None else [int(k) for k in labels],
            "classes": list(classes),
            "colours": list(class_colors.CLASSES),
            "circles": [list(circle) for circle in aggregated.circles(points)],
            "reference": reference,
            "alone": alone,
        },
    )

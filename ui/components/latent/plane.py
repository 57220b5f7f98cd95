"""A plane of the latent space, decoded in advance: what lies under the pointer is shown at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.images import class_colors
from core.latent.planes import PlaneAxes
from ui.components.base import pack, register, rounded
from ui.components.latent.latent_board import SPAN

SIDE = 49
"""Pictures along one side of the plane, 0.125 σ apart. 48 has many divisors: every second, third, fourth … picture
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
      <canvas class="peek" width="28" height="28" role="img" aria-label="The picture under the pointer"></canvas>
      <div class="switches">
        <label><input type="checkbox" class="circles"> Circles of 1, 2 and 3 σ</label>
        <label class="images"><input type="checkbox" class="dots"> Training images</label>
      </div>
      <div class="legend" role="group" aria-label="Classes"></div>
    </div>
  </div>
  <p class="number read"></p>
</figure>
""",
    also=("tilemap",),
)


def plane(
    *,
    key: str,
    run: str,
    pair: PlaneAxes,
    tiles: np.ndarray,
    base: Sequence[float],
    points: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    classes: Sequence[str] = (),
    alone: bool = False,
) -> None:
    """A plane as one large picture; pointer, finger or arrow keys move over it without a message to the server; click
    or Enter goes there (through the `latent_board` of the same `run`, which reports it).

    Args:
        run: as in `latent_board`.
        pair: its two directions, to the right and upwards.
        tiles: `uint8` [SIDE², 28, 28] over ±3 σ, row by row from the top (`Pair.grid`).
        base: the point in units of σ that the plane goes through, [d].
        points, labels: images by their coordinates in the plane [N, 2] and their classes [N] (−1: none), to lay over
            it.
        classes: a name per class.
        alone: show the picture under the pointer here; otherwise the `latent_board` beside it shows it.
    """
    _mount(
        key=key,
        data={
            "run": run,
            "names": list(pair.names),
            "side": SIDE,
            "span": SPAN,
            "tiles": pack(tiles),
            "base": rounded(base),
            "step": [[float(f"{x:.5g}") for x in row] for row in pair.directions],
            "read": [[float(f"{x:.5g}") for x in row] for row in pair.dual],
            "points": None if points is None else np.round(points, 2).ravel().tolist(),
            "labels": None if labels is None else [int(k) for k in labels],
            "classes": list(classes),
            "colours": list(class_colors.CLASSES),
            "alone": alone,
        },
    )

"""Noise that becomes images along a learned flow: pictures at one time, and in the plane the paths, by a scrubber."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.evaluation.holes import LatentDensity
from ui.components.base import MESSAGE_BYTES, message_shape, pack, pack_numbers, reduced, register, shape_of
from ui.components.diffusion.latent_scatter import density_message

_mount = register(
    __file__,
    "flow_path",
    """
<figure class="lab flow"><div class="all">
  <div class="stage">
    <div class="plane" hidden><canvas role="img"></canvas></div>
    <div class="pictures"><canvas tabindex="0" role="img"></canvas><i hidden></i></div>
  </div>
  <div class="controls">
    <button type="button" class="play" title="Play or pause (Space)">Play</button>
    <span>noise</span>
    <input type="range" min="0" max="1" value="0" aria-label="Time from noise to images">
    <span>images</span>
  </div>
  <p class="number read"></p>
</div></figure>
""",
    also=("../shared/axes", "../shared/plot", "latent_density", "../playback/scrubber"),
)


@dataclass(frozen=True, eq=False)
class Plane:
    """Paths in a latent space of two dimensions.

    Attributes:
        points: at each step, float32 [steps + 1, n, 2]. density: of the training latents.
        window: left, bottom, right and top of the square that is shown.
        latent, path: colours of the density, and of the paths.
    """

    points: np.ndarray
    density: LatentDensity
    window: tuple[float, float, float, float]
    latent: str
    path: str


def flow_path(*, key: str, pictures: np.ndarray, times: Sequence[float], alt: str, plane: Plane | None = None) -> None:
    """Show pictures at a time that the scrubber moves, from noise at 0 to images at 1.

    Pointer and arrow keys over the pictures mark one of them, and its path in the plane. Everything moves in the
    browser, which keeps the time as `t` in the address; the scrubber begins at 1. For tests: the figure's `data-at` is
    the frame, `data-picture` the picture that is marked.

    Args:
        pictures: uint8 [frames, n, H, W(, 3)]. times: of the frames, from 0 to 1. alt: what the pictures are.
    """
    frames, n = pictures.shape[:2]
    tiles = reduced(pictures.reshape(-1, *pictures.shape[2:]), MESSAGE_BYTES)
    state = hashlib.blake2b(tiles.tobytes() + repr(tiles.shape).encode(), digest_size=8)
    message: dict[str, Any] | None = None
    if plane is not None:
        state.update(plane.points.tobytes() + plane.latent.encode())
        message = {
            "points": pack_numbers(plane.points, np.float32),
            "steps": len(plane.points) - 1,
            "window": [float(edge) for edge in plane.window],
            "density": density_message(plane.density),
            "latent": plane.latent,
            "path": plane.path,
        }
    _mount(
        key=key,
        data={
            "id": state.hexdigest(),
            "frames": frames,
            "n": n,
            "times": [round(float(t), 4) for t in times],
            "shape": message_shape(shape_of(tiles)),
            "tiles": pack(tiles),
            "alt": alt,
            "plane": message,
        },
    )

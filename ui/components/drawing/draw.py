"""A surface to draw a picture on, in the form that a model gets it: 28 × 28 grey levels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ui.components.base import pack, register
from ui.components.drawing import pad

_mount = register(
    __file__,
    "draw",
    pad.SURFACE
    % (
        """<p class="hint" aria-hidden="true">Draw here</p>""",
        """
    <div class="side">
      <figure>
        <canvas class="real" width="28" height="28" role="img" aria-label="Your drawing in 28 × 28 pixels"></canvas>
        <figcaption>28 × 28 pixels, as a model gets it</figcaption>
      </figure>
      <figure hidden>
        <canvas class="answer" width="28" height="28" role="img" aria-label="The model's reconstruction"></canvas>
        <figcaption>What the model makes of it</figcaption>
      </figure>
    </div>""",
    ),
    also=("pad",),
)


def draw(*, key: str, label: str = "Drawing", answer: Callable[[np.ndarray], np.ndarray] | None = None) -> np.ndarray:
    """Mouse, finger or keys draw on 280 × 280 points; their average over each pixel is the picture. One message comes
    after each stroke, none while it is drawn.

    Args:
        key: the drawing is kept under it for the whole visit, however often the component comes and goes.
        label: what is drawn, for screen readers.
        answer: a model's version of a drawing, `uint8` [28, 28] → [28, 28]; asked after each stroke, shown beside it.
    Returns:
        `uint8` [28, 28], all 0 where nothing was drawn yet.
    """
    here = pad.held(key)
    drawn = drawing(key)
    _mount(
        key=key,
        on_said_change=pad.listener(key),
        data={
            "name": key,
            "label": label,
            "stamp": here.stamp,
            "pixels": pack(drawn),
            "answers": answer is not None,
            "answer": pack(answer(drawn)) if answer is not None and drawn.any() else None,
        },
    )
    return drawn


def drawing(key: str) -> np.ndarray:
    """What this visitor has drawn under `key`, `uint8` [28, 28]; all 0 at first."""
    return np.frombuffer(pad.held(key).pixels, np.uint8).reshape(28, 28)


def set_drawing(key: str, picture: np.ndarray) -> None:
    """Puts a picture `uint8` [28, 28] on the surface, to go on drawing on it; the visitor can undo that."""
    pad.put(key, np.ascontiguousarray(picture, np.uint8).tobytes())

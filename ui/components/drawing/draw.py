"""A surface to draw an image on, in the form that a model gets it.

Ink is white or grey, on a colour image also one of some colours. The ground is black.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.images.shape import GREY_28, ImageShape
from ui.components.base import message_shape, pack, register
from ui.components.drawing import pad

_mount = register(
    __file__,
    "draw",
    pad.SKELETON
    % (
        """<p class="hint" aria-hidden="true">Draw here</p>""",
        """
    <div class="side">
      <figure>
        <canvas class="real" role="img"></canvas>
        <figcaption></figcaption>
      </figure>
      <figure hidden>
        <canvas class="fitted" role="img" aria-label="The drawing scaled and centred as the training images"></canvas>
        <figcaption>scaled and centred</figcaption>
      </figure>
      <figure hidden>
        <canvas class="answer" role="img" aria-label="The model's reconstruction"></canvas>
        <figcaption>reconstruction</figcaption>
      </figure>
    </div>
    <p class="words"></p>""",
    ),
    also=("../shared/plot", "../shared/marks", "strokes", "pad"),
)


@dataclass(frozen=True)
class Answer:
    """What stands beside a drawing, each part where there is one.

    Attributes:
        picture: a model's reconstruction. fitted: the drawing as the model gets it, where that is not as it was drawn;
            both `uint8` of the drawing's shape. words: about them, a line.
    """

    picture: np.ndarray | None = None
    fitted: np.ndarray | None = None
    words: str = ""


def draw(
    *,
    key: str,
    shape: ImageShape = GREY_28,
    label: str = "Drawing",
    answer: Callable[[np.ndarray], Answer] | None = None,
) -> np.ndarray:
    """Show the surface. Mouse, finger or keys draw on a grid finer than the pixels; its mean over each pixel is the
    image. One message comes after each stroke; with an `answer` also while it is drawn, ten a second at most and none
    before the last one was answered.

    Args:
        key: the drawing is kept under it for the whole visit, however often the component comes and goes.
        shape: of the image; another shape begins with an empty image.
        label: what is drawn, for screen readers.
        answer: what to show beside a picture that was drawn, `uint8` of `shape.picture`.
    Returns:
        `uint8` of `shape.picture`, all 0 where nothing was drawn yet.
    """
    drawn = drawing(key, shape)
    answered = answer(drawn) if answer is not None and drawn.any() else Answer()
    _mount(
        key=pad.mount_key(key, shape.picture),
        on_painted_change=pad.receiver(key, shape.picture),
        data={
            "name": pad.mount_key(key, shape.picture),
            "label": label,
            "shape": message_shape(shape),
            "stamp": pad.state_of(key, shape.picture).stamp,
            "pixels": pack(drawn),
            "answers": answer is not None,
            "answer": None if answered.picture is None else pack(answered.picture),
            "fitted": None if answered.fitted is None else pack(answered.fitted),
            "words": answered.words,
        },
    )
    return drawn


def drawing(key: str, shape: ImageShape = GREY_28) -> np.ndarray:
    """This visitor's drawing under `key`, `uint8` of `shape.picture`; all 0 at first."""
    return np.frombuffer(pad.state_of(key, shape.picture).pixels, np.uint8).reshape(shape.picture)


def set_drawing(key: str, picture: np.ndarray) -> None:
    """Put a picture, `uint8` [H, W] or [H, W, 3], on the surface of its shape, to draw over it; the visitor can undo
    that."""
    pad.replace(key, picture.shape, np.ascontiguousarray(picture, np.uint8).tobytes())

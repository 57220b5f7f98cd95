"""Framing of a set: how the content of its pictures lies in them, which pictures from elsewhere are then fitted to.

Standard library only; `core.images.prepare` measures and applies it.
"""

from __future__ import annotations

from dataclasses import dataclass

STROKES, THINGS, WHOLE = "strokes", "things", "whole"
"""Kinds of content: thin strokes on an empty ground (digits), things on an empty ground (garments), or pictures filled
to the edge (photos)."""


@dataclass(frozen=True)
class Framing:
    """How the content of a set's pictures lies in them.

    Attributes:
        kind: `STROKES`, `THINGS` or `WHOLE`; the rest counts only for the first two.
        ground, ink: grey levels from 0 to 255 of the ground, and of the content where it is farthest from it.
        box: height and width of the box that the content fills, as shares of the picture's.
        centre: row and column of the content's centre, as shares of the picture's height and width.
        by_mass: whether that is the centre of mass (MNIST) or of the bounding box.
        thickness: width of a stroke as a share of the longer side of the box.
    """

    kind: str
    ground: int = 0
    ink: int = 255
    box: tuple[float, float] = (1.0, 1.0)
    centre: tuple[float, float] = (0.5, 0.5)
    by_mass: bool = False
    thickness: float = 0.0

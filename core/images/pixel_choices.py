"""Pixel choices of a set of pictures: range of deep values, ground of transparent pictures, polarity, fit.

Each is one choice for the whole set, so that its pictures stay comparable. Standard library only; `core.images.levels`
applies them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

AUTO, EACH = "auto", "each"

GROUNDS = (AUTO, "black", "white", EACH)
"""What lies behind transparent pixels; auto: what keeps the content of the set visible; each: of each picture."""

POLARITIES = ("as-is", "light-on-dark", "dark-on-light", "inverted")
"""Whether pictures are inverted: none, those with a light ground, those with a dark ground, or all."""

PAD, CROP, STRETCH = "pad", "crop", "stretch"

FITS = (PAD, CROP, STRETCH)
"""How pictures of other proportions become one shape: strips of the border's colour beside them, cutting off what
exceeds the shape on two sides, or a scale of its own for height and width."""

_RANGE = re.compile(r"\s*(-?[\d.]+(?:e[+-]?\d+)?)\s*(?:to|-|–|…|\.\.|,|:)\s*(-?[\d.]+(?:e[+-]?\d+)?)\s*", re.I | re.A)


@dataclass(frozen=True)
class PixelChoices:
    """How picture files become images of one shape with levels from 0 (black) to 255 (white).

    Attributes:
        levels: range of the values of files with more than 8 bits (10 to 16 bits, whole numbers, floats): `auto` (that
            of the whole set), `each` (that which each file states), or `LOW to HIGH`, which become black and white.
        ground, polarity, fit: one of `GROUNDS`, `POLARITIES` and `FITS`.
    Raises:
        ValueError: a value that is not allowed: begins with the name of the field, says what is allowed.
    """

    levels: str = AUTO
    ground: str = AUTO
    polarity: str = "as-is"
    fit: str = PAD

    def __post_init__(self) -> None:
        if self.levels not in (AUTO, EACH):
            object.__setattr__(self, "levels", as_text(*_range(self.levels)))
        for name, allowed in (("ground", GROUNDS), ("polarity", POLARITIES), ("fit", FITS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}: {getattr(self, name)!r} is not allowed. Choose one of {', '.join(allowed)}.")

    @property
    def range(self) -> tuple[float, float] | None:
        """The values that become black and white; None where they are not chosen."""
        return None if self.levels in (AUTO, EACH) else _range(self.levels)


def as_text(low: float, high: float) -> str:
    """A range as `PixelChoices.levels` holds it: `0 to 4095`."""
    return f"{low:.9g} to {high:.9g}"


def _range(text: str) -> tuple[float, float]:
    match = _RANGE.fullmatch(text)
    try:
        low, high = (float(number) for number in match.groups()) if match else (0.0, 0.0)
    except ValueError:
        low = high = 0.0
    if not (low < high and math.isfinite(high - low)):
        raise ValueError(
            f"levels: {text[:60]!r} is not a range of values. Write auto, each, or the values that become black and "
            "white, such as 0 to 4095."
        )
    return low, high

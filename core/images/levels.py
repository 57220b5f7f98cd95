"""Levels of decoded pictures: one range, one ground and one polarity for a whole set, then 0 (black) to 255 (white).

Files with more than 8 bits do not say which of their values is white: a 12-bit camera writes 0 to 4095 into files of 16
bits. So the range is measured over the whole set; a range of its own for each picture would hide that one is darker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.images.original import Original
from core.images.pixel_choices import AUTO, EACH, PixelChoices, as_text
from core.images.shape import ImageShape

USUAL = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (0.0, 1023.0), (0.0, 4095.0), (0.0, 16383.0), (0.0, 65535.0))
"""Ranges that files usually have, narrowest first. The first two are those of floats only."""

TOLERANCE = 0.01
"""Share of a usual range by which values may exceed it."""

TAIL = 0.001
"""Share of the values at either end that are taken for hot or dead pixels where they stretch the range to more than
double."""

WHITE = 255.0

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in a grey level (ITU-R 601)."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """A picture shrunk to fit a shape, before its levels are chosen.

    Attributes:
        values: `uint8` levels [h, w] or [h, w, 3]; of a deep picture the values of its file as `float32`. Multiplied by
            `opacity` where there is one.
        opacity: `float32` [h, w] from 0 to 1, the share of each pixel that the file has a value for; None: all of it.
        transparent: whether that is the file's transparency; otherwise it has values that are no numbers.
        sample: values of a deep picture, `float32` [k], with the least and the greatest; None: the file has 8 bits.
        ends: white of such a file by itself, the least of these that its values do not exceed.
        original: what it was in its file.
    """

    values: np.ndarray
    opacity: np.ndarray | None = None
    transparent: bool = False
    sample: np.ndarray | None = None
    ends: tuple[float, ...] = (65535.0,)
    original: Original = Original()

    @property
    def luminance(self) -> float:
        """Mean luminance of what is opaque, from 0 to 255, of a picture of 8 bits."""
        grey = self.values if self.values.ndim == 2 else self.values @ LUMINANCE
        share = 1.0 * grey.size if self.opacity is None else float(self.opacity.sum())
        return float(grey.sum()) / share if share else 0.0


def settle(pictures: Sequence[Decoded], choices: PixelChoices) -> PixelChoices:
    """The choices with `auto` replaced by what these pictures, as one set, give; where they give nothing, it stays."""
    if choices.levels == AUTO and (samples := [p.sample for p in pictures if p.sample is not None and p.sample.size]):
        ends = min(p.ends for p in pictures if p.sample is not None)
        choices = replace(choices, levels=as_text(*range_of(np.concatenate(samples), ends)))
    clear = [p for p in pictures if p.transparent]
    if choices.ground == AUTO and clear:
        choices = replace(choices, ground=_ground(clear, choices))
    return choices


def range_of(values: np.ndarray, ends: tuple[float, ...]) -> tuple[float, float]:
    """The values that become black and white: a usual range that these fill at least by half, else their own.

    Args:
        values: of a whole set, float [n], n > 0. ends: see `Decoded`; used where all values are equal.
    """
    low, high = float(values.min()), float(values.max())
    inner_low, inner_high = (float(q) for q in np.quantile(values, (TAIL, 1.0 - TAIL)))
    if 0.0 < inner_high - inner_low < (high - low) / 2:
        low, high = inner_low, inner_high
    for bottom, top in USUAL if ends[0] <= 1.0 else USUAL[2:]:
        slack = TOLERANCE * (top - bottom)
        fills = high - low >= (top - bottom) / 2 and low <= bottom + (top - bottom) / 4
        if bottom - slack <= low and high <= top + slack and fills:
            return bottom, top
    return (low, high) if high > low else _stated(low, high, ends)


def _stated(low: float, high: float, ends: tuple[float, ...]) -> tuple[float, float]:
    """The range of one file by its values alone: from 0, or its least negative one, to the least usual end above."""
    top = next((end for end in ends if high <= end), high)
    bottom = min(low, 0.0)
    return bottom, top if top > bottom else bottom + 1.0


def picture(decoded: Decoded, choices: PixelChoices, shape: ImageShape) -> np.ndarray:
    """The picture in a shape: levels as chosen, in the middle of strips of its border's median colour.

    Args:
        choices: settled; what is still `auto` is chosen for this picture alone.
    Returns:
        `uint8` [H, W] or [H, W, 3].
    """
    own = settle([decoded], choices)
    levels = flat(decoded, own)
    height, width = levels.shape[:2]
    if levels.shape != shape.picture:
        canvas = np.empty(shape.picture, dtype=np.uint8)
        canvas[:] = np.median(border(levels), axis=0).astype(np.uint8)
        top, left = (shape.height - height) // 2, (shape.width - width) // 2
        canvas[top : top + height, left : left + width] = levels
        levels = canvas
    return 255 - levels if _inverts(levels, own.polarity) else levels


def border(flat: np.ndarray) -> np.ndarray:
    """Pixels of the outermost rows and columns of a picture, [n] or [n, 3]; corners count twice."""
    return np.concatenate([flat[0], flat[-1], flat[:, 0], flat[:, -1]])


def light_ground(flat: np.ndarray) -> bool:
    """Whether the border of a picture is light, so that it is taken for dark strokes on a light ground."""
    return float(np.median(border(flat))) >= 128.0


def _inverts(flat: np.ndarray, polarity: str) -> bool:
    if polarity in ("as-is", "inverted"):
        return polarity == "inverted"
    return light_ground(flat) == (polarity == "light-on-dark")


def flat(decoded: Decoded, choices: PixelChoices) -> np.ndarray:
    """Levels `uint8` [h, w] or [h, w, 3] of a picture without transparency."""
    if decoded.sample is None and decoded.opacity is None:
        return decoded.values
    levels = _levels(decoded, choices)
    if decoded.opacity is not None and decoded.transparent:
        ground = choices.ground if choices.ground in ("black", "white") else _ground([decoded], choices)
        levels = levels + (WHITE if ground == "white" else 0.0) * (1.0 - _broad(decoded.opacity, levels))
    rounded: np.ndarray = np.rint(np.clip(levels, 0.0, WHITE))
    return rounded.astype(np.uint8)


def _levels(decoded: Decoded, choices: PixelChoices) -> np.ndarray:
    """Levels before rounding, still multiplied by the opacity: float [h, w] or [h, w, 3]."""
    values = decoded.values.astype(np.float32)
    if decoded.sample is None:
        return values
    if not decoded.sample.size:
        return np.zeros_like(values)
    low, high = choices.range or _stated(float(decoded.sample.min()), float(decoded.sample.max()), decoded.ends)
    opacity = 1.0 if decoded.opacity is None else _broad(decoded.opacity, values)
    scaled: np.ndarray = (values - low * opacity) * np.float32(WHITE / (high - low))
    return scaled


def _broad(opacity: np.ndarray, like: np.ndarray) -> np.ndarray:
    return opacity[..., None] if like.ndim == 3 else opacity


def _ground(pictures: Sequence[Decoded], choices: PixelChoices) -> str:
    """The ground on which the content of transparent pictures is seen: white behind dark content, else black."""
    levels = [
        p if p.sample is None else replace(p, values=np.clip(_levels(p, choices), 0.0, WHITE), sample=None)
        for p in pictures
        if p.opacity is not None and p.opacity.any()
    ]
    return "white" if not levels or np.mean([p.luminance for p in levels]) < 128.0 else "black"


def notes(special: dict[int, Decoded], finished: np.ndarray, used: PixelChoices) -> tuple[str, ...]:
    """What the choices did to a set, and what is left to choose: sentences for the Data page and the command line.

    Args:
        special: pictures that are deep or not opaque everywhere, by their row. finished: all pictures after the
            choices, `uint8` [N, H, W] or [N, H, W, 3]. used: the choices, settled.
    """
    found = []
    if deep := sum(p.sample is not None for p in special.values()):
        how = "each scaled by itself" if used.levels == EACH else f"their values {used.levels} become black to white"
        found.append(f"{_count(deep, 'picture')} with more than 8 bits a pixel: {how}.")
    clear = [i for i, p in special.items() if p.transparent]
    if clear:
        ground = "each on the ground that shows it" if used.ground == EACH else f"on {used.ground}"
        found.append(f"{_count(len(clear), 'transparent picture')}: {ground}.")
        lost = sum(_vanishes(special[i], finished[i]) for i in clear)
        if lost:
            found.append(
                f"{_count(lost, 'of them is', 'of them are')} hardly visible there. Choose another ground, or “each”."
            )
    if used.polarity == "as-is" and finished.ndim == 3:  # inverted, a colour picture would be its negative
        light, plain = grounds(finished)
        if min(light.sum(), (~light).sum()) >= max(1, 0.02 * len(light)) and plain.mean() >= 0.9:
            found.append(
                f"{_count(int(light.sum()), 'picture is', 'pictures are')} dark on light and {int((~light).sum()):,} "
                "light on dark. Choose a polarity to make them alike."
            )
    if used.polarity != "as-is":
        found.append({"inverted": "All pictures are inverted."}.get(used.polarity, f"Made {_words(used.polarity)}."))
    return tuple(found)


def _words(polarity: str) -> str:
    return polarity.replace("-", " ")


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _vanishes(decoded: Decoded, flat: np.ndarray) -> bool:
    """Whether a transparent picture with a shape of its own has nearly one level everywhere."""
    return decoded.opacity is not None and float(np.ptp(decoded.opacity)) > 0.5 and int(np.ptp(flat)) < 24


def grounds(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each picture, `bool` [N]: whether its border is light (`light_ground`), and whether it is nearly of one level,
    as paper or a black ground is; that of a photo rarely is."""
    light, plain = np.empty(len(pictures), bool), np.empty(len(pictures), bool)
    for start in range(0, len(pictures), 1_000):  # in blocks, since the medians take a copy
        part = pictures[start : start + 1_000]
        edge = np.concatenate([part[:, 0], part[:, -1], part[:, :, 0], part[:, :, -1]], axis=1).astype(np.float32)
        near = np.abs(edge - np.median(edge, axis=1, keepdims=True)) < 32
        flat = part.reshape(len(part), -1)
        contrast = flat.max(1).astype(np.int16) - flat.min(1) >= 64
        rows = slice(start, start + len(part))
        light[rows] = np.median(edge.reshape(len(part), -1), axis=1) >= 128.0
        plain[rows] = (near.reshape(len(part), -1).mean(1) >= 0.85) & contrast
    return light, plain

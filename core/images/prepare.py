"""Preparation of a picture from elsewhere: the same ground, light, size and place as the pictures of a training set.

A photo of a digit differs from MNIST in everything but its shape: dark on light, unevenly lit, small and off centre.
MNIST itself was made by steps such as these (LeCun et al. 1998): the digit scaled into a box of 20 × 20 pixels, its
centre of mass put into the middle of 28 × 28. Each step can be left out. What a step aims at is measured on the set
(`measure`), so that a set whose pictures lie otherwise gets its own.

Pictures are `uint8` [H, W] or [H, W, 3]; inside, ink is a float [h, w] or [h, w, 3], 0 on the ground and 1 at its
strongest.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from core.images.framing import STROKES, THINGS, WHOLE, Framing
from core.images.ink import (
    FAINT,
    dilated,
    even_ink,
    find_marks,
    full_contrast,
    grey_of,
    stroke_width,
    strongest_at_one,
    strongest_channel,
)
from core.images.levels import border
from core.images.shape import ImageShape

STEPS = {STROKES: ("light", "crop", "thickness", "centre"), THINGS: ("light", "crop", "centre"), WHOLE: ()}
"""Steps for each kind of content, in their order: even light and full contrast, cropped and scaled to the box, strokes
as thick as the set's, and the centre in its place. The ground is turned into that of the set before them."""

INKS = ("auto", "dark", "light")
"""What is darker, the content or its ground: noticed, or as the visitor says."""

LONGEST = 512
"""Longer side in pixels, at most, of the picture that is worked on."""

FINE = 112
"""Longer side in pixels, at least: a smaller picture is enlarged for the work."""

MEASURED, TRACED = 1_000, 100
"""Pictures of a set whose content is measured, and those whose strokes are."""


@dataclass(frozen=True)
class Prepared:
    """A prepared picture.

    Attributes:
        picture: in the shape asked for, uint8.
        did: what was done, as short sentences without a full stop.
        box: top, left, bottom and right edge of what was cropped to, as shares of the source; None: all of it.
        marks: separate marks that were found on the ground; 0 where none was looked for. mark: the one that was used.
        found: False where there was nothing on the ground.
    """

    picture: np.ndarray
    did: tuple[str, ...] = ()
    box: tuple[float, float, float, float] | None = None
    marks: int = 0
    mark: int = 0
    found: bool = True


# The framing of a set


def measure(pictures: np.ndarray) -> Framing:
    """The framing of a set, from up to `MEASURED` of its pictures [N, H, W] or [N, H, W, 3]."""
    some = (
        pictures[np.linspace(0, len(pictures) - 1, min(MEASURED, len(pictures))).astype(int)] if len(pictures) else []
    )
    if not len(some):
        return Framing(WHOLE)
    grey = grey_of(np.asarray(some))
    edges = np.concatenate([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], axis=1)
    ground = float(np.median(edges))
    away = np.abs(grey - ground)
    content = np.asarray(away > 48.0)
    filled = content.any((1, 2))
    if float((np.abs(edges - ground) < 32.0).mean()) < 0.7 or filled.mean() < 0.5:
        return Framing(WHOLE)
    content, away = content[filled], away[filled]
    height, width = grey.shape[1:]
    spans = [_span(np.asarray(content.any(axis))) for axis in (2, 1)]
    sizes = [float(np.quantile(last - first, 0.9)) for first, last in spans]
    boxes = np.stack([(first + last) / 2 for first, last in spans], axis=1)
    masses = np.stack([_centroid(away, axis) for axis in (2, 1)], axis=1)
    by_mass = bool(masses.std(0).sum() < boxes.std(0).sum())
    centre = (masses if by_mass else boxes).mean(0) / (height, width)
    longer = max(sizes)
    # Garments are thick where they are not black, strokes are not; half the level is where a stroke's edge lies.
    outer, thickness = (
        float(np.median([stroke_width(_enlarged(one, 4) > level) / 4 for one in away[:TRACED]]))
        for level in (48.0, 128.0)
    )
    thin = outer < 0.3 * longer
    sign = 1.0 if ground < 128.0 else -1.0
    ink = float(np.clip(ground + sign * np.median(away.max((1, 2))), 0.0, 255.0))
    return Framing(
        STROKES if thin else THINGS,
        round(ground),
        round(ink),
        (sizes[0] / height, sizes[1] / width),
        (float(centre[0]), float(centre[1])),
        by_mass,
        thickness / longer,
    )


def _span(occupied: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First occupied place and the one after the last, of each row of bool [N, n]."""
    return occupied.argmax(1), occupied.shape[1] - occupied[:, ::-1].argmax(1)


def _centroid(weights: np.ndarray, axis: int) -> np.ndarray:
    """Centre of mass of each picture along one axis, in pixels from the edge, [N]."""
    along = weights.sum(axis)
    return np.asarray(along @ (np.arange(along.shape[1]) + 0.5) / along.sum(1))


# One picture


def prepare(
    source: np.ndarray,
    shape: ImageShape,
    framing: Framing,
    steps: Collection[str] | None = None,
    ink: str = "auto",
    mark: int | None = None,
) -> Prepared:
    """A picture in the framing of a set.

    A picture that lies as those of the set do comes back as it is, and so does one of the right size without any step
    whose ground is right.

    Args:
        source: uint8 [h, w] or [h, w, 3], of any size. shape: of the result.
        steps: those to take, of `STEPS`; None: all that the kind of content has.
        ink: one of `INKS`: whether the content is darker than its ground.
        mark: the one to crop to where several lie apart on the ground, line by line from 0; None: the largest.
    """
    taken = set(STEPS[framing.kind] if steps is None else steps) & set(STEPS[framing.kind])
    usual = "dark" if framing.ground >= 128 else "light"
    if (
        framing.kind != WHOLE
        and source.shape == shape.picture
        and ink in ("auto", usual)
        and _lies_well(source, framing)
    ):
        return Prepared(source, ("It already lies as the training images do",))
    work = _working(source, shape.colour)
    dark = ink == "dark" if ink != "auto" else _dark_on_light(work, framing)
    turned = framing.kind != WHOLE and dark != (framing.ground >= 128)
    did = [("Dark on light" if dark else "Light on dark") + ": inverted"] if turned else []
    if not taken:
        if source.shape == shape.picture:
            return Prepared(255 - source if turned else source, tuple(did))
        whole = _letterboxed(1.0 - work if turned else work, shape)
        return Prepared(_to_levels(whole, shape), tuple(did))
    return _prepared(work if dark else 1.0 - work, shape, framing, taken, mark, did)


def _prepared(
    paper: np.ndarray, shape: ImageShape, framing: Framing, taken: Collection[str], mark: int | None, did: list[str]
) -> Prepared:
    """`prepare` of a picture [h, w(, 3)] in floats whose ground is light.

    Args:
        did: what was done before, to which it adds.
    """
    even = even_ink(paper, framing.kind)
    if float(even.max()) < FAINT:
        empty = np.zeros(shape.picture, np.float32) + framing.ground / 255.0
        return Prepared(_to_levels(empty, shape), tuple(did), found=False)
    marks = find_marks(strongest_channel(even))
    mark = int(np.argmax([one.sum() for one in marks])) if mark is None else min(mark, len(marks) - 1)
    area = marks[mark]
    ink, box = even if "light" in taken else 1.0 - paper, None
    if "light" in taken:
        ink = full_contrast(ink, area)
        did.append("Light evened, full contrast" if framing.kind == STROKES else "Full contrast")
    if "crop" in taken:
        ink, box = _cropped(ink, area, clean="light" in taken)
        did.append("Cropped" + (f" to 1 of {len(marks)} marks" if len(marks) > 1 else ""))
    small, thicker = _scaled(ink, area, shape, framing, taken)
    did.extend(["Stroke made as thick as theirs"] if thicker else [])
    placed = _placed(small, shape, framing, "centre" in taken)
    if "crop" in taken:
        rows, columns = round(framing.box[0] * shape.height), round(framing.box[1] * shape.width)
        did.append(f"Scaled to a box of {rows} × {columns} pixels")
    if "centre" in taken:
        did.append("Centre of mass in the middle" if framing.by_mass else "Centred")
    if "light" in taken:
        placed = strongest_at_one(placed)
    levels = framing.ground + placed * (framing.ink - framing.ground)
    return Prepared(_to_levels(levels / 255.0, shape), tuple(did), box, len(marks), mark)


def _lies_well(source: np.ndarray, framing: Framing) -> bool:
    """Whether a picture of the set's own shape has its ground, full contrast, box and centre, within a pixel or so."""
    grey = grey_of(source)
    edge = border(grey)
    away = np.abs(grey - framing.ground)
    if np.mean(np.abs(edge - framing.ground) < 48) < 0.8 or away.max() < 0.8 * abs(framing.ink - framing.ground):
        return False
    content = away > 48
    sizes, places = [], []
    for axis, length in ((1, grey.shape[0]), (0, grey.shape[1])):
        first, last = (int(k[0]) for k in _span(content.any(axis)[None]))
        sizes.append((last - first) / length)
        centre = _centroid(away[None], axis + 1)[0] if framing.by_mass else (first + last) / 2
        places.append(float(centre) / length)
    places_of_set = zip(places, framing.centre, grey.shape, strict=True)
    near = [abs(place - wanted) * length < 1.0 for place, wanted, length in places_of_set]
    fill = max(size / full for size, full in zip(sizes, framing.box, strict=True))
    return all(near) and abs(fill - 1.0) * max(framing.box) * max(grey.shape) <= 1.5


def _working(source: np.ndarray, colour: bool) -> np.ndarray:
    """The picture as floats 0 to 1 in a size to work with, [h, w] or [h, w, 3]."""
    height, width = source.shape[:2]
    longer = max(height, width)
    factor = min(LONGEST / longer, max(1.0, float(-(-FINE // longer))))
    picture = Image.fromarray(source)
    picture = picture.convert("RGB" if colour else "L") if source.ndim == 3 or colour else picture
    if factor != 1.0:
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        picture = picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    return np.asarray(picture, np.float32) / np.float32(255)


def _dark_on_light(work: np.ndarray, framing: Framing) -> bool:
    """Whether the content of a picture in floats is darker than its ground: things by the border.

    Strokes: seen from the wrong side the ground is ink, which covers more of the picture, its border above all. Uneven
    light does not matter, since each side is compared with the light around it.
    """
    grey = grey_of(work)
    if framing.kind != STROKES:
        return float(np.median(border(grey))) >= 0.5
    covered = []
    for paper in (grey, 1.0 - grey):
        ink = even_ink(paper, STROKES)
        mask = ink > max(FAINT, 0.5 * float(np.quantile(ink, 0.995)))
        covered.append(float(mask.mean()) + 2.0 * float(border(mask).mean()))
    return covered[0] <= covered[1]


def _cropped(ink: np.ndarray, area: np.ndarray, clean: bool) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """The box of a mark, without what lies beside the mark if `clean`, and its edges as shares of the picture."""
    height, width = area.shape
    reach = max(1, round(0.012 * max(area.shape)))
    rows, columns = ndimage.find_objects(area.astype(np.int32))[0]
    if clean:
        near = ndimage.distance_transform_edt(~area) <= 2 * reach
        ink = ink * (near if ink.ndim == 2 else near[..., None])
    box = rows.start / height, columns.start / width, rows.stop / height, columns.stop / width
    return ink[rows, columns], box


def _scaled(
    ink: np.ndarray, area: np.ndarray, shape: ImageShape, framing: Framing, taken: Collection[str]
) -> tuple[np.ndarray, bool]:
    """Ink shrunk to the box of the set, or to the whole picture where it was not cropped; strokes as thick as the
    set's. Returns it and whether strokes were made thicker."""
    full = framing.box if "crop" in taken else (1.0, 1.0)
    height, width = ink.shape[:2]
    scale = min(full[0] * shape.height / height, full[1] * shape.width / width)
    thicker = False
    if "thickness" in taken:
        target = framing.thickness * max(framing.box[0] * shape.height, framing.box[1] * shape.width) / scale
        now = stroke_width(area)
        missing = (0.85 * target - now) / 2
        if now < 0.7 * target:  # within that, as strokes of the set differ too
            radius = min(missing, 0.06 * max(height, width))
            ink, thicker = dilated(ink, radius), True
            height, width = ink.shape[:2]
            scale = min(full[0] * shape.height / height, full[1] * shape.width / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return _resized(ink, size), thicker


def _resized(ink: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    channels = [ink] if ink.ndim == 2 else [ink[..., c] for c in range(ink.shape[2])]
    small = [
        np.asarray(Image.fromarray(np.ascontiguousarray(c, np.float32)).resize(size, Image.Resampling.BICUBIC))
        for c in channels
    ]
    return np.asarray(np.clip(small[0] if ink.ndim == 2 else np.stack(small, 2), 0.0, 1.0))


def _placed(small: np.ndarray, shape: ImageShape, framing: Framing, centred: bool) -> np.ndarray:
    """Ink [h, w(, 3)] on an empty picture [H, W(, 3)]: its centre where the set has it, or its box in the middle.

    Moved by whole pixels, and less far where a part would leave the picture, as in MNIST.
    """
    height, width = small.shape[:2]
    single, starts = strongest_channel(small), []
    for axis, length, size, wanted in (
        (1, shape.height, height, framing.centre[0]),
        (0, shape.width, width, framing.centre[1]),
    ):
        along, middle = single.sum(axis), size / 2
        if centred and framing.by_mass and along.sum() > 0:
            middle = float(along @ (np.arange(size) + 0.5) / along.sum())
        start = round((wanted if centred else 0.5) * length - middle)
        starts.append(min(max(start, 0), length - size))
    canvas = np.zeros(shape.picture, np.float32)
    canvas[starts[0] : starts[0] + height, starts[1] : starts[1] + width] = small
    return canvas


def _letterboxed(work: np.ndarray, shape: ImageShape) -> np.ndarray:
    """The whole picture in the middle of strips of its border's median colour, floats 0 to 1."""
    height, width = work.shape[:2]
    scale = min(shape.height / height, shape.width / width)
    small = _resized(work, (max(1, round(width * scale)), max(1, round(height * scale))))
    canvas = np.empty(shape.picture, np.float32)
    canvas[:] = np.median(border(small), axis=0)
    top, left = (shape.height - small.shape[0]) // 2, (shape.width - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def _enlarged(picture: np.ndarray, factor: int) -> np.ndarray:
    return np.asarray(ndimage.zoom(picture, factor, order=1))


def _to_levels(values: np.ndarray, shape: ImageShape) -> np.ndarray:
    """Floats 0 to 1 as a picture of the shape, uint8."""
    levels = np.rint(np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8)
    return levels if levels.shape == shape.picture else np.repeat(levels[..., None], 3, axis=2)

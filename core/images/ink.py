"""Ink of a picture: what lies on its ground, how strong it is, which marks it forms and how thick its strokes are.

Ink is a float [h, w] or [h, w, 3], 0 on the ground and 1 at its strongest.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from core.images.framing import STROKES
from core.images.levels import LUMINANCE, border

FAINT = 0.08
"""Least contrast of a stroke, as a share of the ground's light."""

CLOSE = 0.1
"""Parts nearer to each other than this share of the largest part's longer side, on both sides, are one mark."""

MARKS = 12
"""Marks that can be chosen from, at most."""


def grey_of(pictures: np.ndarray) -> np.ndarray:
    """Luminance of pictures [.., h, w] or [.., h, w, 3], floats on their scale."""
    return pictures @ LUMINANCE if pictures.shape[-1] == 3 else pictures.astype(np.float32)


def strongest_channel(ink: np.ndarray) -> np.ndarray:
    """Ink [h, w] of a picture: that of the channel with the most."""
    return ink if ink.ndim == 2 else ink.max(2)


def even_ink(paper: np.ndarray, kind: str) -> np.ndarray:
    """Ink on a light ground: 1 − picture / light of the ground, in [0, 1].

    For strokes that light is found everywhere by a closing (strokes, narrower than a third of the picture, vanish); for
    things it is that of the border.
    """
    if kind != STROKES:
        ground = np.median(border(paper), axis=0)
        return np.asarray(np.clip(np.abs(ground - paper) / np.maximum(ground, 0.25), 0.0, 1.0))
    lights = np.stack([_light(grey_of(paper))] * 3, 2) if paper.ndim == 3 else _light(paper)
    return np.asarray(np.clip(1.0 - paper / lights, 0.0, 1.0))


def _light(paper: np.ndarray) -> np.ndarray:
    """Light of the ground behind dark strokes, [h, w], from a copy of about 128 pixels."""
    step = max(1, round(max(paper.shape) / 128))
    rows, columns = (-(-length // step) for length in paper.shape)
    small = np.asarray(Image.fromarray(paper).resize((columns, rows), Image.Resampling.BOX))
    width = 2 * round(0.16 * max(small.shape)) + 1
    smooth = ndimage.gaussian_filter(small, 1.0, mode="nearest")
    light = ndimage.gaussian_filter(ndimage.grey_closing(smooth, (width, width), mode="nearest"), 1.0)
    light = np.asarray(Image.fromarray(light).resize(paper.shape[::-1], Image.Resampling.BICUBIC))
    return np.asarray(np.maximum(light, 0.05))


def _otsu(values: np.ndarray) -> float:
    """Threshold that parts values in [0, 1] with the least variance within the two parts (Otsu 1979)."""
    counts, edges = np.histogram(values, 128, (0.0, 1.0))
    middles = (edges[:-1] + edges[1:]) / 2
    below, first = np.cumsum(counts), np.cumsum(counts * middles)
    above, second = below[-1] - below, first[-1] - first
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (first / below - second / above) ** 2
    return float(edges[1:][int(np.nanargmax(np.where(np.isnan(between), -1.0, between)))])


def find_marks(ink: np.ndarray) -> list[np.ndarray]:
    """Marks that lie apart on the ground, line by line: a mask [h, w] of each; at least one.

    Specks are none, nor is what comes in from the edge (of the sheet, a shadow) where there is something else.
    """
    longer = max(ink.shape)
    smooth = ndimage.gaussian_filter(ink, 0.008 * longer)
    mask = smooth > max(_otsu(smooth), 0.6 * FAINT)
    parts, count = ndimage.label(mask, np.ones((3, 3)))
    if not count:
        return [np.ones(ink.shape, bool)]
    areas = np.bincount(parts.ravel())[1:]
    edge = np.isin(np.arange(1, count + 1), border(parts))
    inside = areas * ~edge
    if inside.max() >= 0.1 * areas.max():
        areas = inside
    keep = areas >= 0.02 * areas.max()
    mask = np.concatenate([[False], keep])[parts]
    main = ndimage.find_objects((parts == int(areas.argmax()) + 1).astype(np.int32))[0]
    reach = max(1, round(CLOSE * max(part.stop - part.start for part in main)))
    grown = ndimage.distance_transform_edt(~mask) <= reach
    groups, count = ndimage.label(grown)
    sizes = np.bincount(groups[mask], minlength=count + 1)[1:]
    order = [int(k) for k in np.argsort(-sizes, kind="stable") if sizes[k] >= 0.15 * sizes.max()]
    return _in_lines([mask & (groups == k + 1) for k in order[:MARKS]])


def _in_lines(marks: list[np.ndarray]) -> list[np.ndarray]:
    """Marks as they are read: a mark whose middle lies above the bottom of a line's first mark belongs to that line."""
    boxes = [ndimage.find_objects(mark.astype(np.int32))[0] for mark in marks]
    left = sorted(range(len(marks)), key=lambda k: boxes[k][0].start)
    lines: list[list[int]] = []
    for k in left:
        rows = boxes[k][0]
        if not lines or (rows.start + rows.stop) / 2 > boxes[lines[-1][0]][0].stop:
            lines.append([])
        lines[-1].append(k)
    return [marks[k] for line in lines for k in sorted(line, key=lambda k: boxes[k][1].start)]


def full_contrast(ink: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Ink whose ground is 0 and whose strokes reach 1: from above the noise of the ground to the usual stroke."""
    single = strongest_channel(ink)
    ground = single[~ndimage.binary_dilation(area, iterations=max(1, round(0.01 * max(area.shape))))]
    low = float(np.median(ground) + 3.0 * np.median(np.abs(ground - np.median(ground)))) if ground.size else 0.0
    high = float(np.quantile(single[area], 0.75)) if area.any() else 1.0
    low = min(low, 0.6 * high)
    return np.asarray(np.clip((ink - low) / max(1e-3, high - low), 0.0, 1.0))


def stroke_width(area: np.ndarray) -> float:
    """Mean width of the strokes in a mask, in pixels: four times the mean distance to their edge."""
    if not area.any():
        return 0.0
    return 4.0 * (float(ndimage.distance_transform_edt(np.pad(area, 1))[1:-1, 1:-1][area].mean()) - 0.5)


def dilated(ink: np.ndarray, radius: float) -> np.ndarray:
    """Ink grown by a disc, with as much more room on each side."""
    reach = int(np.ceil(radius))
    away = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1])
    disc = away <= radius + 0.25
    pad = [(reach, reach), (reach, reach)] + [(0, 0)] * (ink.ndim - 2)
    padded = np.pad(ink, pad)
    grown: np.ndarray = ndimage.grey_dilation(
        padded, footprint=disc if ink.ndim == 2 else disc[..., None], mode="nearest"
    )
    return grown


def strongest_at_one(ink: np.ndarray) -> np.ndarray:
    """Ink whose strokes reach 1 again: thin ones have become fainter in shrinking."""
    strong = ink[ink > 0.5 * ink.max()] if ink.max() > 0 else ink
    peak = float(np.quantile(strong, 0.8)) if strong.size else 1.0
    return np.asarray(np.clip(ink / max(peak, 0.2), 0.0, 1.0))

"""Export of an embedding: a CSV table and a picture with a legend."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.data import ImageSet
from core.embedding import inputs
from core.images import class_colors

MAP_SIDE, OVERSAMPLING = 1_200, 2
"""Height and width of the map in the picture, in pixels; factor by which it is drawn larger first, for smooth dots."""

MAX_LEGEND = 20
"""Classes in the legend, at most."""

GROUND, INK = "#0B0D0F", "#E6E4DF"


def table(images: ImageSet, ids: np.ndarray, y: np.ndarray) -> str:
    """CSV text with the columns `index` (from 0 within its part), `part` (test or train), `class` or nothing, `x`,
    `y`."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["index", "part", "class", "x", "y"])
    for number, label, (x0, x1) in zip(ids, inputs.labels(images, ids), y, strict=True):
        part, index = inputs.split_and_index(images, number)
        rows.writerow([index, part, images.classes[label] if label >= 0 else "", f"{x0:.6g}", f"{x1:.6g}"])
    return text.getvalue()


def picture(y: np.ndarray, labels: np.ndarray, classes: Sequence[str], title: str) -> np.ndarray:
    """The map y [n, 2] with title and legend: `uint8` [H, W, 3], equal scale on both axes, later points on top."""
    side, edge = MAP_SIDE * OVERSAMPLING, 24 * OVERSAMPLING
    y = np.asarray(y, np.float64)
    low, high = y.min(0), y.max(0)
    span = float(max(high - low)) or 1.0
    positions = edge + ((y - (low + high) / 2) / span + 0.5) * (side - 2 * edge)
    radius = float(np.clip(110 / np.sqrt(len(y)), 2.0, 7.0)) * OVERSAMPLING
    canvas = Image.new("RGB", (side, side), GROUND)
    draw = ImageDraw.Draw(canvas)
    for (a, b), label in zip(positions, labels, strict=True):
        b = side - b  # the second axis points upwards
        draw.ellipse((a - radius, b - radius, a + radius, b + radius), fill=class_colors.of_class(int(label)))
    shown = [k for k in range(min(len(classes), MAX_LEGEND)) if (labels == k).any()]
    return np.concatenate(
        [
            np.asarray(_head(title)),
            np.asarray(canvas.resize((MAP_SIDE, MAP_SIDE), Image.Resampling.LANCZOS)),
            np.asarray(_key(shown, classes)),
        ]
    )


def _head(title: str) -> Image.Image:
    strip = Image.new("RGB", (MAP_SIDE, 56), GROUND)
    ImageDraw.Draw(strip).text((24, 18), _printable(title), INK, ImageFont.load_default(22))
    return strip


def _key(shown: Sequence[int], classes: Sequence[str]) -> Image.Image:
    columns, line, font = 5, 34, ImageFont.load_default(20)
    strip = Image.new("RGB", (MAP_SIDE, 20 + line * -(-max(1, len(shown)) // columns)), GROUND)
    draw = ImageDraw.Draw(strip)
    for place, k in enumerate(shown):
        a, b = 24 + (place % columns) * (MAP_SIDE - 48) // columns, 8 + line * (place // columns)
        draw.ellipse((a, b + 4, a + 16, b + 20), fill=class_colors.of_class(k))
        draw.text((a + 26, b), _printable(classes[k])[:18], INK, font)
    return strip


def _printable(text: str) -> str:
    """Text in the characters of the built-in font, with ? for all others."""
    return text.replace("·", "-").encode("latin-1", "replace").decode("latin-1")

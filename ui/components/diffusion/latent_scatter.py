"""Small planes beside each other: points of one sampler each over the density of the training latents."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.evaluation.holes import LatentDensity
from ui.components.base import pack_numbers, register

_mount = register(
    __file__,
    "latent_scatter",
    '<figure class="lab scatter"></figure>',
    also=("../shared/axes", "../shared/plot", "latent_density"),
)


@dataclass(frozen=True, eq=False)
class Scatter:
    """One plane: its name, points float32 [n, 2], a short text below it, and the colour of the points."""

    name: str
    points: np.ndarray
    note: str
    colour: str


def latent_scatter(
    *,
    key: str,
    planes: Sequence[Scatter],
    density: LatentDensity,
    window: tuple[float, float, float, float],
    latent: str,
    most: int = 340,
) -> None:
    """Show small planes beside each other.

    For tests: each canvas's `data-points` is the number of its points.

    Args:
        window: left, bottom, right and top of the square that is shown. latent: colour of the density.
        most: CSS pixels along a side, at most.
    """
    state = hashlib.blake2b(repr((window, latent, most)).encode(), digest_size=8)
    for plane in planes:
        state.update(repr((plane.name, plane.note, plane.colour)).encode() + plane.points.tobytes())
    _mount(
        key=key,
        data={
            "id": state.hexdigest(),
            "window": [float(edge) for edge in window],
            "density": density_message(density),
            "latent": latent,
            "most": most,
            "planes": [
                {
                    "name": plane.name,
                    "note": plane.note,
                    "colour": plane.colour,
                    "n": len(plane.points),
                    "points": pack_numbers(plane.points, np.float32),
                }
                for plane in planes
            ],
        },
    )


def density_message(density: LatentDensity) -> dict[str, Any]:
    """A density as messages carry it: opacity of each cell, rows upwards, and the edges of the holes in cells."""
    # The square root: narrow heaps would leave the rest of the latents too pale to be seen.
    values = np.round(255 * np.sqrt(np.clip(density.values, 0, 1))).astype(np.uint8)
    return {
        "cells": len(values),
        "values": pack_numbers(values, np.uint8),
        "low": [float(v) for v in density.low],
        "high": [float(v) for v in density.high],
        "edges": edges_of(density.values >= density.threshold),
    }


def edges_of(inside: np.ndarray) -> list[int]:
    """Edges between cells inside and outside a region [rows, columns], as x1, y1, x2, y2 in cells, one after another.

    Neighbouring edges of one line are joined.
    """
    padded = np.pad(inside, 1)
    found: list[int] = []
    for row, column in zip(*np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1]), strict=True):  # horizontal edges
        if len(found) >= 4 and found[-1] == row == found[-3] and found[-2] == column:
            found[-2] = int(column) + 1
        else:
            found += [int(column), int(row), int(column) + 1, int(row)]
    upright: list[int] = []
    for column, row in zip(*np.nonzero((padded[1:-1, 1:] != padded[1:-1, :-1]).T), strict=True):
        if len(upright) >= 4 and upright[-2] == column == upright[-4] and upright[-1] == row:
            upright[-1] = int(row) + 1
        else:
            upright += [int(column), int(row), int(column), int(row) + 1]
    return found + upright

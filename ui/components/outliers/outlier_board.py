"""Histograms of outlier scores, one for each kind of image, with a common threshold and the images of each bar."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from ui.components.base import MESSAGE_BYTES, message_shape, pack, register, shape_of

SHOWN = 120
"""Images of a row that are sent to the browser, spread over its scores."""

LOW, HIGH, STEP = 50.0, 99.5, 0.5
"""Range and step of the threshold, in per cent of the validation images."""

MIDDLE = 0.99
"""Share of the scores of a row that an axis holds which is about this row: a few extreme images would squeeze it."""

ROOM = 0.25
"""Share of an axis that these few may take at either end, as a part of the rest."""

_mount = register(
    __file__,
    "outlier_board",
    """
<figure class="lab outlier-board"><div class="board">
  <div class="chart">
    <div class="head">
      <span class="what"></span><span class="number">flagged</span><span class="number">AUROC</span>
    </div>
    <div class="rows"></div>
    <canvas class="axis" aria-hidden="true"></canvas>
    <p class="unit"></p>
    <label class="line"><span></span><input type="range"><b class="number"></b></label>
  </div>
  <div class="preview"><p class="title number"></p><div class="pairs"></div>
    <p class="legend">Left the image, right its reconstruction.</p></div>
</div></figure>
""",
    also=("../shared/axes", "../shared/plot"),
)


@dataclass(frozen=True)
class Row:
    """One histogram.

    Attributes:
        name: what the images are. colour, pattern: fill of its bars; patterns are `solid`, `lines`, `rising`,
            `falling`, `cross`, `dots` and `hollow`.
        scores: [n]. images, copies: the images and their reconstructions, `uint8` [n, H, W(, 3)].
        auroc, interval: against the test images, and its 95 % confidence interval; NaN for none.
    """

    key: str
    name: str
    colour: str
    pattern: str
    scores: np.ndarray
    images: np.ndarray
    copies: np.ndarray
    auroc: float
    interval: tuple[float, float] = (math.nan, math.nan)


def outlier_board(
    *,
    key: str,
    rows: Sequence[Row],
    validation: np.ndarray,
    quantile: float,
    title: str,
    unit: str,
    on_quantile: Callable[[float], None],
    muted: str,
    about: Collection[str] = (),
) -> bool:
    """Show the histograms. Hovering and dragging the threshold send nothing; its release sends the new quantile.

    For tests: each row's canvas has `data-flagged`, the share above the threshold, and `data-beyond`, the number of
    images beyond the axis; the figure has `data-line`, the threshold.

    Args:
        validation: scores that the threshold is a quantile of. quantile: in per cent.
        title: what is measured. unit: of a score.
        on_quantile: called with the new quantile, in per cent.
        about: keys of the rows whose scores the axis has to resolve; images of other rows may lie beyond it. By default
            the axis holds all images.
    Returns:
        whether images lie beyond the axis.
    """
    values = np.concatenate([row.scores for row in rows])
    low, high = axis_range(rows, about)
    log = low > 0 and high > 15 * low
    packed, tiles = zip(*(_packed(row, shown_for(rows)) for row in rows), strict=True)
    sheet = np.concatenate([part for parts in tiles for part in parts])

    def moved() -> None:
        value = (st.session_state.get(key) or {}).get("quantile")
        if isinstance(value, (int, float)) and not isinstance(value, bool) and LOW <= value <= HIGH:
            on_quantile(float(value))

    _mount(
        key=key,
        on_quantile_change=moved,
        data={
            "id": hashlib.blake2b(
                sheet.tobytes() + values.tobytes() + repr((low, high)).encode(), digest_size=8
            ).hexdigest(),
            "shape": message_shape(shape_of(sheet)),
            "rows": list(packed),
            "tiles": pack(sheet),
            "validation": _six(np.sort(validation)),
            "quantile": quantile,
            "title": title,
            "unit": unit,
            "log": log,
            "low": low,
            "high": high,
            "span": [LOW, HIGH, STEP],
            "muted": muted,
        },
    )
    lowest, highest = _six(np.array([values.min(), values.max()]))  # rounded as the ends of the axis are
    return low > lowest or high < highest


def axis_range(rows: Sequence[Row], about: Collection[str]) -> tuple[float, float]:
    """The ends of the axis: of all scores of the rows that it is about, by default of all rows; without those beyond
    the middle `MIDDLE` of each row at an end where they would take more than `ROOM` of it."""
    wanted = [row.scores for row in rows if row.key in about]
    scores = wanted or [row.scores for row in rows]
    low, high = min(row.min() for row in scores), max(row.max() for row in scores)
    if wanted:
        rest = (1.0 - MIDDLE) / 2
        ends = np.array([np.quantile(row, [rest, 1.0 - rest]) for row in wanted])
        inner_low, inner_high = ends[:, 0].min(), ends[:, 1].max()
        room = ROOM * (inner_high - inner_low)
        low = inner_low if inner_low - low > room else low
        high = inner_high if high - inner_high > room else high
    first, last = _six(np.array([low, high]))
    return first, last


def shown_for(rows: Sequence[Row]) -> int:
    """Images of each row that are shown on hovering, each with its reconstruction: as many as one message holds."""
    return max(2, min(SHOWN, MESSAGE_BYTES // (2 * len(rows) * shape_of(rows[0].images).values)))


def _packed(row: Row, shown: int) -> tuple[dict[str, Any], tuple[np.ndarray, np.ndarray]]:
    """A row's part of the message, and the images and reconstructions that are shown on hovering."""
    order = np.argsort(row.scores, kind="stable")
    picks = order[np.linspace(0, len(order) - 1, min(len(order), shown)).astype(int)]
    message = {
        "key": row.key,
        "name": row.name,
        "colour": row.colour,
        "pattern": row.pattern,
        "scores": _six(row.scores[order]),
        "seen": _six(row.scores[picks]),
        "auroc": "" if math.isnan(row.auroc) else f"{row.auroc:.2f}",
        "interval": "" if math.isnan(row.interval[0]) else "{:.2f}–{:.2f}".format(*row.interval),
    }
    return message, (row.images[picks], row.copies[picks])


def _six(values: np.ndarray) -> list[float]:
    """Numbers rounded to six significant digits, enough for every histogram and every count."""
    return [float(f"{v:.6g}") for v in values]

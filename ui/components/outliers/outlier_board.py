"""Histograms of outlier scores, one for each kind of image, with a common threshold and the images of each bar."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from ui.components.base import message_shape, pack, register, shape_of

SHOWN = 120
"""Images of a row that are sent to the browser, spread over its scores."""

LOW, HIGH, STEP = 50.0, 99.5, 0.5
"""Range and step of the threshold, in per cent of the validation images."""

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
) -> None:
    """Show the histograms. Hovering and dragging the threshold send nothing; its release sends the new quantile.

    For tests: each row's canvas has `data-flagged`, the share above the threshold, and the figure `data-line`, the
    threshold.

    Args:
        validation: scores that the threshold is a quantile of. quantile: in per cent.
        title: what is measured. unit: of a score.
        on_quantile: called with the new quantile, in per cent.
    """
    values = np.concatenate([row.scores for row in rows])
    low, high = float(values.min()), float(values.max())
    log = low > 0 and high > 15 * low
    packed, tiles = zip(*(_packed(row) for row in rows), strict=True)
    sheet = np.concatenate([part for parts in tiles for part in parts])

    def moved() -> None:
        value = (st.session_state.get(key) or {}).get("quantile")
        if isinstance(value, (int, float)) and not isinstance(value, bool) and LOW <= value <= HIGH:
            on_quantile(float(value))

    _mount(
        key=key,
        on_quantile_change=moved,
        data={
            "id": hashlib.blake2b(sheet.tobytes() + values.tobytes(), digest_size=8).hexdigest(),
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


def _packed(row: Row) -> tuple[dict[str, Any], tuple[np.ndarray, np.ndarray]]:
    """A row's part of the message, and the images and reconstructions that are shown on hovering."""
    order = np.argsort(row.scores, kind="stable")
    picks = order[np.linspace(0, len(order) - 1, min(len(order), SHOWN)).astype(int)]
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

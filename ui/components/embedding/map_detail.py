"""Details of the points selected on a map: images, reconstructions, neighbours, means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from core.images import class_colors
from core.images.shape import GREY_28, ImageShape
from ui.components.base import message_shape, pack_numbers, register

_mount = register(
    __file__,
    "map_detail",
    """
<div class="lab map-detail">
  <p class="hint"><span class="mouse">Click</span><span class="touch">Tap</span> a point for its reconstruction and its
    nearest images, or draw a lasso around many points.</p>
  <div class="picked inner" hidden><div class="pairs"></div><div class="rows"></div></div>
  <div class="many inner" hidden>
    <div><p class="count"></p><div class="pairs"></div></div>
    <div class="bars" role="group" aria-label="Classes selected"></div>
  </div>
  <div class="acts">
    <button type="button" class="interpolate" disabled
      title="Opens Interpolate with these two images">Interpolate between these two</button>
    <button type="button" class="generate" disabled
      title="Opens Generate at the mean of the selected latents">Generate around here</button>
    <button type="button" class="clear" title="Select nothing (Escape)" hidden>Clear</button>
  </div>
</div>
""",
    also=("map_pool", "map_geometry"),
)

MOST = 20_000
"""Points in one message of the browser; further ones are ignored."""


def map_detail(
    *,
    key: str,
    pool: str,
    shape: ImageShape = GREY_28,
    run: str,
    labels: np.ndarray,
    classes: Sequence[str],
    leads: bool,
    wide: bool,
    rows: Sequence[str],
    answer: dict[str, Any] | None,
    on_go: Callable[[str, list[int]], None],
) -> None:
    """Show the points selected on `map_view` of the same pool, and request their reconstructions and neighbours.

    Args:
        shape: of the images that the model returns.
        run: changes whenever an answer would. leads: whether there is a model to decode and interpolate with.
        rows: titles of the rows of neighbours, so that their places are kept while the answer is on its way.
        wide: whether the component has the whole width of the page.
        answer: to the request that `requested_selection` returned: {"token", "reconstructions": base64, "errors",
            "mean", "rows": [{"title", "points", "mark": solid, dashed or None, "agree"}]}.
        on_go: called with `interpolate` and two points, or `generate` and one or more.
    """

    def gone() -> None:
        value = (st.session_state.get(key) or {}).get("go")
        points = valid_points(value.get("points"), len(labels)) if isinstance(value, dict) else []
        to = value.get("to") if isinstance(value, dict) else None
        if leads and ((to == "interpolate" and len(points) == 2) or (to == "generate" and points)):
            on_go(to, points)

    _mount(
        key=key,
        on_ask_change=_nothing,
        on_go_change=gone,
        data={
            "pool": pool,
            "shape": message_shape(shape),
            "run": run,
            "labels": pack_numbers(labels, np.int16),
            "classes": list(classes),
            "leads": leads,
            "wide": wide,
            "colours": list(class_colors.CLASSES),
            "rows": list(rows),
            "answer": answer,
        },
    )


def requested_selection(key: str, n: int) -> tuple[str, list[int], list[int]] | None:
    """The request in the message that started this run: (token, clicked points, points in the lasso), or None. Points
    that do not exist are left out: they come from a browser."""
    value = (st.session_state.get(key) or {}).get("ask")
    if not isinstance(value, dict) or not isinstance(value.get("token"), str):
        return None
    return value["token"][:2_000], valid_points(value.get("picks"), n)[:2], valid_points(value.get("lasso"), n)


def valid_points(value: Any, n: int) -> list[int]:
    """The entries of a browser's list that are indices of n points."""
    if not isinstance(value, list):
        return []
    return [k for k in value[:MOST] if isinstance(k, int) and not isinstance(k, bool) and 0 <= k < n]


def _nothing() -> None:
    """Streamlit sends only those messages of a component that have a callback."""

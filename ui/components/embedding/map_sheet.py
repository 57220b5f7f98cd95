"""The images of a map, sent part by part, when the browser requests them, and kept there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from ui.components.base import MESSAGE_BYTES, message_shape, pack, pack_numbers, reduced, register, shape_of

_mount = register(__file__, "map_sheet", """<div class="map-sheet"></div>""", also=("map_pool",))

MOST_BYTES = 32_000_000
"""Pixels of all images; larger sets are sent with fewer pixels an image."""


def map_sheet(*, key: str, pool: str, ids: np.ndarray, tests: int, images: Callable[[], np.ndarray]) -> None:
    """Send the images, which `map_view` and `map_detail` of the same pool show: as many at once as a message holds.

    Args:
        pool: name of this set of images in this order.
        ids: the number of each image, int [n]; below `tests` it is a test image, else (less `tests`) a training image.
        images: called for `uint8` [n, H, W(, 3)] when the browser requests them.
    """
    first, pictures = _requested(key, pool, len(ids)), None
    if first is not None:
        whole = images()
        values = reduced(whole[:1], MOST_BYTES, len(whole)).size
        part = slice(first, first + max(1, MESSAGE_BYTES // values))
        pictures = reduced(whole[part], MOST_BYTES, len(whole))
    _mount(
        key=key,
        on_want_change=_nothing,
        data={
            "pool": pool,
            "tests": int(tests),
            "first": first or 0,
            "count": len(ids),
            "ids": None if pictures is None else pack_numbers(ids[part], np.int32),
            "shape": None if pictures is None else message_shape(shape_of(pictures)),
            "tiles": None if pictures is None else pack(pictures),
        },
    )


def _requested(key: str, pool: str, count: int) -> int | None:
    """The place of the first image of the part in the request that started this run, or None without one."""
    want = (st.session_state.get(key) or {}).get("want")
    first = want.get("first") if isinstance(want, dict) and want.get("pool") == pool else None
    return first if isinstance(first, int) and 0 <= first < count else None


def _nothing() -> None:
    """Streamlit sends only those messages of a component that have a callback."""

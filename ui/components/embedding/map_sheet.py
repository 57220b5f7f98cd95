"""The images of a map, sent once, when the browser requests them, and kept there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from ui.components.base import message_shape, pack, pack_numbers, reduced, register, shape_of

_mount = register(__file__, "map_sheet", """<div class="map-sheet"></div>""", also=("map_pool",))

MOST_BYTES = 32_000_000
"""Pixels of all images; larger sets are sent with fewer pixels an image."""


def map_sheet(*, key: str, pool: str, ids: np.ndarray, tests: int, images: Callable[[], np.ndarray]) -> None:
    """Send the images, which `map_view` and `map_detail` of the same pool show.

    Args:
        pool: name of this set of images in this order.
        ids: the number of each image, int [n]; below `tests` it is a test image, else (less `tests`) a training image.
        images: called for `uint8` [n, H, W(, 3)] when the browser requests them.
    """
    wanted = (st.session_state.get(key) or {}).get("want") == pool
    pictures = reduced(images(), MOST_BYTES) if wanted else None
    _mount(
        key=key,
        on_want_change=_nothing,
        data={
            "pool": pool,
            "tests": int(tests),
            "ids": None if pictures is None else pack_numbers(ids, np.int32),
            "shape": None if pictures is None else message_shape(shape_of(pictures)),
            "tiles": None if pictures is None else pack(pictures),
        },
    )


def _nothing() -> None:
    """Streamlit sends only those messages of a component that have a callback."""

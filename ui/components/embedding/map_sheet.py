"""The pictures of a map's images: sent once, when the browser says that it lacks them, and kept there."""

from __future__ import annotations

import base64
from collections.abc import Callable

import numpy as np
import streamlit as st

from ui.components.base import pack, register

_mount = register(__file__, "map_sheet", """<div class="map-sheet"></div>""", also=("map_common",))


def map_sheet(*, key: str, pool: str, ids: np.ndarray, tests: int, images: Callable[[], np.ndarray]) -> None:
    """Nothing to see: `map_view` and `map_detail` of the same pool show the pictures.

    Args:
        pool: names this set of images in this order.
        ids: the number of each image, int [n]; below `tests` it is a test image, else (less `tests`) a training image.
        images: called for `uint8` [n, 28, 28] when they are wanted.
    """
    wanted = (st.session_state.get(key) or {}).get("want") == pool
    numbers = base64.b64encode(np.ascontiguousarray(ids, np.int32)).decode("ascii")
    _mount(
        key=key,
        on_want_change=_nothing,
        data={
            "pool": pool,
            "tests": int(tests),
            "ids": numbers if wanted else None,
            "tiles": pack(images()) if wanted else None,
        },
    )


def _nothing() -> None:
    """Streamlit reports only those messages of a component that have a callback."""

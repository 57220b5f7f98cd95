"""Thumbnails to click: a page of images of which the reader picks one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from ui.components.base import pack, register

_mount = register(__file__, "gallery", """<div class="lab gallery" role="group"></div>""")


def gallery(images: np.ndarray, labels: Sequence[str], key: str, *, name: str, on_pick=None) -> int | None:
    """Shows thumbnails as buttons and returns the position of the one just clicked, once; else None.

    Args:
        images: `uint8` [N, 28, 28]; a few dozen, they travel with each change.
        labels: what each picture is, for screen readers and as tooltip, N texts.
        name: what the group holds, for screen readers.
        on_pick: called with the position before the script runs again.
    """

    def picked() -> None:
        value = (st.session_state.get(key) or {}).get("pick")
        if on_pick and isinstance(value, int) and 0 <= value < len(images):
            on_pick(value)

    result = _mount(key=key, on_pick_change=picked, data={"tiles": pack(images), "labels": list(labels), "name": name})
    return result.pick if isinstance(result.pick, int) and 0 <= result.pick < len(images) else None

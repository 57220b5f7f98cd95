"""Thumbnails as buttons: a page of images of which the visitor picks one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from ui.components.base import message_shape, pack, register, shape_of

_mount = register(__file__, "gallery", """<div class="lab gallery" role="group"></div>""")


def gallery(images: np.ndarray, labels: Sequence[str], key: str, *, name: str, on_pick=None) -> int | None:
    """Show thumbnails as buttons and return the position of the one just clicked, once; else None.

    Args:
        images: `uint8` [N, H, W(, 3)]; a few dozen, they are sent with each change.
        labels: what each image is, for screen readers and as tooltip, N texts.
        name: what the group holds, for screen readers.
        on_pick: called with the position before the script runs again.
    """

    def picked() -> None:
        value = (st.session_state.get(key) or {}).get("pick")
        if on_pick and isinstance(value, int) and 0 <= value < len(images):
            on_pick(value)

    result = _mount(
        key=key,
        on_pick_change=picked,
        data={
            "shape": message_shape(shape_of(images)),
            "tiles": pack(images),
            "labels": list(labels),
            "name": name,
        },
    )
    return result.pick if isinstance(result.pick, int) and 0 <= result.pick < len(images) else None

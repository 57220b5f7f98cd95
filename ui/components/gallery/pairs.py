"""Images beside their reconstructions as buttons, each pair with a short text and a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from ui.components.base import message_shape, pack, register, shape_of

_mount = register(__file__, "pairs", """<div class="lab pairs" role="group"></div>""")


def pairs(
    images: np.ndarray,
    copies: np.ndarray,
    notes: Sequence[tuple[str, str, bool]],
    key: str,
    *,
    name: str,
    chosen: int,
    on_pick: Callable[[int], None],
) -> None:
    """Show a button for each image with its reconstruction.

    Args:
        images, copies: `uint8` [N, H, W(, 3)]; a few dozen, they are sent with each change.
        notes: for each pair its text, its number, and whether it is flagged.
        name: what the group holds, for screen readers. chosen: the position of the pressed button.
        on_pick: called with a position before the script runs again.
    """

    def picked() -> None:
        value = (st.session_state.get(key) or {}).get("pick")
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(images):
            on_pick(value)

    _mount(
        key=key,
        on_pick_change=picked,
        data={
            "shape": message_shape(shape_of(images)),
            "tiles": pack(np.concatenate([images, copies])),
            "notes": [list(note) for note in notes],
            "name": name,
            "chosen": chosen,
        },
    )

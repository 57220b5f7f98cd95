"""Images beside their reconstructions, each with a few words, to click."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from ui.components.base import pack, register

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
    """A button for each image with its copy.

    Args:
        images, copies: `uint8` [N, 28, 28]; a few dozen, they travel with each change.
        notes: what it is, its number, and whether it is to be marked, N of them.
        name: what the group holds, for screen readers. chosen: the position that is pressed.
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
            "tiles": pack(np.concatenate([images, copies])),
            "notes": [list(note) for note in notes],
            "name": name,
            "chosen": chosen,
        },
    )

"""The grid of codes of an image, and the codebook as pictures: a click chooses another code for a cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from core.images.shape import ImageShape
from ui.components.base import MESSAGE_BYTES, message_shape, pack, reduced, register, shape_of

_mount = register(
    __file__,
    "code_grid",
    """
<div class="lab code-grid">
  <div class="inner">
    <div class="picture">
      <div class="frame" tabindex="0" role="application">
        <canvas class="main" role="img" aria-label="The decoded image"></canvas><canvas class="over"></canvas>
      </div>
      <p class="number here" aria-live="polite"></p>
      <figure class="original" hidden><canvas role="img"></canvas><figcaption></figcaption></figure>
    </div>
    <div class="book">
      <p class="title"></p>
      <div class="tiles" tabindex="0" role="application">
        <canvas class="all"></canvas><canvas class="marks"></canvas>
      </div>
      <p class="number under"></p>
    </div>
  </div>
</div>
""",
)


def code_grid(
    *,
    key: str,
    run: str,
    stamp: int,
    seq: int,
    codes: np.ndarray,
    picture: np.ndarray,
    book: np.ndarray,
    order: Sequence[int],
    shares: Sequence[float],
    on_change: Callable[[dict[str, Any]], None],
    original: np.ndarray | None = None,
    note: str = "",
    parameter: str = "",
    kept: bool = False,
) -> None:
    """Show a decoded picture with the grid of its codes, and the codebook beside it.

    A click or the arrow keys choose a cell, a click in the codebook (or Enter there) the code that it gets.

    Args:
        run: name of the model, which changes with its weights. stamp: a new one sets the browser's codes. seq: of the
            newest message that the codes follow.
        codes: int [rows, columns], each from 0 to K − 1. picture: what they are decoded into, uint8 [H, W(, 3)].
        book: a picture of each code, uint8 [K, h, w(, 3)]. order: all codes in the order in which they are shown.
        shares: how often training images use each code, [K], with sum 1.
        on_change: receives {"seq": int, "codes": a number per cell, "cell": the one changed}. Not checked: it comes
            from a browser.
        original: the encoded image, shown small. note: what it is.
        parameter: of the address, in which the browser keeps the codes; empty for none. kept: whether they belong there
            at once.
    """
    book = reduced(book, MESSAGE_BYTES)
    _mount(
        key=key,
        on_at_change=lambda: _report(key, on_change),
        data={
            "run": run,
            "stamp": stamp,
            "seq": seq,
            "grid": list(codes.shape),
            "codes": codes.ravel().tolist(),
            "shape": message_shape(ImageShape.of_picture(picture.shape)),
            "picture": pack(picture),
            "book": pack(book),
            "bookShape": message_shape(shape_of(book)),
            "order": [int(k) for k in order],
            "shares": [float(f"{share:.3g}") for share in shares],
            "original": None if original is None else pack(original),
            "note": note,
            "parameter": parameter,
            "kept": kept,
        },
    )


def _report(key: str, on_change: Callable[[dict[str, Any]], None]) -> None:
    """Pass the newest message on."""
    value = (st.session_state.get(key) or {}).get("at")
    if isinstance(value, dict):
        on_change(value)

"""A slider for each latent dimension beside the image decoded from their positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.images.shape import ImageShape
from core.latent.directions import Directions
from ui.components.base import message_shape, pack, pack_numbers, register, rounded

SHOWN = 20
"""Sliders shown at once; those of less important dimensions are folded."""

SHOWN_DIRECTIONS = 16
"""The same of directions, whose sliders are higher."""

SPAN = 3.0
"""A slider reaches this many σ to either side, unless another range is asked for."""

_mount = register(
    __file__,
    "latent_board",
    """
<div class="lab board">
  <div class="inner">
    <div class="picture">
      <canvas class="main" role="img" aria-label="The decoded image"></canvas>
      <p class="number norm"></p>
      <figure class="original" hidden>
        <canvas role="img"></canvas><figcaption></figcaption>
      </figure>
    </div>
    <div class="sliders">
      <div class="first"></div>
      <details hidden><summary></summary><div class="rest"></div></details>
    </div>
  </div>
</div>
""",
    also=("../shared/sigma_range", "../decoder/network", "../decoder/decoder", "sliders"),
)


@dataclass(frozen=True)
class SliderSet:
    """Sliders along directions across all dimensions, or one for each dimension.

    Attributes:
        name: tells apart the sets of one model, so that a sheet of one is not taken for that of another.
        directions: None for a slider for each dimension; then the rest is not needed.
        names: short, of each direction. notes: the measure of each, such as its share of the variance.
        removable: whether each slider has a button that removes it.
    """

    name: str
    directions: Directions | None = None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    removable: bool = False


DIMENSIONS = SliderSet("raw")
"""A slider for each dimension."""


def latent_board(
    *,
    key: str,
    run: str,
    stamp: int,
    seq: int,
    sigma_units: Sequence[float],
    picture: np.ndarray,
    order: Sequence[int],
    weight: Sequence[float],
    dead: Sequence[bool],
    prior: bool,
    on_move: Callable[[dict[str, Any]], None],
    original: np.ndarray | None = None,
    note: str = "",
    measure: str = "KL",
    span: float = SPAN,
    parameter: str = "",
    kept: bool = False,
    sliders: SliderSet = DIMENSIONS,
    on_remove: Callable[[int], None] | None = None,
) -> None:
    """Show the sliders and the image. While a slider is dragged the image is decoded in the browser, or, of a model
    that is too large for it, taken from the sheet that `traversal` left there, and nothing is sent; on release
    `on_move` is called and the next call of this function brings the server's image.

    For tests, the main canvas states what it shows: `data-source` is `server`, `browser`, `sheet` or `plane`;
    `data-served` the number of the newest message that was answered; the board's `data-sheet` is `ready` once every
    slider has its row of the sheet.

    Args:
        run: the same text here and in `traversal` and `plane` connects the three in the browser.
        stamp: changes when the point was set by anything but the board (a button); the board then takes it over.
        seq: number of the newest message from the board that is contained in `sigma_units`.
        sigma_units: the point in units of σ from each dimension's centre, [d]; of a conditional family the class
            weights follow, which have no slider.
        picture: the image decoded at this point, `uint8` [H, W] or [H, W, 3].
        order, weight, dead: see `core.latent.axes.Axes`. prior: whether σ is the prior's, not that of training latents.
        on_move: receives {"seq": int, "sigma_units": d numbers, "dim": the dimension moved, or −1}. Not checked: it
            comes from a browser.
        original: the encoded image, like `picture`, shown small. note: what it is.
        measure: what `weight` is; empty where it is unknown. span: range of a slider in σ.
        parameter: of the address, in which the browser keeps the point. kept: whether it belongs there at once.
        sliders: what the sliders move along. on_remove: called with the number of a direction that is to go.
    """
    _mount(
        key=key,
        on_at_change=lambda: _report(key, on_move),
        on_remove_change=lambda: _removed(key, sliders, on_remove),
        data={
            "run": run,
            "stamp": stamp,
            "seq": seq,
            "sigma_units": rounded(sigma_units),
            "prior": prior,
            "measure": measure,
            "note": note,
            "span": float(span),
            "parameter": parameter,
            "kept": kept,
        }
        | _pictures(picture, original)
        | _message(sliders, order, weight, dead),
    )


def _pictures(picture: np.ndarray, original: np.ndarray | None) -> dict[str, Any]:
    shape = message_shape(ImageShape.of_picture(picture.shape))
    return {"shape": shape, "picture": pack(picture), "original": None if original is None else pack(original)}


def _message(sliders: SliderSet, order: Sequence[int], weight: Sequence[float], dead: Sequence[bool]) -> dict[str, Any]:
    """What the sliders move along, for the browser. order, weight, dead: of single dimensions."""
    found = sliders.directions
    known = {"set": sliders.name, "weight": rounded(weight), "dead": [bool(x) for x in dead]}
    if found is None:
        return known | {"order": [int(k) for k in order], "shown": SHOWN, "directions": None}
    directions = {
        "names": list(sliders.names),
        "notes": list(sliders.notes),
        "vectors": pack_numbers(found.vectors, np.float32),
        "dual": pack_numbers(found.dual, np.float32),
        "offset": [float(x) for x in found.offset],
        "removable": sliders.removable,
    }
    return known | {"order": list(range(len(found))), "shown": SHOWN_DIRECTIONS, "directions": directions}


def _removed(key: str, sliders: SliderSet, on_remove: Callable[[int], None] | None) -> None:
    """Pass on which slider is to go, if it is one of the set."""
    number = (st.session_state.get(key) or {}).get("remove")
    if on_remove and isinstance(number, int) and 0 <= number < len(sliders.names):
        on_remove(number)


def _report(key: str, on_move: Callable[[dict[str, Any]], None]) -> None:
    """Pass the newest message of the board on."""
    value = (st.session_state.get(key) or {}).get("at")
    if isinstance(value, dict):
        on_move(value)

"""Hidden pixels on the Reconstruct page: the switch, presets, the brush, and their text in the address (`?hide=…`)."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.images import mask_spec, masks
from core.images.shape import ImageShape
from ui.components.drawing.mask_brush import mask_brush, set_mask
from ui.reconstruct.settings import fill_choice
from ui.shared import address

BRUSH = "reconstruct_mask"
FIRST_MASK = "half-bottom"
KINDS = {"half": "Half", "box": "Box", "random": "Random", "brush": "Brush"}

SLIDER = 170
"""Width of a slider, in screen pixels."""

TEXT = "reconstruct_hide"
"""Key in the session state: the text of the preset that the mask was last set to, as in `core.images.mask_spec`."""


def read_address(shape: ImageShape) -> None:
    """Take over the mask that the address asks for. Call it before the switch is drawn."""
    asked = address.get("hide")
    if asked is None or asked == st.session_state.get("reconstruct_hide_wrote"):
        return
    try:
        text = mask_spec.normal(asked, shape)
    except masks.MaskError:
        address.warn(
            f"The address has a mask that cannot be read for images of {shape.height} × {shape.width} pixels. "
            f"Use {mask_spec.ALLOWED}."
        )
        return
    if text:
        _set(text, shape)
        st.session_state["reconstruct_hiding"] = True
        kind = text.partition("-")[0]
        st.session_state["reconstruct_kind"] = kind if kind in KINDS else "brush"


def write_address(visible: np.ndarray) -> None:
    """Write the mask, bool [H, W], True visible, into the address."""
    text = mask_spec.text_of(visible, st.session_state.get(TEXT, FIRST_MASK)) or None
    address.put("hide", text)
    st.session_state["reconstruct_hide_wrote"] = text


def switch() -> bool:
    """The switch that hides part of the image. Returns whether it is on."""
    return st.toggle(
        "Hide part of it",
        key="reconstruct_hiding",
        persist_state="session",
        help="Hides half of the image, a box, random pixels, or what you paint. Models without an encoder reconstruct "
        "the image from the visible pixels; for an encoder the hole is filled first.",
    )


def panel(shape: ImageShape, *, has_encoder: bool, has_mean: bool) -> None:
    """The row of choices above the pictures: what to hide, and what fills the hole.

    Args:
        has_encoder: whether a chosen model has an encoder, for which the hole is filled. has_mean: whether the mean
            image is available.
    """
    _first_values(shape)
    with st.container(horizontal=True, vertical_alignment="bottom", key="reconstruct_mask_row"):
        kind = st.segmented_control(
            "What to hide",
            list(KINDS),
            key="reconstruct_kind",
            required=True,
            format_func=KINDS.__getitem__,
            help="The shape of the hole to begin with; the brush can change each of them.",
            on_change=_apply,
            args=(shape,),
            persist_state="session",
        )
        _details(str(kind), shape)
        if has_encoder:
            fill_choice(has_mean)


def brush(image: np.ndarray) -> np.ndarray:
    """The image with a brush that hides and shows pixels. Returns the mask, bool [H, W], True visible.

    Args:
        image: uint8 [H, W] or [H, W, 3].
    """
    shape = ImageShape.of_picture(image.shape)
    return mask_brush(image, mask_spec.mask_of(_text(shape), shape), key=BRUSH)


def _details(kind: str, shape: ImageShape) -> None:
    """The widgets of one kind of mask: which half, the edges of the box, or how many random pixels."""
    if kind == "half":
        st.segmented_control(
            "Which half",
            masks.SIDES,
            key="reconstruct_side",
            required=True,
            format_func=str.capitalize,
            help="The half to hide.",
            on_change=_apply,
            args=(shape,),
            persist_state="session",
        )
    elif kind == "box":
        for name, length, edges in zip(
            ("rows", "columns"), (shape.height, shape.width), ("Top and bottom", "Left and right"), strict=True
        ):
            st.slider(
                name.capitalize(),
                0,
                length,
                key=f"reconstruct_{name}",
                width=SLIDER,
                help=f"{edges} edge of the box, in pixels.",
                on_change=_apply,
                args=(shape,),
                persist_state="session",
            )
    elif kind == "random":
        st.slider(
            "Hidden (%)",
            5,
            95,
            step=5,
            key="reconstruct_p",
            width=SLIDER,
            help=f"Hides exactly this share of the {shape.pixels} pixels.",
            on_change=_apply,
            args=(shape,),
            persist_state="session",
        )
        st.button(
            "New random pixels",
            key="reconstruct_other_pixels",
            on_click=_other_pixels,
            args=(shape,),
            icon=":material/casino:",
            help="Hides the same number of other random pixels.",
        )


def _first_values(shape: ImageShape) -> None:
    """Values of the widgets before they are drawn. Callbacks set them too, so they cannot be the widgets' defaults."""
    state = st.session_state
    state.setdefault("reconstruct_kind", "half")
    state.setdefault("reconstruct_side", "bottom")
    state.setdefault("reconstruct_p", 50)
    top, left, height, width = map(int, mask_spec.middle_box(shape).split("-")[1:])
    for name, first, length in (
        ("rows", (top, top + height), shape.height),
        ("columns", (left, left + width), shape.width),
    ):
        state.setdefault(f"reconstruct_{name}", first)
        if max(state[f"reconstruct_{name}"]) > length:  # set on a larger image
            state[f"reconstruct_{name}"] = first


def _text(shape: ImageShape) -> str:
    """The text that the mask of this shape was last set to, or the first one where it does not fit the shape."""
    text = st.session_state.get(TEXT, FIRST_MASK)
    try:
        mask_spec.mask_of(text, shape)
    except masks.MaskError:
        return FIRST_MASK
    return text


def _set(text: str, shape: ImageShape) -> None:
    """Set mask and widgets to the text of a mask."""
    state = st.session_state
    state[TEXT] = text
    set_mask(BRUSH, mask_spec.mask_of(text, shape))
    kind, _, rest = text.partition("-")
    if kind == "half":
        state["reconstruct_side"] = rest
    elif kind == "box":
        top, left, height, width = map(int, rest.split("-"))
        state["reconstruct_rows"] = (top, min(shape.height, top + height))
        state["reconstruct_columns"] = (left, min(shape.width, left + width))
    elif kind == "random":
        share, seed = map(int, rest.split("-"))
        state["reconstruct_p"], state["reconstruct_seed"] = min(95, max(5, 5 * round(share / 5))), seed


def _apply(shape: ImageShape) -> None:
    """Set the mask to the preset that the widgets now describe."""
    state, kind = st.session_state, st.session_state.get("reconstruct_kind")
    if kind == "half":
        text = f"half-{state.get('reconstruct_side') or 'bottom'}"
    elif kind == "box":
        _first_values(shape)
        (top, bottom), (left, right) = state["reconstruct_rows"], state["reconstruct_columns"]
        text = f"box-{top}-{left}-{bottom - top}-{right - left}"
    elif kind == "random":
        text = f"random-{state.get('reconstruct_p', 50)}-{state.get('reconstruct_seed', 0)}"
    else:
        return
    state[TEXT] = text
    set_mask(BRUSH, mask_spec.mask_of(text, shape))


def _other_pixels(shape: ImageShape) -> None:
    st.session_state["reconstruct_seed"] = (st.session_state.get("reconstruct_seed", 0) + 1) % 1_000_000
    _apply(shape)

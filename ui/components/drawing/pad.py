"""Server side of the two painting surfaces, `draw` and `mask_brush`: the image of each visitor's surface.

The image is kept in the visitor's session under the component's key, so that it survives a closed popover and a change
of page. The browser sends it after each stroke; the page may replace it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

SKELETON = """
<div class="lab pad">
  <div class="surface" tabindex="0" role="application">
    <canvas class="ground"></canvas><canvas class="over"></canvas>%s
  </div>
  <div class="panel">%s
    <div class="tools"></div>
    <p class="number read" aria-live="polite"></p>
  </div>
</div>
"""
"""HTML of both surfaces; the two gaps are for what lies over the surface and what stands above the tools."""


@dataclass
class PadState:
    """The image of a surface.

    Attributes:
        shape: of the array that `pixels` holds, such as (28, 28) or (32, 32, 3).
        pixels: its bytes in C order.
        stamp: number of times that the page, not the browser, has set them.
    """

    shape: tuple[int, ...]
    pixels: bytes
    stamp: int = 0


def state_of(key: str, shape: tuple[int, ...], start: bytes | None = None) -> PadState:
    """The surface of this visitor under `key`. A new one begins with `start`, or with zeros; so does one whose image
    has another shape than the one asked for."""
    pads: dict[str, PadState] = st.session_state.setdefault("pads", {})
    if key not in pads or pads[key].shape != shape:
        size = 1
        for length in shape:
            size *= length
        pads[key] = PadState(shape, bytes(size) if start is None else start)
    return pads[key]


def mount_key(key: str, shape: tuple[int, ...]) -> str:
    """Key of the mounted component: a surface of another shape is another component."""
    return f"{key}_{'x'.join(map(str, shape))}"


def replace(key: str, shape: tuple[int, ...], pixels: bytes) -> None:
    """Replaces the image on a surface. A message that the browser sent about the older one is then ignored."""
    pad = state_of(key, shape)
    pad.pixels, pad.stamp = pixels, pad.stamp + 1


def receiver(
    key: str, shape: tuple[int, ...], valid: Callable[[bytes], bool] = lambda pixels: True
) -> Callable[[], None]:
    """A callback that takes over the image that the browser sent. Any message but one with the right number of valid
    bytes and the newest stamp is ignored."""

    def receive() -> None:
        pad, message = state_of(key, shape), (st.session_state.get(mount_key(key, shape)) or {}).get("painted")
        pixels = pixels_of(message, pad.stamp, len(pad.pixels))
        if pixels is not None and valid(pixels):
            pad.pixels = pixels

    return receive


def pixels_of(message: object, stamp: int, size: int) -> bytes | None:
    """The bytes of a message {"stamp": int, "pixels": base64 text}; None if it is anything else."""
    if not isinstance(message, dict) or type(message.get("stamp")) is not int or message["stamp"] != stamp:
        return None
    text = message.get("pixels")
    if not isinstance(text, str) or len(text) > 2 * size:
        return None
    try:
        pixels = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return pixels if len(pixels) == size else None

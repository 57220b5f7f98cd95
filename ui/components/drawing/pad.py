"""What the two surfaces to paint on, `draw` and `mask_brush`, share on the server: the picture they hold.

The picture belongs to the visitor's session under the component's key, so that it survives a closed popover and a
change of page. The browser sends it after each stroke, the page may put another one in its place.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

PIXELS = 784
SURFACE = """
<div class="lab pad">
  <div class="surface" tabindex="0" role="application">
    <canvas class="ground" width="28" height="28"></canvas><canvas class="over"></canvas>%s
  </div>
  <div class="panel">%s
    <div class="tools"></div>
    <p class="number read" aria-live="polite"></p>
  </div>
</div>
"""
"""The skeleton of both; what lies over the surface and what stands above the tools is put in."""


@dataclass
class Held:
    """784 bytes row by row; `stamp` grows when the page, not the browser, has set them."""

    pixels: bytes
    stamp: int = 0


def held(key: str, start: bytes | None = None) -> Held:
    """What this visitor has painted under `key`; at first `start`, or nothing at all: zeros."""
    every: dict[str, Held] = st.session_state.setdefault("painted", {})
    return every.setdefault(key, Held(start or bytes(PIXELS)))


def put(key: str, pixels: bytes) -> None:
    """The page's own picture instead of what is there. What the browser painted on the older one no longer counts."""
    here = held(key)
    here.pixels, here.stamp = pixels, here.stamp + 1


def listener(key: str, good: Callable[[bytes], bool] = lambda pixels: True) -> Callable[[], None]:
    """Takes over what the browser says; anything but 784 good bytes for the newest stamp is ignored."""

    def heard() -> None:
        here, said = held(key), (st.session_state.get(key) or {}).get("said")
        pixels = pixels_of(said, here.stamp)
        if pixels is not None and good(pixels):
            here.pixels = pixels

    return heard


def pixels_of(said: object, stamp: int) -> bytes | None:
    """The 784 bytes of a message {"stamp": int, "pixels": base64 text}; None if it is anything else."""
    if not isinstance(said, dict) or type(said.get("stamp")) is not int or said["stamp"] != stamp:
        return None
    text = said.get("pixels")
    if not isinstance(text, str) or len(text) > 2 * PIXELS:
        return None
    try:
        pixels = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return pixels if len(pixels) == PIXELS else None

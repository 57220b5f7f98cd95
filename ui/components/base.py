"""Registration of browser components: their script, style and skeleton, read once when their module is imported.

A component is three files of one name: `NAME.py` (the function that a page calls), `NAME.js` and `NAME.css`. Streamlit
gives every component a script of its own, which cannot import another one: what several components share lies in
`ui/components/shared/` and is put in front of their scripts.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.images.convert import pack, shape_of
from core.images.shape import ImageShape

__all__ = [
    "MESSAGE_BYTES",
    "fitting",
    "message_shape",
    "pack",
    "pack_numbers",
    "reduced",
    "register",
    "rounded",
    "script",
    "shape_of",
]

HERE = Path(__file__).parent

MESSAGE_BYTES = 2_900_000
"""Pixels, in bytes, of the pictures in one message to the browser, at most: as base64 text less than 4 MB."""

EVERYWHERE = ("dom", "images", "numbers")
"""Shared files that every component begins with."""


def register(file: str, name: str, html: str, also: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Register the component `latent_lab.NAME` and return the function that mounts it.

    Args:
        file: the caller's `__file__`; `NAME.js` and `NAME.css` lie beside it.
        html: the fixed skeleton. It never holds text that came from a user or a file: the script fills text in with
            `textContent`, and canvases get their size from the images of the first message.
        also: further files, script, style or both, put in between: paths without an ending, relative to the folder of
            `file`.
    """
    parts = _parts(file, name, also)
    css = "".join(_read(part, ".css") for part in parts if part.with_suffix(".css").is_file())
    return st.components.v2.component(f"latent_lab.{name}", html=html, css=css, js=script(file, name, also))


def script(file: str, name: str, also: tuple[str, ...] = ()) -> str:
    """The text of a component's whole script, as the browser gets it; arguments as in `register`."""
    return "\n".join(_read(part, ".js") for part in _parts(file, name, also) if part.with_suffix(".js").is_file())


def _parts(file: str, name: str, also: tuple[str, ...]) -> list[Path]:
    folder = Path(file).parent
    return [*(HERE / "shared" / part for part in EVERYWHERE), *(folder / part for part in also), folder / name]


def _read(part: Path, ending: str) -> str:
    return part.with_suffix(ending).read_text(encoding="utf-8")


def rounded(values: Sequence[float] | np.ndarray) -> list[float]:
    """Numbers with four decimals, short enough for a message; both sides compare points in this precision."""
    return [round(float(v), 4) for v in values]


def pack_numbers(array: np.ndarray, kind: type) -> str:
    """An array as base64 text of its raw bytes, in numbers of that kind."""
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode("ascii")


def message_shape(shape: ImageShape) -> list[int]:
    """A shape as messages to the browser carry it: [channels, height, width]."""
    return list(shape.chw)


def fitting(counts: Sequence[int], shape: ImageShape, most_bytes: int) -> int:
    """The largest of the numbers of pictures in `counts` that fit into `most_bytes`; the smallest if none does."""
    return max((count for count in counts if count * shape.values <= most_bytes), default=min(counts))


def reduced(pictures: np.ndarray, most_bytes: int, of: int | None = None) -> np.ndarray:
    """The same pictures with fewer pixels where they have more than `most_bytes` bytes: means over squares of pixels.

    Args:
        pictures: `uint8` [N, H, W] or [N, H, W, 3].
        of: number of pictures in all, where these are a part of them; `most_bytes` is meant for all.
    Returns:
        `uint8` [N, ⌈H / f⌉, ⌈W / f⌉(, 3)] with the smallest whole f that fits, but no side below 8 pixels; the last row
        and column repeat where f does not divide the size.
    """
    height, width = pictures.shape[1:3]
    size = math.prod(pictures.shape[1:]) * (len(pictures) if of is None else of)
    factor = max(1, min(math.ceil(math.sqrt(size / most_bytes)), min(height, width) // 8))
    if factor == 1:
        return pictures
    pad = [(0, 0), (0, -height % factor), (0, -width % factor)] + [(0, 0)] * (pictures.ndim - 3)
    padded = np.pad(pictures, pad, mode="edge")
    down, across = padded.shape[1] // factor, padded.shape[2] // factor
    blocks = padded.reshape(len(padded), down, factor, across, factor, -1)
    small = np.rint(blocks.mean((2, 4), dtype=np.float32)).astype(np.uint8)
    return small.reshape(len(padded), down, across, *pictures.shape[3:])

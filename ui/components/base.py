"""Reads a browser component's text files once, when its module is imported.

Every component is three files of one name: `NAME.py` (what a page calls), `NAME.js` and `NAME.css`. What several of
them need in the browser lives in `common.js` and is put in front of each; Streamlit gives every component a module
of its own, so they cannot import from each other.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

HERE = Path(__file__).parent


def register(file: str, name: str, html: str, also: tuple[str, ...] = ()):
    """Registers `NAME.js` and `NAME.css` beside `file` (the caller's `__file__`); returns the mount function.

    `html` is the component's fixed skeleton: never text that came from a user or a file; the script fills text in
    with `textContent`. `also` names further files, script or style or both, that it shares with others: paths without
    an ending, relative to the folder of `file`.
    """
    folder = Path(file).parent
    parts = (HERE / "common", *(folder / part for part in also), folder / name)
    js = "\n".join(_read(part, ".js") for part in parts)
    css = "".join(_read(part, ".css") for part in parts if part.with_suffix(".css").is_file())
    return st.components.v2.component(f"latent_lab.{name}", html=html, css=css, js=js)


def _read(part: Path, ending: str) -> str:
    return part.with_suffix(ending).read_text(encoding="utf-8")


def rounded(values: Sequence[float]) -> list[float]:
    """Numbers short enough to travel; both sides compare points in this precision."""
    return [round(float(v), 4) for v in values]


def pack(picture: np.ndarray) -> str:
    """Raw grey levels as text."""
    return base64.b64encode(np.ascontiguousarray(picture, np.uint8)).decode("ascii")

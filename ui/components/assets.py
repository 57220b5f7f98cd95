"""Reads a browser component's text files once, when its module is imported.

Every component is three files of one name: `NAME.py` (what a page calls), `NAME.js` and `NAME.css`. What several of
them need in the browser lives in `common.js` and is put in front of each; Streamlit gives every component a module
of its own, so they cannot import from each other.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent


def register(name: str, html: str, also: tuple[str, ...] = ()):
    """Registers `NAME.js` and `NAME.css` beside this file and returns the function that puts the component on a page.

    `html` is the component's fixed skeleton: never text that came from a user or a file; the script fills text in
    with `textContent`. `also` names further files, script or style or both, that it shares with its siblings.
    """
    parts = ("common", *also, name)
    js = "\n".join(read(f"{part}.js") for part in parts)
    css = "".join(read(f"{part}.css") for part in parts if (HERE / f"{part}.css").is_file())
    return st.components.v2.component(f"latent_lab.{name}", html=html, css=css, js=js)


def read(name: str) -> str:
    """The text of one file in this folder."""
    return (HERE / name).read_text(encoding="utf-8")

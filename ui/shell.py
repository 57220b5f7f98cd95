"""Frame of every page: style sheets, a warm-up that imports torch, and the garbage collector's frozen generation."""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
from pathlib import Path

import streamlit as st

ICON = str(Path(__file__).with_name("icon.png"))
STYLES = (Path(__file__).with_name("lab.css"), Path(__file__).resolve().parent.parent / ".streamlit" / "contrast.css")

_lock = threading.Lock()
_warming = False
_frozen_at = 0


def style() -> None:
    """Add the style sheets: rules that the theme's settings cannot express."""
    for file in STYLES:
        st.html(file)


def after_script_run() -> None:
    """Call at the end of every script run: the first call starts to import torch in a background thread.

    Streamlit collects garbage after every run. With torch loaded, a collection walks over a quarter of a million
    objects that will never be freed and delays the page's last message by 100 ms. `gc.freeze` exempts all objects that
    exist from later collections; it is called again after more than 20 modules were imported.
    """
    global _warming
    _freeze_if_grown()
    with _lock:
        if _warming:
            return
        _warming = True
    threading.Thread(target=_warm, name="importing torch", daemon=True).start()


def _warm() -> None:
    """Import what the next page will need, after the first page was sent."""
    # The imports fail where the server ends meanwhile; a broken torch raises again where a page imports it.
    with contextlib.suppress(Exception):
        import torch  # noqa: F401

        import core.runs.weights  # noqa: F401

    _freeze_if_grown()


def _freeze_if_grown() -> None:
    global _frozen_at
    with _lock:
        if len(sys.modules) > _frozen_at + 20:
            # Freezing also exempts the objects of sessions that are open now. Cycles among them, dead since the last
            # freeze, are collected here; those that die after the server's last import stay, a few hundred kilobytes.
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            _frozen_at = len(sys.modules)

"""What the server does once, around the first page: get torch ready, keep the garbage collector out of the way."""

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
    """The few rules that the theme's settings cannot express."""
    for file in STYLES:
        st.html(file)


def after_script_run() -> None:
    """Call at the end of every script run. The first call starts importing torch in a background thread.

    Streamlit collects garbage after every run. With torch loaded, a collection visits over a quarter of a million
    objects that live as long as the server and delays the page's last message by 100 ms. `gc.freeze` exempts the
    objects that exist; it is repeated when modules were imported since.
    """
    global _warming
    _freeze_if_grown()
    with _lock:
        if _warming:
            return
        _warming = True
    threading.Thread(target=_warm, name="importing torch", daemon=True).start()


def _warm() -> None:
    """The first page is out; the second one should not wait for these imports."""
    # A lab that is closed in the middle of them makes them fail; a broken torch is met again by whoever needs it.
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

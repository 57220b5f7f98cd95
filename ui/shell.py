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
    """Call at the end of every script run. The first call starts importing torch behind the visitor's back.

    Streamlit collects garbage after every run. With torch loaded that walks over a quarter of a million objects that
    will never be freed and holds back the page's last message by 100 ms. `gc.freeze` takes what is there out of the
    collector's sight; it is repeated whenever modules were imported since.
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
        import core.weights  # noqa: F401
        import torch  # noqa: F401

    _freeze_if_grown()


def _freeze_if_grown() -> None:
    global _frozen_at
    with _lock:
        if len(sys.modules) > _frozen_at + 20:
            gc.collect()
            gc.freeze()
            _frozen_at = len(sys.modules)

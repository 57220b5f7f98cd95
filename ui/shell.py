"""Setup shared by all pages: style sheets, background import of torch, and exemption from garbage collection."""

from __future__ import annotations

import base64
import contextlib
import gc
import sys
import threading
from functools import cache
from pathlib import Path

import streamlit as st

from ui.components.page.copy_link import copy_link
from ui.components.page.keyboard import watch_keyboard
from ui.components.page.navigation import watch_navigation
from ui.registry import GROUPS, PAGES
from ui.shared.torch_there import note_torch

ICON = "data:image/png;base64," + base64.b64encode(Path(__file__).with_name("icon.png").read_bytes()).decode()
"""The picture in the browser's tab. As a file, it would be gone (404) once a fragment of a page has run."""

STYLES = (Path(__file__).with_name("lab.css"), Path(__file__).resolve().parent.parent / ".streamlit" / "contrast.css")

LINE = "margin-left: 0.25rem; box-shadow: -0.25rem 0 0 -0.1875rem light-dark(#d5d1c8, #3d444a);"
NAME = "display: block; padding: 0.75rem 0.5rem 0.125rem; font-size: 0.875rem; color: light-dark(#5c6064, #a9aaa7);"
"""Looks of what sets two groups of the navigation apart: in the bar, and in the drawer."""

_lock = threading.Lock()
_warming = False
_frozen_at = 0


def style() -> None:
    """Add the style sheets: rules that the theme's settings cannot express, and the groups of the navigation."""
    for file in STYLES:
        st.html(file)
    st.html(f"<style>{_groups()}</style>")


@cache
def _groups() -> str:
    """Rules that set the groups of pages apart in the navigation: by a line, and in the drawer by their names.

    Streamlit's own sections would put the pages into menus, where nobody sees them.
    """
    first = {group: next(page.key for page in PAGES if page.group == group) for group in GROUPS}
    bar = ", ".join(f'[data-testid="stTopNavLink"][href$="/{key}"]' for key in first.values())
    rules = [f"{bar} {{ {LINE} }}"]
    for group, key in first.items():
        entry = f'[data-testid="stSidebarNavItems"] li:has(> * [href$="/{key}"], > [href$="/{key}"])'
        rules.append(f'{entry}::before {{ content: "{group}"; {NAME} }}')
    return "\n".join(rules)


def keyboard() -> None:
    """Add what every page needs for the keyboard (`ui.components.page.keyboard`)."""
    watch_keyboard()


def navigation() -> None:
    """Add what leaving a page needs (`ui.components.page.navigation`)."""
    watch_navigation()


def share() -> None:
    """Add the button that copies the page's address (`ui.components.page.copy_link`)."""
    copy_link()


def after_script_run() -> None:
    """End a script run: start to import torch in a background thread, once, and exempt loaded modules from collection.

    Streamlit collects garbage after every run. With torch loaded, a collection traverses a quarter of a million objects
    that are never freed and delays the page's last message by 100 ms. `gc.freeze` exempts all existing objects from
    later collections; this function calls it again after more than 20 further modules were imported.
    """
    global _warming
    _freeze_if_grown()
    with _lock:
        if _warming:
            return
        _warming = True
    threading.Thread(target=_warm, name="importing torch", daemon=True).start()


def _warm() -> None:
    """Import torch and the weights module for the next page, after the first page was sent."""
    # The imports fail if the server shuts down meanwhile; a broken torch raises again when a page imports it.
    with contextlib.suppress(Exception):
        import torch  # noqa: F401

        import core.runs.weights  # noqa: F401
        import ui.diagram.model  # noqa: F401

        note_torch()
    _freeze_if_grown()


def _freeze_if_grown() -> None:
    global _frozen_at
    with _lock:
        if len(sys.modules) > _frozen_at + 20:
            # Freezing also exempts the objects of open sessions. Cycles of them that became unreachable since the last
            # freeze are collected here. Later cycles stay if no import follows: a few hundred kilobytes.
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            _frozen_at = len(sys.modules)

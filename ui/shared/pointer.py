"""Words for what a visitor does with a mouse, or on a phone or tablet with a finger."""

from __future__ import annotations

import re

import streamlit as st

TOUCH = re.compile(r"Android|iPhone|iPad|Mobile", re.IGNORECASE)
"""What browsers of phones and tablets call themselves."""


def touch_or(touch: str, mouse: str) -> str:
    """The first text for a browser of a phone or tablet, else the second. Components ask the screen itself
    (`touchOr` in `ui/components/shared/dom.js`)."""
    agent = st.context.headers.get("User-Agent") or ""
    return touch if TOUCH.search(agent) else mouse

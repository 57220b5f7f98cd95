"""Questions about flows: predict, read the explanation, see it on the page."""

from __future__ import annotations

import streamlit as st

from core.priors.questions import QUESTIONS
from ui.shared.questions import Section
from ui.shared.questions import questions as section


def questions() -> None:
    """The section: one question at a time."""
    st.subheader("Questions", anchor=False)
    section(Section("diffusion", QUESTIONS))

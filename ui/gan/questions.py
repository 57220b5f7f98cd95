"""Five questions about the idea: predict, read the explanation, look at a figure computed from trained models."""

from __future__ import annotations

import streamlit as st

from core.gan.questions import QUESTIONS
from core.runs import Run
from core.system.question import Question
from ui.gan import question_figures as figures
from ui.gan.results import copy_box
from ui.shared.formatting import escape_markdown
from ui.shared.questions import Section
from ui.shared.questions import questions as section


def questions(run: Run | None) -> None:
    """The section: one question at a time. `run`: the GAN that the page shows, if there is one."""

    def figure(question: Question) -> None:
        try:
            figures.FIGURES[question.key](run)
        except figures.Missing as error:
            st.info(escape_markdown(str(error)))

    section(Section("gan", QUESTIONS, figure, lambda: copy_box("questions")))

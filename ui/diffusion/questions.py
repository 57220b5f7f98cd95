"""Questions about flows: predict, read the explanation, see it on the page."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.priors.questions import QUESTIONS, FlowQuestion
from ui.shared.address import Parameter, one_of
from ui.shared.visitor_store import kept

ANSWERS = "diffusion_answers"
"""Session-state key: key of the question → the first answer, {"said", "right"}."""

_TITLES = {question.key: question.title for question in QUESTIONS}

QUESTION = Parameter(
    "question", "diffusion_question", one_of(*_TITLES), QUESTIONS[0].key, f"it is one of {', '.join(_TITLES)}"
)


def questions() -> None:
    """The section: one question at a time."""
    st.subheader("Questions", anchor=False)
    st.fragment(_section)()


def _section() -> None:
    QUESTION.adopt()
    key = st.segmented_control(
        "Question",
        list(_TITLES),
        key=QUESTION.box,
        format_func=_title,
        required=True,
        label_visibility="collapsed",
        persist_state="session",
        help="A tick marks the questions that you have answered. The page's address names the question.",
    )
    QUESTION.keep()
    with st.container(border=True, key="diffusion_question_box"):
        _ask(next(question for question in QUESTIONS if question.key == key))


def _answers() -> dict[str, dict[str, Any]]:
    return kept(ANSWERS, dict)


def _title(key: str) -> str:
    return f"{_TITLES[key]} ✓" if key in _answers() else _TITLES[key]


def _ask(question: FlowQuestion) -> None:
    given = _answers().get(question.key)
    st.markdown(f"**{question.text}**")
    if given is None:
        st.radio(
            "Your prediction",
            range(len(question.choices)),
            index=None,
            key=f"diffusion_answer_{question.key}",
            format_func=lambda k: question.choices[k][0],
            label_visibility="collapsed",
            on_change=_keep,
            args=(question,),
            help="Your first answer counts; the explanation follows at once.",
        )
        return
    if given["right"]:
        st.success("Right, as you predicted.", icon=":material/check:")
    else:
        st.warning(f"You predicted: {given['said']}.", icon=":material/priority_high:")
    for k, (text, reply) in enumerate(question.choices):
        st.markdown(f"{'✓' if k == question.right else '✗'} **{text}.** {reply}")
    st.markdown(question.answer)
    st.caption(f"To see it: {question.look[0].lower()}{question.look[1:]}")


def _keep(question: FlowQuestion) -> None:
    """Keep the first answer to a question."""
    choice = st.session_state.get(f"diffusion_answer_{question.key}")
    if isinstance(choice, int) and question.key not in _answers():
        _answers()[question.key] = {"said": question.choices[choice][0], "right": choice == question.right}

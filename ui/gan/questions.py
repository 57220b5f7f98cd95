"""Five questions about the idea: predict, read the explanation, look at a figure computed from trained models."""

from __future__ import annotations

import streamlit as st

from core.gan.questions import QUESTIONS, Question
from core.runs import Run
from ui.gan import question_figures as figures
from ui.gan.results import answers, copy_box
from ui.shared import address
from ui.shared.formatting import escape_markdown

QUERY = "question"
TITLES = {question.key: question.title for question in QUESTIONS}


def questions(run: Run | None) -> None:
    """The section: one question at a time. `run`: the GAN that the page shows, if there is one."""
    st.fragment(_section)(run)


def _section(run: Run | None) -> None:
    box, first = "gan_question", QUESTIONS[0].key
    complaint = "The address names a question that does not exist. You see the first one."
    address.adopt(QUERY, box, lambda text: text if text in TITLES else None, first, complaint)
    key = st.segmented_control(
        "Question",
        list(TITLES),
        key=box,
        format_func=lambda key: _title(key),
        required=True,
        label_visibility="collapsed",
        persist_state="session",
        help="A tick marks the questions that you have answered. The page's address names the question.",
    )
    if address.get(QUERY) is not None or key != first:
        address.put(QUERY, key)
    question = next(q for q in QUESTIONS if q.key == key)
    with st.container(border=True, key="gan_question_box"):
        _ask(question, run)
    copy_box("questions")


def _title(key: str) -> str:
    return f"{TITLES[key]} ✓" if key in answers() else TITLES[key]


def _ask(question: Question, run: Run | None) -> None:
    given = answers().get(question.key)
    st.markdown(f"**{question.text}**")
    if given is None:
        st.radio(
            "Your prediction",
            range(len(question.choices)),
            index=None,
            key=f"gan_answer_{question.key}",
            format_func=lambda k: question.choices[k][0],
            label_visibility="collapsed",
            on_change=_keep,
            args=(question,),
            help="Your first answer counts; the explanation follows at once.",
        )
        st.caption("Choose an answer to see the explanation and a figure.")
        return
    if given["right"]:
        st.success("Right, as you predicted.", icon=":material/check:")
    else:
        st.warning(f"You predicted: {given['said']}.", icon=":material/priority_high:")
    st.markdown(
        "\n".join(
            f"- {'✓' if k == question.right else '✗'} **{text}.** {reply}"
            for k, (text, reply) in enumerate(question.choices)
        )
    )
    st.markdown(question.answer)
    st.caption(question.figure)
    try:
        figures.FIGURES[question.key](run)
    except figures.Missing as error:
        st.info(escape_markdown(str(error)))


def _keep(question: Question) -> None:
    """Keep the first answer to a question."""
    choice = st.session_state.get(f"gan_answer_{question.key}")
    if isinstance(choice, int) and question.key not in answers():
        answers()[question.key] = {
            "question": question.text,
            "choice": choice,
            "said": question.choices[choice][0],
            "right": choice == question.right,
        }

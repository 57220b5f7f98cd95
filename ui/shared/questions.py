"""Questions about the idea of a page: predict, read the explanation, look at a figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.system.question import Question
from ui.shared.address import Parameter, one_of
from ui.shared.visitor_store import kept


@dataclass(frozen=True)
class Section:
    """The questions of a page.

    Attributes:
        page: begins the keys of its widgets and of the answers. questions: in their order.
        figure: draws the figure below the explanation of a question; None where the page itself shows it.
        below: draws what follows the question.
    """

    page: str
    questions: tuple[Question, ...]
    figure: Callable[[Question], None] | None = None
    below: Callable[[], None] | None = None

    @property
    def parameter(self) -> Parameter[str]:
        """The open question in the address."""
        keys = [question.key for question in self.questions]
        return Parameter("question", f"{self.page}_question", one_of(*keys), keys[0], f"it is one of {', '.join(keys)}")


def answers(page: str) -> dict[str, dict[str, Any]]:
    """This visitor's first answers by key of the question: {"question", "choice" (its index), "said", "right"}."""
    return kept(f"{page}_answers", dict)


def questions(section: Section) -> None:
    """The section: one question at a time."""
    st.fragment(_section)(section)


def _section(section: Section) -> None:
    titles = {question.key: question.title for question in section.questions}
    given, parameter = answers(section.page), section.parameter
    parameter.adopt()
    key = st.segmented_control(
        "Question",
        list(titles),
        key=parameter.box,
        format_func=lambda key: f"{titles[key]} ✓" if key in given else titles[key],
        required=True,
        label_visibility="collapsed",
        persist_state="session",
        help="A tick marks the questions that you have answered. The page's address names the question.",
    )
    parameter.keep()
    question = next(question for question in section.questions if question.key == key)
    with st.container(border=True, key=f"{section.page}_question_box"):
        st.markdown(f"**{question.text}**")
        if question.key in given:
            _explain(section, question, given[question.key])
        else:
            _ask(section, question)
    if section.below is not None:
        section.below()


def _ask(section: Section, question: Question) -> None:
    st.radio(
        "Your prediction",
        range(len(question.choices)),
        index=None,
        key=_answer_key(section, question),
        format_func=lambda k: question.choices[k][0],
        label_visibility="collapsed",
        on_change=_keep,
        args=(section, question),
        help="Your first answer counts; the explanation follows at once.",
    )
    figure = " and a figure" if section.figure is not None else ""
    st.caption(f"Choose an answer to see the explanation{figure}.")


def _explain(section: Section, question: Question, given: dict[str, Any]) -> None:
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
    if section.figure is not None:
        section.figure(question)


def _keep(section: Section, question: Question) -> None:
    """Keep the first answer to a question."""
    choice, given = st.session_state.get(_answer_key(section, question)), answers(section.page)
    if isinstance(choice, int) and question.key not in given:
        given[question.key] = {
            "question": question.text,
            "choice": choice,
            "said": question.choices[choice][0],
            "right": choice == question.right,
        }


def _answer_key(section: Section, question: Question) -> str:
    return f"{section.page}_answer_{question.key}"

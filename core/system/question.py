"""Record of a multiple-choice question that a page asks (`ui.shared.questions`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A multiple-choice question.

    Attributes:
        key: in the address. title: for the row of questions.
        choices: answers to choose from, each with a comment. right: index of the correct one.
        answer: explanation in a few sentences. figure: caption below it: what the figure shows, or how to see it on the
            page.
    """

    key: str
    title: str
    text: str
    choices: tuple[tuple[str, str], ...]
    right: int
    answer: str
    figure: str

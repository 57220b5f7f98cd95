"""A visitor's quiz rounds, predictions and answers on the VAE → GAN page, and all of them as plain text for a report.

They survive a reload of the page, and the rounds of the quiz the end of the lab (`ui.shared.visitor_store`).
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.gan.experiments import EXPERIMENTS
from core.gan.questions import QUESTIONS
from ui.shared.questions import answers
from ui.shared.visitor_store import kept, lasting, save

RESULTS = "gan_quiz_results"
"""Session-state key: one dictionary per finished round of the quiz, the oldest first, with run, seed, kinds, truth,
answers and the numbers of `core.gan.quiz.Score`."""

PREDICTIONS = "gan_predictions"
"""Session-state key: key of the experiment → {"choice", "said" and, once it is measured, "measured", "came", "seed",
"source"}."""


def rounds() -> list[dict]:
    """The rounds of the quiz that this visitor has finished, the oldest first."""
    return lasting(RESULTS, _is_round)


def keep_rounds() -> None:
    """Keep the finished rounds beyond this visit."""
    save(RESULTS)


def _is_round(record: Any) -> bool:
    """Whether a record read from a file is a finished round."""
    numbers = ("seed", "exact", "real_or_made", "discriminator", "of")
    return (
        isinstance(record, dict)
        and isinstance(record.get("run"), str)
        and isinstance(record.get("kinds"), list)
        and all(type(record.get(name)) is int for name in numbers)
        and record["of"] > 0
    )


def predictions() -> dict[str, dict]:
    """This visitor's predictions and the results, by key of the experiment."""
    return kept(PREDICTIONS, dict)


def copy_box(place: str) -> None:
    """A fold with the text and Streamlit's own button that copies it; nothing while there are no results.

    Args:
        place: the tab, part of the fold's key.
    """
    if text := results_text():
        with st.expander("My results as text", key=f"gan_results_{place}", icon=":material/content_copy:"):
            st.code(text, language=None, wrap_lines=True)


def results_text() -> str:
    """All results so far, a paragraph for each kind; empty without any."""
    return "\n\n".join("\n".join(part) for part in (_quiz(), _predictions(), _answers()) if part)


def _quiz() -> list[str]:
    lines = []
    for number, one in enumerate(rounds(), 1):
        exact = f", origin right for {one['exact']}" if len(one["kinds"]) > 2 else ""
        lines.append(
            f"Round {number} with {one['run']}, seed {one['seed']}: I told real from generated for "
            f"{one['real_or_made']} of {one['of']} images{exact}; the discriminator for {one['discriminator']}."
        )
    return ["You are the discriminator", *lines] if lines else []


def _predictions() -> list[str]:
    lines = []
    for experiment in EXPERIMENTS:
        if guess := predictions().get(experiment.key):
            lines += [f"{experiment.title}. {experiment.question}", f"  I predicted: {guess['said']}."]
            if "measured" in guess:
                where = f" (from {guess['source']}, seed {guess['seed']})"
                lines.append(f"  Measured: {guess['measured']}{where}.")
    return ["Experiments", *lines] if lines else []


def _answers() -> list[str]:
    lines, answered = [], answers("gan")
    for question in QUESTIONS:
        if given := answered.get(question.key):
            lines += [question.text, f"  I answered: {given['said']} ({'right' if given['right'] else 'wrong'})."]
    return ["Questions", *lines] if lines else []

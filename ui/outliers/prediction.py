"""A prediction of the AUROC, made before a step of the Outliers page shows it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.evaluation import outliers
from core.evaluation.outlier_images import OutlierSet
from ui.outliers.inputs import Choice
from ui.outliers.scores import Pending, Result
from ui.outliers.views import title
from ui.shared.formatting import escape_markdown
from ui.shared.still_image import still
from ui.shared.visitor_store import kept

PREDICTIONS = "outliers_predictions"
"""Session-state key: step and run → the index of the choice that this visitor predicted, or `SKIPPED`."""

SKIPPED = -1

LIMITS = (0.9, 0.6, 0.4)
"""AUROC between the choices, from high to low."""

EXAMPLES = 8
"""Pictures of each kind beside the question."""

QUESTIONS = {
    "easy": "The model reconstructs each image. How well does its error tell the hardest of the three kinds of "
    "outliers from the test images?",
    "plausible": "The model has never seen the class {left_out}. How well does its reconstruction error tell those "
    "images from the test images?",
    "paradox": "The model was trained on clothes. Which images have the higher likelihood, clothes or digits?",
    "repair": "The entropy of each image’s own pixels is subtracted from its score. How well does the corrected score "
    "tell digits from clothes?",
}

SEPARATION = (
    "Very well: an AUROC above 0.9",
    "Partly: 0.6 to 0.9",
    "Hardly: 0.4 to 0.6, where 0.5 is guessing",
    "The wrong way round: below 0.4, outliers look more typical",
)

CHOICES = dict.fromkeys(QUESTIONS, SEPARATION) | {
    "paradox": (
        "Clothes, nearly always: an AUROC above 0.9",
        "Clothes, more often: 0.6 to 0.9",
        "Neither: 0.4 to 0.6",
        "Digits: below 0.4",
    )
}
"""Answers to the question of each step, in the order of `LIMITS`."""


def kinds_of(step: str, outlier_set: OutlierSet) -> tuple[str, ...]:
    """The kinds of outliers that a step is about; empty where the set has none of them."""
    wanted = {"easy": outlier_set.outliers, "plausible": ("left-out",)}.get(step, ("other",))
    return tuple(kind for kind in wanted if kind in outlier_set.outliers)


def measured(step: str, result: Result, choice: Choice) -> float:
    """The AUROC that is predicted: the lowest of the kinds that a step is about."""
    values, outlier_set = result.scores.by(choice.score), result.outlier_set
    inliers = values[outlier_set.of("test")]
    return min(outliers.auroc(inliers, values[outlier_set.of(kind)]) for kind in kinds_of(step, outlier_set))


def choice_of(area: float) -> int:
    """The index of the choice that an AUROC makes true; one on a limit belongs to the choice in the middle."""
    return 0 if area > LIMITS[0] else 1 if area > LIMITS[1] else 2 if area >= LIMITS[2] else 3


def made(step: str, result: Result | Pending) -> bool:
    """Whether there is nothing to predict, or the visitor has predicted or skipped it."""
    return not kinds_of(step, result.outlier_set) or _key(step, result) in _predictions()


def ask(step: str, result: Result | Pending) -> None:
    """The question, with images of every kind beside it. The page is drawn again once it is answered."""
    key = _key(step, result)
    left_out = escape_markdown(result.run.recipe.without_classes)

    def answer() -> None:
        _predictions()[key] = st.session_state[box]

    def skip() -> None:
        _predictions()[key] = SKIPPED

    box = f"outliers_predict_{key}"
    with st.container(border=True, key="outliers_prediction"):
        left, right = st.columns([1, 1], gap="large")
        with left.container(gap="xxsmall"):
            _examples(step, result.outlier_set)
        with right:
            st.markdown("**Predict first**")
            choices = CHOICES[step]
            st.radio(
                QUESTIONS[step].format(left_out=left_out),
                range(len(choices)),
                key=box,
                index=None,
                format_func=choices.__getitem__,
                on_change=answer,
                help="Your prediction is shown beside the measured AUROC: the probability that a random outlier "
                "scores higher than a random test image.",
            )
            st.button(
                "Show without a prediction",
                key="outliers_skip",
                type="tertiary",
                on_click=skip,
                help="Shows the scores of this step at once.",
            )


def _predictions() -> dict[str, int]:
    """This visitor's predictions: the index of the choice, or `SKIPPED`, by step and result."""
    return kept(PREDICTIONS, dict[str, int])


def verdict(step: str, result: Result, choice: Choice) -> str:
    """The prediction beside the measured AUROC, as Markdown; empty where it was skipped."""
    said = _predictions().get(_key(step, result), SKIPPED)
    if said == SKIPPED or not kinds_of(step, result.outlier_set):
        return ""
    area = measured(step, result, choice)
    right = ", as you predicted" if said == choice_of(area) else ""
    return f"**You predicted:** {CHOICES[step][said]}. **Measured:** an AUROC of {area:.2f}{right}."


def _key(step: str, result: Result | Pending) -> str:
    return f"{step}_{result.run.name}"


def _examples(step: str, outlier_set: OutlierSet) -> None:
    """A row of images of each kind that the question is about, the test images first."""
    for kind in ("test", *kinds_of(step, outlier_set)):
        rows = outlier_set.of(kind)
        chosen = rows[np.linspace(0, len(rows) - 1, min(EXAMPLES, len(rows))).astype(int)]
        name = title(kind, outlier_set)
        st.caption(name)
        still(outlier_set.images[chosen], EXAMPLES, 2, f"{len(chosen)} images of the kind “{name}”")

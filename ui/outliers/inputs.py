"""Controls of the Outliers page: score, other data set, number of images, threshold; all kept in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core import data
from core.evaluation import outliers
from core.evaluation.outlier_images import by_choice, other_sets
from core.recipes.recipe import Recipe
from core.runs import Run
from ui.components.outliers.outlier_board import HIGH, LOW, STEP
from ui.shared import address

COUNTS = (100, 300, 1_000, 2_000)
"""Images of each kind that can be chosen."""

NO_OTHER = "none"
COMPLAINTS = "outliers_complaints"
"""Key in the session state: values in the address that do not exist, until a control is used."""

QUANTILE = "outliers_quantile"
"""Key in the session state: the threshold, as a quantile of the validation scores in per cent."""


@dataclass(frozen=True)
class Choice:
    """What the visitor has chosen.

    Attributes:
        score: one of `scores_of(recipe)`. other: name of another data set, or "". n: images of each kind.
        quantile: of the validation scores that sets the threshold, 0 to 1.
    """

    score: str
    other: str
    n: int
    quantile: float


def choice_key(run: Run) -> tuple[object, ...]:
    """What the controls hold for a run, but for the threshold; known before they are drawn."""
    keys = ("outliers_score", _other_key(run), "outliers_n")
    return tuple(st.session_state.get(key) for key in keys)


def _other_key(run: Run) -> str:
    return f"outliers_other_{run.recipe.dataset}"


def objective_name(recipe: Recipe) -> str:
    """The name of the training objective as a score."""
    family = recipe.family
    if len(family.terms) < 2:
        return "Training loss"
    return family.objective_name.replace("−", "Negative ")


def scores_of(recipe: Recipe) -> tuple[str, ...]:
    """Scores that can be chosen; the PCA baseline stands beside each of them."""
    return tuple(score for score in outliers.scores_of(recipe) if score != "baseline")


def score_name(score: str, recipe: Recipe) -> str:
    """The name of a score that can be chosen."""
    names = {
        "error": "Reconstruction error",
        "corrected": "Complexity-corrected",
        "typicality": "Typicality",
        "complexity": "Minus PNG size",
    }
    return names.get(score) or objective_name(recipe)


def controls(run: Run) -> Choice:
    """The row of controls."""
    recipe = run.recipe
    others, other_key = [*other_sets(recipe), NO_OTHER], _other_key(run)
    others.sort(key=lambda name: name != NO_OTHER and by_choice(name, recipe))
    percents = {f"{k * STEP:g}": k * STEP for k in range(int(LOW / STEP), int(HIGH / STEP) + 1)}
    offered = scores_of(recipe)
    _adopt("score", "outliers_score", {name: name for name in offered}, "error")
    if st.session_state["outliers_score"] not in offered:  # another run, whose likelihood needs no correction
        st.session_state["outliers_score"] = "objective"
    _adopt("other", other_key, {name: name for name in others}, others[0])
    _adopt("n", "outliers_n", {str(count): count for count in COUNTS}, 300)
    _adopt("q", QUANTILE, percents, 95.0)
    if st.session_state[other_key] not in others:  # its files have been deleted
        st.session_state[other_key] = others[0]
    for complaint in st.session_state.get(COMPLAINTS, ()):
        address.warn(complaint)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="outliers_controls"):
        chosen_score = st.segmented_control(
            "Score",
            offered,
            required=True,
            key="outliers_score",
            persist_state="session",
            on_change=_forget_complaints,
            format_func=lambda score: score_name(score, recipe),
            help="Reconstruction error: mean squared error per pixel, decoded from μ. " + _objective_help(recipe),
        )
        other = st.selectbox(
            "Other data set",
            others,
            key=other_key,
            width=190,
            persist_state="session",
            on_change=_forget_complaints,
            format_func=lambda name: "None" if name == NO_OTHER else data.SOURCES[name].title,
            help="Adds images of another data set as outliers. The Data page downloads more data sets.",
        )
        n = st.selectbox(
            "Images of each kind",
            COUNTS,
            key="outliers_n",
            width=150,
            persist_state="session",
            on_change=_forget_complaints,
            format_func="{:,}".format,
            help="With more images all figures are more precise. For a model without an encoder they take longer, "
            "because each image needs a search.",
        )
    score, percent = chosen_score or offered[0], st.session_state[QUANTILE]
    for name, text in {"score": score, "other": other, "n": str(n), "q": f"{percent:g}"}.items():
        address.put(name, text)
    return Choice(score, "" if other == NO_OTHER else other, n, percent / 100)


def _objective_help(recipe: Recipe) -> str:
    name = objective_name(recipe)
    if recipe.family.variational:
        text = f"{name}: reconstruction + KL of one image at β = 1, as a mean over four draws of z from its Gaussian."
    elif len(recipe.family.terms) < 2:
        text = f"{name}: −log p(x | z) at the latent point z, summed over the pixels; there is no other term."
    else:
        text = f"{name}: the objective of training for one image, at its latent point z."
    if recipe.likelihood in outliers.CORRECTABLE:
        text += " Complexity-corrected: the same minus the entropy of the image’s own pixels, the least value possible."
    text += (
        " Typicality: how far that objective is from its mean over validation images, upwards or downwards (Nalisnick "
        "et al. 2019)."
    )
    if "complexity" in outliers.scores_of(recipe):
        text += " Minus PNG size: the objective minus the size of the image’s PNG file, in nats (Serrà et al. 2020)."
    return text


def _adopt(name: str, key: str, allowed: Mapping[str, Any], default: Any) -> None:
    """Take over a value from the address, at the first run of the page only; afterwards the control holds it."""
    if key in st.session_state:
        return
    asked = address.get(name)
    if asked is not None and asked not in allowed:
        texts = list(allowed)
        possible = ", ".join(texts) if len(texts) < 10 else f"{texts[0]} to {texts[-1]}"
        complaint = f"The address has a value for “{name}” that does not exist. Allowed: {possible}."
        st.session_state[COMPLAINTS] = [*st.session_state.get(COMPLAINTS, ()), complaint]
    st.session_state[key] = allowed.get(asked, default) if asked is not None else default


def _forget_complaints() -> None:
    st.session_state.pop(COMPLAINTS, None)

"""What the Outliers page is asked: which score, which other data set, how many images; kept in the address."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core import data
from core.data import ImageSet
from core.evaluation.outlier_images import other_sets
from core.recipes.recipe import Recipe
from core.runs import Run
from ui.components.outliers.outlier_board import HIGH, LOW, STEP
from ui.shared.formatting import escape_markdown

COUNTS = (100, 300, 1_000, 2_000)
"""Images of each kind."""

NONE = "none"
SCORES = ("error", "objective")
SAID = "outliers_said"  # in session state: what was wrong with the address, until a control is touched
QUANTILE = "outliers_quantile"  # in session state: the threshold, in per cent of the validation images


@dataclass(frozen=True)
class Choice:
    """What to score and how to look at it: `other` is the name of a set or "", `quantile` from 0 to 1."""

    score: str
    other: str
    n: int
    quantile: float


def objective(recipe: Recipe) -> str:
    """What a model of this recipe minimises, in a few words."""
    return {"vae": "Negative ELBO", "vad": "Negative ELBO", "ad": "Objective"}.get(recipe.model, "Training loss")


def images_of(run: Run) -> ImageSet | None:
    """The run's data set; None, with what to do on the page, where it cannot be had."""
    try:
        return data.load(run.recipe.dataset, run.recipe.folder)
    except data.DataError as error:
        st.warning(
            f"{escape_markdown(str(error))} Without its images there is nothing to tell outliers from.",
            icon=":material/photo_library:",
        )
        with st.container(horizontal=True):
            if st.button(
                "Open the Data page",
                key="outliers_data",
                type="primary",
                help="Downloads a data set, or shows what is here.",
            ):
                st.switch_page("pages/data.py")
            st.caption("Or choose another model above.")
        return None


def controls(run: Run) -> Choice:
    """The row of controls."""
    others, other_key = [*other_sets(run.recipe), NONE], f"outliers_other_{run.recipe.dataset}"
    _read("score", "outliers_score", SCORES, "error")
    _read("other", other_key, others, others[0])
    _read("n", "outliers_n", {str(count): count for count in COUNTS}, 300)
    _read("q", QUANTILE, {f"{k * STEP:g}": k * STEP for k in range(int(LOW / STEP), int(HIGH / STEP) + 1)}, 95.0)
    if st.session_state[other_key] not in others:  # its files are gone since
        st.session_state[other_key] = others[0]
    for words in st.session_state.get(SAID, ()):
        st.warning(words, icon=":material/link_off:")
    names = {"error": "Reconstruction error", "objective": objective(run.recipe)}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="outliers_controls"):
        score = st.segmented_control(
            "Score",
            SCORES,
            required=True,
            key="outliers_score",
            persist_state="session",
            on_change=_forget,
            format_func=names.get,
            help="Reconstruction error: mean squared error per pixel, decoded from the mean μ. "
            + {
                "Negative ELBO": "Negative ELBO: minus the bound on log p(x), with z sampled (mean of four draws), "
                "reconstruction and KL together.",
                "Objective": "Objective: what training minimised, −log p(x | z) + β · ½‖z‖² at the point z that was "
                "found.",
                "Training loss": "Training loss: −log p(x | z) at the encoder's point z, summed over the pixels; an "
                "autoencoder has no other term.",
            }[names["objective"]],
        )
        other = st.selectbox(
            "Another data set",
            others,
            key=other_key,
            width=190,
            persist_state="session",
            on_change=_forget,
            format_func=lambda name: "None" if name == NONE else data.SOURCES[name].title,
            help="Its images join the bag. The Data page downloads others.",
        )
        n = st.selectbox(
            "Images of each kind",
            COUNTS,
            key="outliers_n",
            width=150,
            persist_state="session",
            on_change=_forget,
            format_func="{:,}".format,
            help="More make every figure surer. A model without an encoder searches for each image's "
            "place, so more take longer.",
        )
    percent = st.session_state[QUANTILE]
    for name, text in {"score": score, "other": other, "n": str(n), "q": f"{percent:g}"}.items():
        if st.query_params.get(name) != text:
            st.query_params[name] = text
    return Choice(score, "" if other == NONE else other, n, percent / 100)


def _read(name: str, key: str, allowed, otherwise) -> None:
    """Takes up what the address says, at the first look only: from then on the control knows best."""
    if key in st.session_state:
        return
    wanted = st.query_params.get(name)
    if wanted in allowed:
        otherwise = allowed[wanted] if isinstance(allowed, dict) else wanted
    elif wanted is not None:
        words = ", ".join(allowed) if len(allowed) < 10 else " to ".join((list(allowed)[0], list(allowed)[-1]))
        # Not echoed: an address bar is no place for others' words on our page.
        st.session_state[SAID] = [
            *st.session_state.get(SAID, ()),
            f"The address asks for a value of “{name}” that there is not here. Possible: {words}.",
        ]
    st.session_state[key] = otherwise


def _forget() -> None:
    st.session_state.pop(SAID, None)

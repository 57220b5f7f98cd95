"""Outliers: does a model know what it does not know?"""

from __future__ import annotations

import streamlit as st

from core.runs import Run
from ui.outliers import inputs, measures, scores, views
from ui.outliers.scores import Pending
from ui.shared.formatting import escape_markdown
from ui.shared.run_picker import NO_PLACE, damaged_runs, pick_run, places_images


def page(run: Run) -> None:
    """Everything below the head, for one trained run."""
    images = inputs.images_of(run)
    if images is None:
        return
    choice = inputs.controls(run)
    result = scores.scored(run, choice)
    if isinstance(result, str):
        st.error(escape_markdown(result), icon=":material/broken_image:")
        return
    if isinstance(result, Pending):
        scores.show(result, 420)
        return
    views.board(result, choice)
    views.gallery(result, choice, images)
    measures.measures(result, choice)
    measures.classes(result, choice, images)
    measures.depth(result, choice)


with st.container(gap=None, key="outliers_head"):  # the histograms belong on the first screen of a laptop
    head, box = st.columns([1, 1], vertical_alignment="center")
    head.title("Outliers", anchor=False)
    with box:
        chosen = pick_run("run", fits=places_images, unfit=NO_PLACE)
    st.markdown(
        "A model should stumble over what it has never learned. Mix its test images with others and see "
        "whether its score tells them apart."
    )
if chosen:
    page(chosen)
damaged_runs()

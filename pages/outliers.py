"""Outliers: does a model know what it does not know?"""

from __future__ import annotations

import streamlit as st

from core.runs import Run
from ui import outliers_choice, outliers_measures, outliers_results, outliers_views
from ui.outliers_results import Pending
from ui.run_picker import damaged_runs, pick_run, places_images
from ui.words import plain


def page(run: Run) -> None:
    """Everything below the head, for one trained run."""
    images = outliers_choice.images_of(run)
    if images is None:
        return
    choice = outliers_choice.controls(run)
    result = outliers_results.scored(run, choice)
    if isinstance(result, str):
        st.error(plain(result), icon=":material/broken_image:")
        return
    if isinstance(result, Pending):
        outliers_results.show(result, 420)
        return
    outliers_views.board(result, choice)
    outliers_views.gallery(result, choice, images)
    outliers_measures.measures(result, choice)
    outliers_measures.classes(result, choice, images)
    outliers_measures.depth(result, choice)


with st.container(gap=None, key="outliers_head"):  # the histograms belong on the first screen of a laptop
    head, box = st.columns([1, 1], vertical_alignment="center")
    head.title("Outliers", anchor=False)
    with box:
        chosen = pick_run("run", what="run for this page (a GAN has none: it generates and places no images)",
                          fits=places_images)
    st.markdown("A model should stumble over what it has never learned. Mix its test images with others and see "
                "whether its score tells them apart.")
if chosen:
    page(chosen)
damaged_runs()

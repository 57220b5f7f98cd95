"""Generate: choose a point of the latent space and see the picture it stands for."""

from __future__ import annotations

import streamlit as st

from core.latent.planes import dimension_plane
from core.runs import Run, RunError
from ui.generate import board as parts
from ui.generate import views
from ui.shared.formatting import escape_markdown
from ui.shared.model_cache import load
from ui.shared.run_picker import damaged_runs, pick_run


def page(run: Run) -> None:
    """Everything below the head, for one trained run."""
    try:
        held = load(run)
    except RunError as error:
        st.error(escape_markdown(str(error)))  # it may quote a file's own words
        return
    parts.controls(run, held)
    if held.model.latent_dim == 2:
        left, right = st.columns(2, gap="large")
        with right:
            parts.board(held)
        with left:
            views.hero_plane(run, held, dimension_plane(0, 1, 2), alone=False)
    else:
        parts.board(held)
    st.caption(parts.about_sliders(held))
    parts.sheet(held)
    views.samples(run, held)
    if held.model.latent_dim > 2:
        views.other_plane(run, held)
    views.depth(run, held)


with st.container(gap=None, key="generate_head"):  # picture and sliders belong on the first screen of a laptop
    head, choice = st.columns([1, 1], vertical_alignment="center")
    head.title("Generate", anchor=False)
    with choice:
        chosen = pick_run("run")
    st.markdown(
        "Every picture the model can make stands for a point z of its latent space. Move z and watch the picture."
    )
if chosen:
    page(chosen)
damaged_runs()

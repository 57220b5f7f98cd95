"""Interpolate: go from one image to another, through the latent space and through the pixels."""

from __future__ import annotations

import streamlit as st

from core.runs import Run, RunError
from ui.interpolate import inputs as choice
from ui.interpolate import views as parts
from ui.interpolate.square import four
from ui.shared.formatting import escape_markdown
from ui.shared.model_cache import load
from ui.shared.run_picker import damaged_runs, pick_run


def page(run: Run) -> None:
    """Everything below the head, for one trained run."""
    try:
        loaded = load(run)
    except RunError as error:
        st.error(escape_markdown(str(error)))  # it may quote a file's own words
        return
    images = choice.images_of(run)
    here = choice.picks(run, images)
    ends = parts.ends_of(here, loaded, images, way=True)
    found = parts.ways(loaded, ends["a"], ends["b"])
    with st.container(horizontal=True, gap="xsmall", key="interpolate_controls"):
        choice.controls(here, images, loaded)
        parts.downloads(run, found)
    parts.hero(run, loaded, images, here, ends, found)
    four(run, loaded, images, here, ends)
    parts.depth(loaded, ends, found)


with st.container(gap=None):  # the pictures and their scrubber belong on the first screen of a laptop
    head, box = st.columns([1, 1], vertical_alignment="center")
    head.title("Interpolate")
    with box:
        chosen = pick_run("run")
    st.markdown(
        "Choose two images and walk from one to the other. What lies between them tells how orderly the latent "
        "space is."
    )
if chosen:
    page(chosen)
damaged_runs()

"""Interpolate page: paths between two images through the latent space and through the pixels."""

from __future__ import annotations

import streamlit as st

from core.runs import Run, RunError
from ui.interpolate import inputs, paths
from ui.interpolate.downloads import downloads
from ui.interpolate.explain import explain
from ui.interpolate.square import square_section
from ui.interpolate.views import hero
from ui.shared import address, image_choice
from ui.shared.formatting import escape_markdown
from ui.shared.model_cache import load
from ui.shared.page import images_of, page_head
from ui.shared.run_picker import damaged_runs, pick_run


def page() -> None:
    """The whole page."""
    address.check_names(("run", "a", "b", "t", "moves", "square", "c", "d", "corners"))
    with page_head(
        "Interpolate",
        "Choose two images and move from one to the other through the latent space. If every step looks like a real "
        "image, the latent space is smooth.",
        key="interpolate_head",
        terms=("latent space",),
    ) as head:
        run = pick_run("run", images=True, here="interpolate", head=head)
    if run is not None:
        _content(run)
    damaged_runs()


def _content(run: Run) -> None:
    """Everything below the head, for one trained run."""
    try:
        loaded = load(run)
    except RunError as error:
        st.error(escape_markdown(str(error)))  # may contain text from a file
        return
    images = images_of(
        run, "interpolate_data", "Until then you can interpolate between samples of the model and images that you draw."
    )
    picks = image_choice.picks("interpolate", run, images, inputs.first_picks(images))
    ends = paths.endpoints(picks, loaded, images, with_blend=True)
    found = paths.paths_between(loaded, ends["a"], ends["b"], inputs.moves_now(loaded))
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom", key="interpolate_controls"):
        inputs.controls(picks, images, loaded, {end: ends[end].image for end in "ab"})
        downloads(run, found)
        inputs.choose_moves(loaded)
    hero(run, loaded, images, picks, ends, found)
    square_section(run, loaded, images, picks, ends)
    explain(loaded, ends, found)

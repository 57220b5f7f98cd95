"""The Generate page: choose a point of the latent space and see the image that it is decoded into."""

from __future__ import annotations

import math

import streamlit as st

from core.runs import Run, RunError
from ui.components.latent.latent_board import SliderSet
from ui.diagram.model import PART, follow_sliders
from ui.generate import (
    arithmetic,
    board,
    classes,
    code_samples,
    codes,
    latent_range,
    posterior,
    sliders,
    start,
    views,
)
from ui.shared import address, glossary
from ui.shared.formatting import escape_markdown
from ui.shared.latent_cursor import cursor_of
from ui.shared.model_cache import LoadedModel, load
from ui.shared.page import page_head
from ui.shared.run_facts import weights_of
from ui.shared.run_picker import damaged_runs, pick_run

PARAMETERS = (
    *("run", "z", codes.CODES, "from", "next", "seed", "spread", "draw", "sliders", "attributes", "sample"),
    *("styles", "range", "plane", "directions", "right", "up", PART, *arithmetic.NAMES),
)
"""Names of the parameters of the address."""


def show() -> None:
    """Draw the page."""
    address.check_names(PARAMETERS)
    with page_head(
        "Generate",
        "Every point of the latent space is decoded into an image. Change the point and watch the image change.",
        key="generate_head",
        terms=("latent space",),
    ) as head:
        run = pick_run("run", here="generate", head=head)
    if run:
        _explore(run)
    damaged_runs()


def _explore(run: Run) -> None:
    """Everything below the head, for one trained run."""
    try:
        loaded = load(run)
    except RunError as error:
        st.error(escape_markdown(str(error)))  # the message can quote text from a file
        return
    if loaded.model.family.codes:
        _explore_codes(run, loaded)
        return
    span = latent_range.span(run, loaded)
    cursor_of(loaded, lambda: start.first_point(run, loaded, span))
    board.controls(run, loaded, span)
    chosen = _sliders(run, loaded, span)
    posterior.switch(run, loaded)
    glossary.caption(
        f"{board.about_sliders(run, loaded, chosen)} The images are decoded with {weights_of(run)}. "
        f"{start.about(run, loaded)}",
        "KL",
        "principal directions",
        "AUROC",
    )
    latent_range.choose(run, loaded)
    classes.styles(run, loaded)
    if loaded.model.style_dim > 2:
        views.other_plane(run, loaded, span)
    _layers(run, loaded)
    board.sheet(loaded, span, chosen)
    arithmetic.section(run, loaded)
    views.samples(run, loaded)
    views.how_it_works(run, loaded)


def _sliders(run: Run, loaded: LoadedModel, span: float) -> SliderSet:
    """The choice of the sliders, and the board; with two dimensions beside their plane, which stands as high on the
    page as it can."""
    if loaded.model.style_dim == 2:
        left, right = st.columns(2, gap="large")
        with right:
            chosen = sliders.choose(run, loaded)
            board.board(run, loaded, span, chosen)
        with left:
            views.own_plane(run, loaded, span)
    else:
        chosen = sliders.choose(run, loaded)
        board.board(run, loaded, span, chosen)
    views.for_files()["sliders"] = chosen
    return chosen


def _explore_codes(run: Run, loaded: LoadedModel) -> None:
    """The same for a model whose images are grids of codes: sliders of hundreds of numbers would lead nowhere."""
    codes.explore(run, loaded, lambda: start.first_point(run, loaded, math.inf))
    glossary.caption(
        f"{codes.about(loaded)} A grid of codes has no directions to move along and no arithmetic: a code is an entry "
        f"or another one. The images are decoded with {weights_of(run)}. {start.about(run, loaded)}",
        "codebook",
    )
    code_samples.samples(run, loaded)
    _layers(run, loaded)
    codes.how_it_works(run, loaded)


def _layers(run: Run, loaded: LoadedModel) -> None:
    fold = st.expander(
        "From z to the image, layer by layer",
        expanded=not loaded.model.family.codes,
        key="generate_model",
        icon=":material/account_tree:",
        on_change="rerun",
    )
    if fold.open:
        with fold:
            follow_sliders(run, loaded)

"""Section of the Reconstruct page: several completions of the hidden part by one model, and how far they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.evaluation.completions import STARTS, Completions
from core.images.convert import data_url, is_colour
from core.jobs import search as search_jobs
from core.runs import Run
from ui.reconstruct.settings import Settings
from ui.shared import address
from ui.shared.address import Parameter
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.model_cache import LoadedModel
from ui.shared.searches import BAR_DELAY, leave_all_but, visitor, wait_for
from ui.shared.still_image import still

if TYPE_CHECKING:
    from core.jobs.search import SearchJob

NAMES = ("completions", "draws")
"""Parameters of the address: the run that completes the picture, and the seed of its draws."""

COLOURS = np.array([(0, 0, 0), (110, 30, 110), (220, 80, 60), (250, 190, 80), (252, 253, 220)])
"""Colours of a standard deviation from 0 to `LARGEST`, evenly spread."""

LARGEST = 0.5
"""Largest standard deviation of numbers between 0 and 1."""

SEED = Parameter("draws", "reconstruct_draws", address.whole(0, 999_999), 0, "a whole number from 0 to 999,999")


def section(
    models: Sequence[tuple[Run, LoadedModel]], image: np.ndarray, visible: np.ndarray, options: Settings
) -> None:
    """The section; nothing is computed before a model is chosen.

    Args:
        image: uint8 [H, W] or [H, W, 3]. visible: bool [H, W], not True everywhere.
    """
    st.subheader("Several completions", anchor=False)
    st.markdown(
        "The visible pixels rarely determine the hidden part. Searches from random starts show what else fits them."
    )
    by_name = {run.name: (run, loaded) for run, loaded in models}
    chosen = Parameter(
        "completions", "reconstruct_completions", address.one_of(*by_name), None, "one of the models chosen above"
    )
    if chosen.adopt() not in by_name:
        st.session_state[chosen.box] = None
    SEED.adopt()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.pills(
            "Complete with",
            list(by_name),
            key=chosen.box,
            format_func=lambda name: f"{name} · {by_name[name][0].recipe.family.abbreviation}",
            help="The model whose completions are shown. Choose it again to hide them.",
        )
        if st.session_state[chosen.box] is not None:
            st.button(
                "New draws",
                key="reconstruct_new_draws",
                icon=":material/casino:",
                on_click=_other_draws,
                help="Other random starts and draws.",
            )
    name, seed = chosen.keep(), SEED.keep()
    if name is None:
        leave_all_but("completions", set())
        return
    run, loaded = by_name[name]
    job = search_jobs.completions(run, loaded.version, image, visible, options.steps, seed, visitor())
    made = _result(job)
    if made is not None:
        _show(run, loaded.model.variational, made, image, visible)


def _other_draws() -> None:
    st.session_state[SEED.box] = (st.session_state.get(SEED.box, 0) + 1) % 1_000_000


def _result(job: SearchJob) -> Completions | None:
    """The completions, once the job has ended; None with the reason on the page where it failed."""
    leave_all_but("completions", {job.key})
    begun, slot = search_jobs.begin(job), st.empty()
    with slot.container(key="reconstruct_completions_status"):
        bar = st.empty()
    shown = [0]

    def show() -> None:
        shown[0] += 1
        if shown[0] > BAR_DELAY / 0.1:
            bar.progress(begun.progress, text=f"{STARTS} searches …")

    wait_for([begun], show)
    slot.empty()
    if begun.found is None:
        st.warning(escape_markdown(begun.message or "The searches were stopped. Choose “New draws” to try again."))
        return None
    return Completions(begun.found.arrays["pictures"], begun.found.arrays["visible_mse"])


def _show(run: Run, variational: bool, made: Completions, image: np.ndarray, visible: np.ndarray) -> None:
    spread, hidden = made.spread, ~visible
    seen = visible[..., None] if is_colour(image[None]) else visible
    scale = max(1, 104 // image.shape[1])
    with st.container(horizontal=True, gap="large"):
        with st.container(width=4 * scale * image.shape[1]):
            still(
                np.where(seen, image, made.pictures),
                columns=4,
                scale=scale,
                alt=f"{len(made.pictures)} completions of the hidden part by {run.name}",
            )
            st.caption("The visible pixels are those of the image, the hidden ones the model’s.")
        with st.container(width=2 * scale * image.shape[1]):
            _map(spread, 2 * scale)
            st.caption("Standard deviation of each pixel")
        with st.container(width="stretch"):
            st.markdown(_words(run, variational, spread, hidden, made.visible_mse))


def _map(spread: np.ndarray, scale: int) -> None:
    """The standard deviations as a picture, with the scale of its colours below."""
    places = np.linspace(0.0, LARGEST, len(COLOURS))
    colours = np.stack([np.interp(spread, places, COLOURS[:, c]) for c in range(3)], axis=-1).astype(np.uint8)
    stops = ", ".join(f"rgb({r}, {g}, {b})" for r, g, b in COLOURS)
    height, width = spread.shape
    st.html(
        f'<img src="{data_url(colours)}" alt="Standard deviation of each pixel over the completions, up to '
        f'{format_sig(float(spread.max()))}" width="{width * scale}" height="{height * scale}" '
        'style="display:block; max-width:100%; height:auto; image-rendering:pixelated; border-radius:4px">'
        '<div style="height:10px; margin-top:8px; border-radius:2px; '
        f'background:linear-gradient(90deg, {stops})"></div>'
        '<div style="display:flex; justify-content:space-between; font-size:0.8125rem">'
        f"<span>0</span><span>{LARGEST / 2:g}</span><span>{LARGEST:g}</span></div>"
    )


def _words(run: Run, variational: bool, spread: np.ndarray, hidden: np.ndarray, errors: np.ndarray) -> str:
    """What the pictures are and what their spread means."""
    family = run.recipe.family
    how = (
        "Each search fits a Gaussian q(z | visible pixels); z is then drawn from it."
        if variational
        else f"{family.abbreviation} has no distribution over z: each picture is where another search ended."
    )
    inside = float(spread[hidden].mean())
    beside = f", {float(spread[~hidden].mean()):.2f} on the visible ones" if not hidden.all() else ""
    fit = (
        "" if np.isnan(errors).all() else f" Squared error per visible pixel: {format_sig(float(np.nanmean(errors)))}."
    )
    return (
        f"{how} You see the {len(errors)} best of {STARTS}.{fit}\n\n"
        f"**Standard deviation {inside:.2f} on the hidden pixels**{beside} (largest possible: {LARGEST:g}). Where the "
        "map is dark, the visible pixels determine the picture; where it is bright, they leave it open."
    )

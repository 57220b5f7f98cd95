"""Mean or sample of the posterior of the image that the point was encoded from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from core.latent import posterior_draws
from core.runs import Run
from ui.generate import classes
from ui.shared.address import whole
from ui.shared.encode import encode, sigma_of
from ui.shared.latent_cursor import LatentCursor, Original, cursor_of
from ui.shared.model_cache import LoadedModel
from ui.shared.run_buttons import run_key

SEEDS = whole(1, 999_999)
"""Reader of the seed of a sample."""

NAMES = {"mean": "Mean μ", "sample": "Sample μ + σ ε"}


@st.fragment(key="posterior")
def switch(run: Run, loaded: LoadedModel) -> None:
    """The choice between the mean and a sample of the image's posterior, which moves the point; nothing where no image
    was encoded, or an image becomes a point."""
    here = cursor_of(loaded)
    original = here.original
    if original is None or not loaded.model.variational:
        return
    box = run_key("generate_posterior", run)
    st.session_state[box] = "mean" if original.sample is None else "sample"  # undo and redo change it as well

    def chosen() -> None:
        _move(loaded, here, original, 1 if st.session_state[box] == "sample" else None)

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="generate_posterior_row"):
        st.segmented_control(
            "z of this image",
            list(NAMES),
            key=box,
            required=True,
            format_func=NAMES.__getitem__,
            on_change=chosen,
            help="In the latent space this image is a Gaussian with mean μ and standard deviation σ in each dimension. "
            "While training, the decoder only saw samples of it, which all had to be decoded into this image.",
        )
        st.button(
            "Another sample",
            key=run_key("generate_posterior_again", run),
            on_click=lambda: _move(loaded, here, original, (original.sample or 0) % 999_999 + 1),
            icon=":material/casino:",
            help="Draws ε with the next seed.",
        )


def _move(loaded: LoadedModel, here: LatentCursor, original: Original, seed: int | None) -> None:
    """Move to the mean, or to the sample with a seed."""
    there = classes.of_same_class(loaded, here, point(loaded, original, seed))
    here.move_to(there, replace(original, sample=seed))
    st.rerun(classes.parts(loaded))


def point(loaded: LoadedModel, original: Original, seed: int | None) -> list[float]:
    """Mean μ (no seed) or sample μ + σ ε of an image's posterior, in units of σ of the sliders, [d]."""
    z = encode(loaded, original.picture[None], labels=[original.label])[0]
    sigma = None if seed is None else sigma_of(loaded, original.picture, original.label)
    if seed is not None and sigma is not None:
        z = posterior_draws.draw(z, sigma, seed)
    found: list[float] = loaded.axes.to_sigma_units(np.asarray(z)).tolist()
    return found

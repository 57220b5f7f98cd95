"""How far sliders, traversal sheet and planes of the Generate page reach to either side of the centre, in σ."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from core.latent.typical import common_reach
from core.runs import Run
from ui.components.latent.latent_board import SPAN
from ui.shared.address import Parameter, one_of
from ui.shared.model_cache import LoadedModel
from ui.shared.run_buttons import run_key
from ui.shared.training_points import training_points

WIDE = 2 * SPAN
"""Reach of the images, in σ, from which on the page begins with their range instead of ± 3 σ."""

MOST = 100.0
"""Largest range in σ: the coordinates of a point are clipped there."""


def ranges(run: Run, loaded: LoadedModel) -> dict[str, float]:
    """The ranges on offer by name, in σ: `sigma` (± 3 σ), `images` (mean ± 3 standard deviations of the training
    latents in the widest dimension) and, where latents are at hand, `all` (the farthest of up to 2,000 images). Those
    that are not wider than the one before are left out."""
    found = {"sigma": SPAN}
    reach = {"images": common_reach(loaded.model, loaded.axes)}
    z, _, _ = training_points(run, loaded)
    if z is not None and len(z):
        reach["all"] = float(loaded.model.style(np.abs(loaded.axes.to_sigma_units(z))).max())
    for name, value in reach.items():
        value = min(MOST, neat(value))
        if math.isfinite(value) and value > max(found.values()):
            found[name] = value
    return found


def neat(value: float) -> float:
    """The next larger half up to 10, whole number above."""
    return math.ceil(2 * value - 1e-6) / 2 if value < 10 else float(math.ceil(value - 1e-6))


def span(run: Run, loaded: LoadedModel) -> float:
    """The chosen range in σ; at first that of the images where they lie far outside ± 3 σ."""
    offered = ranges(run, loaded)
    return offered[_adopted(run, offered)]


def choose(run: Run, loaded: LoadedModel) -> None:
    """Draw the choice, unless there is only one range."""
    offered = ranges(run, loaded)
    _adopted(run, offered)
    if len(offered) < 2:
        return
    names = {
        "sigma": "±3 σ (99.7 % of N(0, 1))" if loaded.prior else "±3 σ",
        "images": "Most images",
        "all": "All images",
    }
    st.segmented_control(
        "Range",
        list(offered),
        key=_key(run),
        required=True,
        persist_state="session",
        format_func=lambda name: names[name] + ("" if name == "sigma" else f" (±{offered[name]:g} σ)"),
        help="How far the sliders of raw dimensions, their sheet and the plane reach. ±3 σ holds nearly all draws from "
        "a prior N(0, I). The training images lie further out where the KL was weak or missing. A point beyond the "
        "range keeps its value; an arrow shows where it is.",
    )
    _parameter(run, offered).keep()


def _parameter(run: Run, offered: dict[str, float]) -> Parameter[str]:
    """The choice, and its name in the address."""
    first = "images" if offered.get("images", 0.0) >= WIDE else "sigma"
    return Parameter("range", _key(run), one_of(*offered), first, " or ".join(offered))


def _adopted(run: Run, offered: dict[str, float]) -> str:
    """The choice, with what the address newly asks for taken over."""
    if st.session_state.get(_key(run)) not in (None, *offered):
        del st.session_state[_key(run)]
    return _parameter(run, offered).adopt()


def _key(run: Run) -> str:
    return run_key("generate_range", run)

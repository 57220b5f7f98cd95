"""The point at which the Generate page opens: one whose picture is plainly an image of a class."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.latent import sampling
from core.latent.typical import plainest_member
from core.runs import Run
from ui.shared.model_cache import LoadedModel
from ui.shared.training_points import training_points

DRAWS = 32
"""Draws among which the clearest picture is looked for where no latents of images are at hand."""


def first_point(run: Run, loaded: LoadedModel, span: float) -> list[float]:
    """The latent of the training image that stands most plainly for its class, in units of σ, [d]. Where no latents are
    at hand (no data set, or no encoder): the draw with the clearest picture.

    Args:
        span: how far the sliders reach, in σ: where there are latents within it, one of them is taken.
    """
    z, labels, _ = training_points(run, loaded)
    if z is not None and labels is not None and len(z):
        points = loaded.axes.to_sigma_units(z)
        within = loaded.model.style(np.abs(points)).max(1) <= span
        if within.any():
            points, labels = points[within], labels[within]
        chosen = plainest_member(points, labels)
        if chosen is not None:
            return [float(x) for x in points[chosen]]
    return _clearest_draw(loaded.name, _loaded=loaded)


def about(run: Run, loaded: LoadedModel) -> str:
    """Where that point comes from, one sentence."""
    z, labels, _ = training_points(run, loaded)
    if z is not None and labels is not None and len(z):
        return "The first point is the latent of a typical training image."
    return f"The first point is one of {DRAWS} random draws, the one with the clearest picture."


@st.cache_data(max_entries=32, show_spinner=False)
def _clearest_draw(name: str, _loaded: LoadedModel) -> list[float]:
    """Of some draws the one whose pixels are surest of black or white: of its ink, the smallest part is grey."""
    noise = sampling.prior(DRAWS, _loaded.model.latent_dim, seed=0)
    points = _loaded.axes.to_sigma_units(sampling.sample_latents(_loaded.model, noise))
    levels = _loaded.pictures(points).reshape(DRAWS, -1).astype(np.float64) / 255
    grey = (levels * (1 - levels)).sum(1) / np.maximum(levels.sum(1), 1e-9)
    grey[levels.sum(1) < 0.5 * np.median(levels.sum(1))] = np.inf  # an empty picture is clear, but shows nothing
    return [float(x) for x in points[int(grey.argmin())]]

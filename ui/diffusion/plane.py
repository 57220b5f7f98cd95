"""The latent plane of a model with two latent dimensions: density of its training latents, and the window shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.evaluation import holes
from core.evaluation.holes import LatentDensity
from core.latent import aggregated, codec
from core.runs import Run
from ui.shared.model_cache import LoadedModel
from ui.shared.page import images_or_none

MOST = 20_000
"""Training latents that the density is made from, at most."""


@dataclass(frozen=True, eq=False)
class PlaneView:
    """What all planes of the page share.

    Attributes:
        density: of the training latents. latents: some of these, float32 [n, 2].
        window: left, bottom, right and top of the square that is shown.
    """

    density: LatentDensity
    latents: np.ndarray
    window: tuple[float, float, float, float]

    def note(self, points: np.ndarray) -> str:
        """How many of a sampler's points lie in holes, and how many training latents it reaches, as a short text."""
        inside, reached = self.density.share_in_holes(points), holes.share_reached(points, self.latents)
        return f"{100 * inside:.1f} % in holes, reaches {100 * reached:.0f} %"


def plane_view(run: Run, loaded: LoadedModel) -> PlaneView | None:
    """The plane of a model; None with more than two latent dimensions, or where its images are missing."""
    if loaded.model.style_dim != 2:
        return None
    return _view(loaded.name, _run=run, _loaded=loaded)


@st.cache_resource(max_entries=8, show_spinner=False)
def _view(name: str, _run: Run, _loaded: LoadedModel) -> PlaneView | None:
    images = images_or_none(_run)
    if images is None:
        return None
    _, posterior = codec.training_posteriors(
        _loaded.model, _run.recipe, images, lambda trained: codec.evenly(len(trained), MOST)
    )
    logvar = posterior.logvar
    sigma = None if logvar is None else np.exp(0.5 * logvar.cpu().numpy())
    latents = aggregated.draws(posterior.style.cpu().numpy(), sigma)
    if len(latents) < 2:
        return None
    centre, half = (latents.min(0) + latents.max(0)) / 2, 0.55 * float((latents.max(0) - latents.min(0)).max())
    left, bottom, right, top = (float(v) for v in (*(centre - half), *(centre + half)))
    return PlaneView(holes.density_of(latents), latents, (left, bottom, right, top))

"""Latents of training images, to be drawn as points over a plane of the latent space."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.latent import codec, mixture
from core.runs import Run
from ui.shared.model_cache import LoadedModel
from ui.shared.page import images_or_none

Points = tuple[np.ndarray | None, np.ndarray | None, tuple[str, ...]]

MOST = 2_000
"""Number of points at most; more could not be told apart on a plane."""


def training_points(run: Run, loaded: LoadedModel) -> Points:
    """μ of training images, float32 [N, d]; their classes, [N], −1 for none; the names of the classes.

    None, None and no names where the data set is missing, or where each latent would have to be searched for."""
    return _points(loaded.name, _run=run, _loaded=loaded)


@st.cache_data(max_entries=8, show_spinner=False)
def _points(name: str, _run: Run, _loaded: LoadedModel) -> Points:
    images = images_or_none(_run)
    if images is None or not mixture.can_fit(_loaded.model):
        return None, None, ()
    index, z = codec.training_latents(_loaded.model, _run.recipe, images, MOST)
    return z, images.train_labels[index], images.classes

"""Training images as points of a latent space, for the pages that lay them over a picture of it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import data
from core.latent import codec, mixture
from core.recipes.images import load_images
from core.runs import Run
from ui.shared.model_cache import LoadedModel

MOST = 2_000
"""Points that can still be told apart on a plane."""


def training_points(run: Run, held: LoadedModel) -> tuple[np.ndarray | None, np.ndarray | None, tuple[str, ...]]:
    """(μ of training images float32 [N, d], their classes [N] (−1: none), the classes' names); None and no names where
    the data set is not there."""
    return _points(held.name, _run=run, _held=held)


@st.cache_data(max_entries=8, show_spinner=False)
def _points(name: str, _run: Run, _held: LoadedModel):
    try:
        images = load_images(_run.recipe)
    except data.DataError:
        return None, None, ()
    if not mixture.can_fit(_held.model):
        return None, None, ()  # each would have to be searched
    index, z = codec.training_latents(_held.model, _run.recipe, images, MOST)
    return z, images.train_labels[index], images.classes

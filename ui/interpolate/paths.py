"""Endpoints and paths of the Interpolate page, computed once and cached."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.latent import interpolation
from core.latent.interpolation import Endpoint, InterpolationPath
from ui.shared.encode import encode
from ui.shared.image_choice import Pick, pixels
from ui.shared.model_cache import LoadedModel

FRAMES = 65
"""Pictures of one path. 64 steps divide evenly into the 17, 9 or 5 pictures of a strip."""


def endpoints(
    picks: Mapping[str, Pick], loaded: LoadedModel, images: ImageSet | None, with_blend: bool = False
) -> dict[str, Endpoint]:
    """Picture and latent vector of each choice, by name. For a model without an encoder one search finds all latents.

    Args:
        with_blend: whether the pixel blend from `a` to `b` is needed next: its pictures then join the search.
    """
    ends = {
        name: interpolation.sample_endpoint(loaded.model, pick.number)
        if pick.kind == "seed"
        else Endpoint(pixels(pick, images), np.zeros(0))
        for name, pick in picks.items()
    }
    to_encode = [name for name, pick in picks.items() if pick.kind != "seed"]
    batches = [ends[name].image[None] for name in to_encode]
    if with_blend and loaded.model.encoder is None:
        batches.append(_blend(ends["a"], ends["b"]))
    slot = st.empty()
    latents = encode(loaded, np.concatenate(batches), slot) if batches else ()
    return ends | {name: Endpoint(ends[name].image, z) for name, z in zip(to_encode, latents, strict=False)}


def paths_between(loaded: LoadedModel, a: Endpoint, b: Endpoint) -> dict[str, InterpolationPath]:
    """The paths from a to b by name (`interpolation.METHODS`), from the cache if they were computed before."""
    key = tuple(part.tobytes() for end in (a, b) for part in (end.image, end.z))
    blend_latents = None
    if loaded.model.encoder is None:  # outside the cached function, which would replay the progress bar of the search
        blend_latents = encode(loaded, _blend(a, b))
    return _paths(loaded.name, key, _loaded=loaded, _a=a, _b=b, _blend_latents=blend_latents)


@st.cache_data(max_entries=16, show_spinner="Decoding the paths …")
def _paths(
    name: str,
    key: tuple[bytes, ...],
    _loaded: LoadedModel,
    _a: Endpoint,
    _b: Endpoint,
    _blend_latents: np.ndarray | None,
) -> dict[str, InterpolationPath]:
    known = None if _blend_latents is None else lambda _: _blend_latents
    return interpolation.paths(_loaded.model, _a, _b, FRAMES, known)


def _blend(a: Endpoint, b: Endpoint) -> np.ndarray:
    return interpolation.blend(a.image, b.image, np.linspace(0.0, 1.0, FRAMES))

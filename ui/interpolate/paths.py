"""Endpoints and paths of the Interpolate page, computed once and cached."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.images.shape import ImageShape
from core.latent import interpolation
from core.latent.interpolation import Endpoint, InterpolationPath
from ui.components.base import MESSAGE_BYTES, fitting, shape_of
from ui.shared.encode import encode
from ui.shared.image_choice import Pick, label_of, pixels
from ui.shared.model_cache import LoadedModel

COUNTS = (65, 33, 17, 13, 9)
"""Pictures of one path, fewer of large images. Their steps divide evenly into those of a strip; one is the middle."""


def frames_for(shape: ImageShape) -> int:
    """Pictures of one path of images of this shape: as many as one message to the browser holds."""
    ways = 4 if shape.colour else 3
    return fitting([count * ways for count in COUNTS], shape, MESSAGE_BYTES) // ways


def endpoints(
    picks: Mapping[str, Pick], loaded: LoadedModel, images: ImageSet | None, with_blend: bool = False
) -> dict[str, Endpoint]:
    """Picture and latent vector of each choice, by name. For a model without an encoder one search finds all latents.

    Args:
        with_blend: whether the pixel blends from `a` to `b` are needed next: their pictures then join the search.
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
        batches.append(_blends(ends["a"], ends["b"]))
    slot = st.empty()
    labels = [label_of(picks[name], images) for name in to_encode]
    latents = encode(loaded, np.concatenate(batches), slot, labels) if batches else ()
    return ends | {name: Endpoint(ends[name].image, z) for name, z in zip(to_encode, latents, strict=False)}


def paths_between(loaded: LoadedModel, a: Endpoint, b: Endpoint, moves: str = "both") -> dict[str, InterpolationPath]:
    """The paths from a to b by name, from the cache if they were computed before. moves: as of
    `interpolation.target`."""
    key = (moves.encode(), *(part.tobytes() for end in (a, b) for part in (end.image, end.z)))
    blend_latents = None
    if loaded.model.encoder is None:  # outside the cached function, which would replay the progress bar of the search
        blend_latents = encode(loaded, _blends(a, b))
    return _paths(loaded.name, key, _loaded=loaded, _a=a, _b=b, _blend_latents=blend_latents, _moves=moves)


@st.cache_data(max_entries=16, show_spinner="Decoding the paths …")
def _paths(
    name: str,
    key: tuple[bytes, ...],
    _loaded: LoadedModel,
    _a: Endpoint,
    _b: Endpoint,
    _blend_latents: np.ndarray | None,
    _moves: str,
) -> dict[str, InterpolationPath]:
    known = None if _blend_latents is None else lambda _: _blend_latents
    return interpolation.paths(_loaded.model, _a, _b, frames_for(_loaded.shape), known, _moves)


def _blends(a: Endpoint, b: Endpoint) -> np.ndarray:
    """The pictures of all blends, one after another."""
    t = np.linspace(0.0, 1.0, frames_for(shape_of(a.image)))
    return np.concatenate(list(interpolation.blends(a.image, b.image, t).values()))

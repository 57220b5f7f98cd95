"""Where images lie, for every page and every family: by the encoder at once, else by a search that shows how far it is.

A search takes from a twentieth of a second for one image to a few seconds for all pictures of a blend. What was found
is remembered beside the model, image by image and for every visitor, so that no page searches twice.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.latent import codec
from core.system.progress import Steps
from ui.shared.formatting import pluralize
from ui.shared.model_cache import LoadedModel

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

PATIENCE = 0.3
"""Seconds before a search is worth a word: the bar of a shorter one would only blink."""


def encode(held: LoadedModel, images: np.ndarray, slot: DeltaGenerator | None = None) -> np.ndarray:
    """μ of `uint8` images [N, 28, 28]: float32 [N, d]. An image's place is the same whenever it is asked for.

    Args:
        slot: an empty place for the bar. What follows on the page then keeps its own place in Streamlit's tree, which
            an open picker needs to be closed rather than made anew.
    """
    if held.model.encoder is not None:
        return codec.encode(held.model, images)
    names = [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images]
    found = {name: held.places.get(name) for name in names}
    new = {name: k for k, name in enumerate(names) if found[name] is None}
    if new:
        places = _watched(codec.encoding_progress(held.model, images[list(new.values())]), len(new), slot)
        for name, place in zip(new, places, strict=True):
            found[name] = place
            held.places.keep(name, place)
    return np.stack([found[name] for name in names]) if names else np.zeros((0, held.model.latent_dim), np.float32)


def whence(held: LoadedModel) -> str:
    """What finds an image's place, to begin a sentence with."""
    return "A search with the decoder" if held.model.encoder is None else "The encoder"


def place_of(held: LoadedModel) -> str:
    """What an image is given in the latent space: `mean μ`, or `point μ` where it has no width."""
    return "mean μ" if held.model.variational else "point μ"


def _watched(search: Generator[float, None, np.ndarray], count: int, slot: DeltaGenerator | None) -> np.ndarray:
    """The result of a search; a longer one has its bar at the lower edge of the screen, where nothing moves for it."""
    began, shown = time.monotonic(), None
    for part in (steps := Steps(search)):
        if shown is None and time.monotonic() - began > PATIENCE:
            shown = (slot or st).container(key=f"placing_{time.monotonic_ns()}").empty()
        if shown is not None:
            # Each word to the page is also where a visitor's next click may end a search that nobody waits for.
            shown.progress(part, text=f"No encoder: searching for the latents of {pluralize(count, 'picture')} …")
    if shown is not None:
        (slot or shown).empty()
    return steps.result

"""Encoding images on a page: by the encoder, or by a search with the decoder that shows its progress.

A search takes from 0.05 s for one image to a few seconds for all frames of a pixel blend. Its results are cached with
the model, per image and for all visitors, so that no page searches twice for the same image.
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

BAR_DELAY = 0.3
"""Seconds before a progress bar appears; the bar of a shorter search would only flicker."""


def encode(loaded: LoadedModel, images: np.ndarray, slot: DeltaGenerator | None = None) -> np.ndarray:
    """Latent means μ of pictures: float32 [N, d]. The result for an image does not depend on the others.

    Args:
        images: uint8 [N, H, W] or [N, H, W, 3], in the model's shape.
        slot: an empty placeholder for the progress bar. Without one the bar adds an element to the page, and Streamlit
            would build an open picker further down anew instead of closing it.
    """
    if loaded.model.encoder is not None:
        return codec.encode(loaded.model, images)
    digests = [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images]
    latents = {digest: z for digest in digests if (z := loaded.latents.get(digest)) is not None}
    new = {digest: k for k, digest in enumerate(digests) if digest not in latents}
    if new:
        found = _with_progress_bar(codec.encoding_progress(loaded.model, images[list(new.values())]), len(new), slot)
        for digest, z in zip(new, found, strict=True):
            latents[digest] = z
            loaded.latents.keep(digest, z)
    if not digests:
        return np.zeros((0, int(loaded.model.latent_dim)), np.float32)
    return np.stack([latents[digest] for digest in digests])


def encoding_method(loaded: LoadedModel) -> str:
    """How an image's latent vector is found, as the subject of a sentence."""
    return "A search with the decoder" if loaded.model.encoder is None else "The encoder"


def latent_name(loaded: LoadedModel) -> str:
    """What an image becomes in the latent space: `mean μ` of a Gaussian, or `point μ`."""
    return "mean μ" if loaded.model.variational else "point μ"


def _with_progress_bar(
    search: Generator[float, None, np.ndarray], count: int, slot: DeltaGenerator | None
) -> np.ndarray:
    """The result of a search. From `BAR_DELAY` on, a bar stands at the lower edge of the screen, where it moves
    nothing."""
    began = time.monotonic()
    bar: DeltaGenerator | None = None
    for part in (steps := Steps(search)):
        if bar is None and time.monotonic() - began > BAR_DELAY:
            bar = (slot or st).container(key=f"placing_{time.monotonic_ns()}").empty()
        if bar is not None:
            # Each update is also a point at which Streamlit can interrupt the run after a visitor's next click.
            bar.progress(part, text=f"No encoder: searching for the latents of {pluralize(count, 'image')} …")
    if bar is not None:
        (slot or bar).empty()
    return steps.end()

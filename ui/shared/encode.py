"""Encoding images on a page: by the encoder, or by a search with the decoder that shows its progress.

A search takes from 0.05 s for one image to a few seconds for all frames of a pixel blend. It is a job of the lab, in a
process of its own. Its results are cached with the model, per image and for all visitors, so that no page searches
twice for the same image.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.jobs import search as search_jobs
from core.jobs.search import SearchJob
from core.latent import codec, posterior_draws
from ui.shared.formatting import escape_markdown, pluralize
from ui.shared.model_cache import LoadedModel
from ui.shared.searches import BAR_DELAY, leave_all_but, visitor, wait_for

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def encode(
    loaded: LoadedModel,
    images: np.ndarray,
    slot: DeltaGenerator | None = None,
    labels: Sequence[int | None] | None = None,
) -> np.ndarray:
    """Latent means μ of pictures: float32 [N, d]. The result for an image does not depend on the others.

    Args:
        images: uint8 [N, H, W] or [N, H, W, 3], in the model's shape.
        slot: an empty placeholder for the progress bar. Without one the bar adds an element to the page, and Streamlit
            would build an open picker further down anew instead of closing it.
        labels: class of each picture for a conditional family, None for one that explains the picture best; by default
            none is known.

    A search that fails ends this run of the page (or of its fragment) with the reason on it.
    """
    if loaded.model.encoder is not None:
        known = None if labels is None else np.array([-1 if label is None else label for label in labels])
        return codec.encode(loaded.model, images, labels=known)
    digests = [_digest(image) for image in images]
    latents = {digest: z for digest in digests if (z := loaded.latents.get(digest)) is not None}
    new = {digest: k for k, digest in enumerate(digests) if digest not in latents}
    if new:
        found = _searched(loaded, images[list(new.values())], slot)
        for digest, z in zip(new, found, strict=True):
            latents[digest] = z
            loaded.latents.keep(digest, z)
    if not digests:
        return np.zeros((0, int(loaded.model.latent_dim)), np.float32)
    return np.stack([latents[digest] for digest in digests])


def sigma_of(loaded: LoadedModel, image: np.ndarray, label: int | None = None) -> np.ndarray | None:
    """Standard deviations σ of one picture's posterior, float32 [d]; None where an image becomes a point. label: its
    class for a conditional family, as of `encode`.

    A search that fails ends this run of the page, as in `encode`.
    """
    if not loaded.model.variational:
        return None
    if loaded.model.encoder is not None:
        known_class = None if label is None else np.array([label])
        found = posterior_draws.deviations(loaded.model, image[None], known_class)
        return None if found is None else found[0]
    if (known := loaded.sigmas.get(_digest(image))) is None:
        _searched(loaded, image[None], None)
        known = loaded.sigmas.get(_digest(image))
    return known


def _digest(image: np.ndarray) -> bytes:
    return hashlib.blake2b(image.tobytes(), digest_size=16).digest()


def encoding_method(loaded: LoadedModel) -> str:
    """How an image's latent vector is found, as the subject of a sentence."""
    return "A search with the decoder" if loaded.model.encoder is None else "The encoder"


def latent_name(loaded: LoadedModel) -> str:
    """What an image becomes in the latent space: `mean μ` of a Gaussian, or `point μ`."""
    return "mean μ" if loaded.model.variational else "point μ"


def _searched(loaded: LoadedModel, images: np.ndarray, slot: DeltaGenerator | None) -> np.ndarray:
    """Latents of images by a search, float32 [N, d]. From `BAR_DELAY` on, a bar stands at the lower edge of the screen,
    where it moves nothing."""
    job = search_jobs.encoding(loaded.run, loaded.version, images, visitor())
    leave_all_but("encode", {job.key})
    job = search_jobs.begin(job)
    bar = _Bar(job, len(images), slot)
    wait_for([job], bar.show)
    bar.remove()
    if job.found is None or job.state != "finished":
        st.error(escape_markdown(job.message or "The search was stopped. Choose the image again."))
        st.stop()
    for image, sigma in zip(images, job.found.arrays.get("sigma", ()), strict=False):
        loaded.sigmas.keep(_digest(image), sigma)
    return job.found.arrays["z"]


class _Bar:
    """The progress bar of one search."""

    def __init__(self, job: SearchJob, count: int, slot: DeltaGenerator | None):
        self._job, self._count, self._slot = job, count, slot
        self._began = time.monotonic()
        self._bar: DeltaGenerator | None = None

    def show(self) -> None:
        """Update the bar."""
        if self._bar is None and time.monotonic() - self._began > BAR_DELAY:
            self._bar = (self._slot or st).container(key=f"placing_{time.monotonic_ns()}").empty()
        if self._bar is not None:
            text = f"No encoder: searching for the latents of {pluralize(self._count, 'image')} …"
            self._bar.progress(self._job.progress, text=text)

    def remove(self) -> None:
        """Take the bar off the page."""
        if self._bar is not None:
            (self._slot or self._bar).empty()
